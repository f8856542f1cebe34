import Linux
import Probe
import Recording
import SystemPackage

/// What server workers receive, as lines of text. Each worker sends its share in frames through a
/// pipe.
struct ReceivedText {
  let pipes: [FileDescriptor]
  /// For each pipe, the beginning of a frame whose end has not come yet.
  private var rests: [[UInt8]]
  /// For each worker, the start of its lines, since workers use the same descriptors; empty for a
  /// single worker.
  private let prefixes: [String]

  init(pipes: [FileDescriptor], servers: [ServerAssignment]) {
    self.pipes = pipes
    rests = pipes.map { _ in [] }
    prefixes = servers.map { servers.count == 1 ? "" : "\($0.endpoint) " }
  }

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

  /// Prints what has come since the last call, at most 64 KiB per worker, so that a flood leaves
  /// time for the rest.
  mutating func print() {
    var text = ""
    for index in pipes.indices {
      rests[index] += Self.read(pipes[index])
      for frame in ReceivedFrame.take(from: &rests[index]) {
        text += "[\(prefixes[index])descriptor \(frame.descriptor.rawValue)] "
        text += EscapedText.shown(frame.bytes) + "\n"
      }
    }
    if !text.isEmpty { StandardOutput.show(text) }
  }

  private static func read(_ pipe: FileDescriptor) -> [UInt8] {
    unsafe [UInt8](unsafeUninitializedCapacity: 1 << 16) { buffer, count in
      let transfer = unsafe Pipe.read(pipe, into: UnsafeMutableRawBufferPointer(buffer))
      if case .moved(let moved) = transfer { count = moved } else { count = 0 }
    }
  }
}
