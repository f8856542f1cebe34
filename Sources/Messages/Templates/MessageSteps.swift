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
    /// The next so many steps are not written: with the `fixed` bytes they are what is counted.
    case length(fixed: Int, varying: Int, form: LengthForm)
  }

  /// The template as steps, and all of its fixed bytes in one array.
  package var steps: (steps: [Step], texts: [UInt8]) {
    var texts: [UInt8] = []
    var steps: [Step] = []
    func add(_ part: Part) {
      switch part {
      case .bytes(let bytes):
        steps.append(.bytes(start: texts.count, count: bytes.count))
        texts += bytes
      case .connection: steps.append(.connection)
      case .sequence: steps.append(.sequence)
      case .source: steps.append(.source)
      case .port: steps.append(.port)
      case .worker: steps.append(.worker)
      case .data(let column): steps.append(.data(column.values))
      case .random(let count): steps.append(.random(count))
      case .length(let fixed, let varying, let form):
        steps.append(.length(fixed: fixed, varying: varying.count, form: form))
        varying.forEach(add)
      }
    }
    parts.forEach(add)
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
    var index = 0
    while index < steps.count {
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
      case .length(let fixed, let varying, let form):
        var length = fixed
        for _ in 0..<varying {
          index += 1
          unsafe length += steps[index].length(facts)
        }
        writer.append(length: length, form)
      }
      index += 1
    }
    return writer.count
  }
}

extension MessageTemplate.Step {
  /// How many bytes the step writes; 0 for `length`, which is never counted.
  fileprivate func length(_ facts: MessageTemplate.Facts) -> Int {
    switch self {
    case .bytes(_, let count), .random(let count): count
    case .connection: digits(facts.connection)
    case .sequence: digits(facts.sequence)
    case .worker: digits(UInt64(facts.worker))
    case .port: digits(UInt64(facts.port))
    case .source: facts.source.textLength
    case .data(let values): unsafe values.value(of: facts.connection).count
    case .length: 0
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
