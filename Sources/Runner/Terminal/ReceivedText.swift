import Linux
import Probe
import Recording
import SystemPackage

/// Prints what server workers receive, as lines of text. Each worker writes it to a pipe of its own, in
/// frames (`ReceivedFrame`).
struct ReceivedText {
  private struct Source {
    let pipe: FileDescriptor
    /// The beginning of a frame whose end has not come yet.
    var rest: [UInt8] = []
    /// Tells the worker's lines from those of the others, which may use the same descriptor numbers; empty
    /// for a single worker.
    let prefix: String
    var hasEnded = false
  }

  /// The pipes of the workers that may still write.
  private var sources: [Source]
  /// Whether the last text was cut, perhaps within a line: what is printed next begins with a line end.
  private(set) var isCut = false

  init(pipes: [FileDescriptor], servers: [ServerAssignment]) {
    sources = zip(pipes, servers).map {
      Source(pipe: $0, prefix: servers.count == 1 ? "" : "\($1.endpoint) ")
    }
  }

  /// What to poll: `print` has something to do once one of these is readable.
  var pipes: [FileDescriptor] { sources.map(\.pipe) }

  /// Gives each worker a pipe to write to; returns the ends to read from.
  static func openPipes(for servers: inout [ServerAssignment]) throws(Errno) -> [FileDescriptor] {
    var reading: [FileDescriptor] = []
    for index in servers.indices {
      let pipe = try Pipe.open()
      servers[index].receivedPipe = pipe.writing
      reading.append(pipe.reading)
    }
    return reading
  }

  /// Prints what has come since the last call: at most 64 KiB per worker, so that a flood leaves time for
  /// other work. Text for which standard output has no room is lost: while the program waited for room, it could
  /// not obey a signal to end.
  mutating func print() {
    var text = ""
    for index in sources.indices {
      guard let bytes = Self.read(sources[index].pipe) else {
        sources[index].hasEnded = true
        continue
      }
      sources[index].rest += bytes
      for frame in ReceivedFrame.take(from: &sources[index].rest) {
        text += "[\(sources[index].prefix)descriptor \(frame.descriptor.rawValue)] "
        text += EscapedText.shown(frame.bytes) + "\n"
      }
    }
    if !text.isEmpty { isCut = !StandardOutput.offer((isCut ? "\n" : "") + text) }
    // The pipe of a worker that has died would be readable for ever.
    for source in sources where source.hasEnded { Socket.close(source.pipe) }
    sources.removeAll(where: \.hasEnded)
  }

  /// The bytes that have come, perhaps none; nil where none will come any more.
  private static func read(_ pipe: FileDescriptor) -> [UInt8]? {
    var hasEnded = false
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: 1 << 16) { buffer, count in
      count = 0
      switch unsafe Pipe.read(pipe, into: UnsafeMutableRawBufferPointer(buffer)) {
      case .moved(let moved): count = moved
      case .wouldBlock: break
      case .closed, .failed: hasEnded = true
      }
    }
    return hasEnded ? nil : bytes
  }
}
