package import SystemPackage

/// What one read of a server worker has brought or, over a kernel that carries messages, one piece of a message. The
/// worker writes it to `ServerAssignment.receivedPipe`.
///
/// On the pipe stand the descriptor and the number of bytes, 32 bits each, little-endian; then the
/// bytes.
package struct ReceivedFrame: Equatable, Sendable {
  package var descriptor: FileDescriptor
  /// What was received, or its first `mostPayload` bytes.
  package var bytes: [UInt8]

  /// Bytes before `bytes` in a frame.
  static let headerLength = 8
  /// The most bytes of a frame, with its header. A pipe takes a write of so many bytes whole or not at all (PIPE_BUF
  /// in pipe(7)).
  static let longest = 4096
  /// The most received bytes that a frame has.
  package static let mostPayload = longest - headerLength

  /// Takes all whole frames off the front of what has come through the pipe so far.
  package static func take(from stream: inout [UInt8]) -> [ReceivedFrame] {
    var frames: [ReceivedFrame] = []
    var start = 0
    func number(at place: Int) -> UInt32 {
      (0..<4).reduce(0) { $0 | UInt32(stream[place + $1]) << UInt32($1 * 8) }
    }
    while stream.count - start >= headerLength {
      let end = start + headerLength + Int(number(at: start + 4))
      guard end <= stream.count else { break }
      frames.append(
        ReceivedFrame(
          descriptor: FileDescriptor(rawValue: Int32(bitPattern: number(at: start))),
          bytes: Array(stream[(start + headerLength)..<end])))
      start = end
    }
    stream.removeFirst(start)
    return frames
  }

  /// Writes a frame to the start of `buffer`, which has room for one, and returns its length.
  static func write(
    _ descriptor: FileDescriptor, _ bytes: UnsafeRawBufferPointer,
    to buffer: UnsafeMutableRawBufferPointer
  ) -> Int {
    let count = min(bytes.count, mostPayload)
    unsafe buffer.storeBytes(of: descriptor.rawValue.littleEndian, as: Int32.self)
    unsafe buffer.storeBytes(of: UInt32(count).littleEndian, toByteOffset: 4, as: UInt32.self)
    unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[headerLength...])
      .copyBytes(from: bytes.prefix(count))
    return headerLength + count
  }
}
