extension MessageTemplate {
  /// One part of a template as plain numbers, for the workers' loops: reading a `Part` would retain
  /// and release its array of bytes.
  package enum Step: BitwiseCopyable, Sendable {
    /// Bytes of the template's `texts`.
    case bytes(start: Int, count: Int)
    case connection, sequence, source, port, worker
    case random(Int)
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
      case .random(let count): return .random(count)
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
      case .random(let count):
        writer.appendRandom(
          count, seed: facts.seed ^ mixed(facts.connection) &+ mixed(~facts.sequence))
      }
    }
    return writer.count
  }
}
