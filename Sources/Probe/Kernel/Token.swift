/// The 64 bits of user data in an epoll registration: a slot, and which connection in it is meant.
///
/// A batch may still hold an event of a connection that an earlier event of the same batch closed,
/// and another connection may have the slot by then. The generation tells the two apart.
package struct Token {
  package let rawValue: UInt64

  package init(rawValue: UInt64) {
    self.rawValue = rawValue
  }

  package init(slot: UInt32, generation: UInt16) {
    rawValue = UInt64(generation) << 32 | UInt64(slot)
  }

  package static let wakeUp = Token(rawValue: .max)
  package static let listener = Token(rawValue: .max - 1)

  package var slot: UInt32 { UInt32(truncatingIfNeeded: rawValue) }
  package var generation: UInt16 { UInt16(truncatingIfNeeded: rawValue >> 32) }
}
