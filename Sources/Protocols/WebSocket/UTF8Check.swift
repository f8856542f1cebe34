/// Whether bytes that come piece by piece are UTF-8 (RFC 3629, 4): a byte of state.
struct UTF8Check: BitwiseCopyable, Sendable {
  /// What may come next. Where a character's first byte leaves less than all of 80 to BF, a state of its own says so.
  private enum State: UInt8 {
    case first, last, lastTwo, lastThree
    case behindE0, behindED, behindF0, behindF4
  }

  private var state = State.first

  /// Whether no character is cut.
  var isWhole: Bool { state == .first }

  /// Takes bytes.
  ///
  /// - Returns: how many were right; less than all where the next one cannot be there.
  mutating func take(_ bytes: UnsafeRawBufferPointer) -> Int {
    var index = 0
    while index < bytes.count {
      if state == .first {
        // Mostly ASCII, so eight bytes at a time.
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
