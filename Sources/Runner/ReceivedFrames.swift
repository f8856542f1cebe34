/// Takes apart what a server worker passes on of the bytes that it receives.
///
/// One frame a read, through a pipe: the connection's descriptor and the number of bytes as 32 bits
/// each, in the order of this host, then the bytes.
struct ReceivedFrames {
  struct Frame: Equatable {
    let descriptor: UInt32
    let bytes: [UInt8]
  }

  /// No worker passes on more of one read: beyond that, it is no frame that begins there.
  static let longest = 1 << 20
  private static let header = 8

  private var rest: [UInt8] = []

  /// Takes the next bytes of the pipe and returns the frames that are whole now.
  mutating func add(_ bytes: some Collection<UInt8>) -> [Frame] {
    rest += bytes
    var frames: [Frame] = []
    var start = 0
    while rest.count - start >= Self.header {
      let count = Int(word(at: start + 4))
      guard count <= Self.longest else {
        // Where the next frame begins cannot be told any more.
        rest = []
        return frames
      }
      let end = start + Self.header + count
      guard end <= rest.count else { break }
      frames.append(
        Frame(descriptor: word(at: start), bytes: Array(rest[(start + Self.header)..<end])))
      start = end
    }
    rest.removeFirst(start)
    return frames
  }

  private func word(at index: Int) -> UInt32 {
    unsafe rest.withUnsafeBytes { unsafe $0.loadUnaligned(fromByteOffset: index, as: UInt32.self) }
  }
}
