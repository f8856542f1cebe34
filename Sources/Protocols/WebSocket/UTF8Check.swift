/// Checks that bytes which come in pieces are UTF-8 (RFC 3629, 4). It keeps one byte of state.
struct UTF8Check: BitwiseCopyable, Sendable {
  /// What has to come next: the first byte of a character, its last byte, its last two, or its last three.
  /// After E0, ED, F0 and F4 the second byte may be only some of 80 to BF.
  private enum State: UInt8 {
    case first, last, lastTwo, lastThree
    case behindE0, behindED, behindF0, behindF4
  }

  private var state = State.first

  /// Whether the bytes so far end with a whole character.
  var isWhole: Bool { state == .first }

  /// Takes bytes.
  ///
  /// - Returns: how many bytes were right. If these are not all, the next byte is wrong.
  mutating func take(_ bytes: UnsafeRawBufferPointer) -> Int {
    var index = 0
    while index < bytes.count {
      if state == .first {
        // Most text is ASCII, so it is checked eight bytes at a time.
        while bytes.count &- index >= 8,
          unsafe bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)
            & 0x8080_8080_8080_8080 == 0
        {
          index &+= 8
        }
        guard index < bytes.count else { break }
      }
      guard let following = unsafe state(behind: bytes[index]) else { return index }
      state = following
      index &+= 1
    }
    return index
  }

  /// The state after one more byte; nil where that byte is wrong.
  private func state(behind byte: UInt8) -> State? {
    switch (state, byte) {
    case (.first, 0x00...0x7F): .first
    case (.first, 0xC2...0xDF): .last
    case (.first, 0xE0): .behindE0
    case (.first, 0xED): .behindED
    case (.first, 0xE1...0xEF): .lastTwo
    case (.first, 0xF0): .behindF0
    case (.first, 0xF1...0xF3): .lastThree
    case (.first, 0xF4): .behindF4
    case (.last, 0x80...0xBF): .first
    case (.lastTwo, 0x80...0xBF), (.behindE0, 0xA0...0xBF), (.behindED, 0x80...0x9F): .last
    case (.lastThree, 0x80...0xBF), (.behindF0, 0x90...0xBF), (.behindF4, 0x80...0x8F): .lastTwo
    default: nil
    }
  }
}
