import SystemPackage

/// A mark for each tuple of a source walk, by its position: one bit, in memory that costs nothing
/// until a mark near it is set.
struct TupleMarks: ~Copyable {
  private let words: Column<UInt64>

  init(count: UInt64) throws(Errno) {
    words = try Column(count: Int((count + 63) / 64))
  }

  func has(_ position: UInt32) -> Bool { words[position / 64] & Self.bit(position) != 0 }

  func insert(_ position: UInt32) { words[position / 64] |= Self.bit(position) }

  func remove(_ position: UInt32) { words[position / 64] &= ~Self.bit(position) }

  private static func bit(_ position: UInt32) -> UInt64 { 1 << UInt64(position % 64) }
}
