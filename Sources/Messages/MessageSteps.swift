import Addressing

extension MessageTemplate {
  /// One part of a template as plain numbers, for the workers' loops: reading a `Part` would retain
  /// and release its array of bytes.
  package enum Step: BitwiseCopyable, Sendable {
    /// Bytes of the template's `texts`.
    case bytes(start: Int, count: Int)
    case connection, sequence, source, port, worker
    /// The template keeps the column.
    case data(DataColumn.Values)
    case random(Int)
    case lengthOfLast(Int)
  }

  /// The template as steps, and all of its fixed bytes in one array.
  package var steps: (steps: [Step], texts: [UInt8]) {
    var texts: [UInt8] = []
    let steps = parts.map { part -> Step in
      switch part {
      case .bytes(let bytes):
        defer { texts += bytes }
        return .bytes(start: texts.count, count: bytes.count)
      case .connection: return .connection
      case .sequence: return .sequence
      case .source: return .source
      case .port: return .port
      case .worker: return .worker
      case .data(let column): return .data(column.values)
      case .random(let count): return .random(count)
      case .lengthOfLast(let count): return .lengthOfLast(count)
      }
    }
    return (steps, texts)
  }

  /// Writes a message to the start of `buffer`, which has room for the template's `longest` bytes,
  /// and returns its length.
  package static func render(
    _ steps: UnsafeBufferPointer<Step>, texts: UnsafeRawBufferPointer, _ facts: Facts,
    into buffer: UnsafeMutableRawBufferPointer
  ) -> Int {
    var writer = unsafe MessageWriter(buffer: buffer)
    // By index: an unoptimised iterator allocates, and a test holds the loops to allocating nothing.
    for index in 0..<steps.count {
      switch unsafe steps[index] {
      case .bytes(let start, let count):
        unsafe writer.append(UnsafeRawBufferPointer(rebasing: texts[start..<start + count]))
      case .connection: writer.append(decimal: facts.connection)
      case .sequence: writer.append(decimal: facts.sequence)
      case .worker: writer.append(decimal: UInt64(facts.worker))
      case .port: writer.append(decimal: UInt64(facts.port))
      case .source: writer.append(facts.source)
      case .data(let values): unsafe writer.append(values.value(of: facts.connection))
      case .random(let count):
        writer.appendRandom(
          count, seed: facts.seed ^ mixed(facts.connection) &+ mixed(~facts.sequence))
      case .lengthOfLast(let count):
        var length = 0
        for place in max(0, steps.count - count)..<steps.count {
          unsafe length += steps[place].length(facts)
        }
        writer.append(decimal: UInt64(length))
      }
    }
    return writer.count
  }
}

extension MessageTemplate.Step {
  /// How many bytes the step writes. 0 for `lengthOfLast`: a length does not count its own digits, nor those of
  /// another length.
  fileprivate func length(_ facts: MessageTemplate.Facts) -> Int {
    switch self {
    case .bytes(_, let count), .random(let count): count
    case .connection: digits(facts.connection)
    case .sequence: digits(facts.sequence)
    case .worker: digits(UInt64(facts.worker))
    case .port: digits(UInt64(facts.port))
    case .source: facts.source.textLength
    case .data(let values): unsafe values.value(of: facts.connection).count
    case .lengthOfLast: 0
    }
  }

  private func digits(_ value: UInt64) -> Int {
    var count = 1
    var rest = value / 10
    while rest > 0 {
      rest /= 10
      count += 1
    }
    return count
  }
}

extension IPAddress {
  /// Bytes of the address as `MessageWriter` writes it.
  fileprivate var textLength: Int {
    guard case .v4(let bits) = self else { return description.utf8.count }
    var count = 3
    for shift in [24, 16, 8, 0] as [UInt32] {
      let octet = bits >> shift & 255
      count += octet >= 100 ? 3 : octet >= 10 ? 2 : 1
    }
    return count
  }
}
