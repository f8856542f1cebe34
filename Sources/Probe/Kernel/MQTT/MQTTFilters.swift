import Protocols
import SystemPackage

/// The topic filters that each connection of a server has subscribed to: a few, in memory of a fixed size.
///
/// No filter's text is kept, only which of its levels are wildcards, and a hash of the others. Topics are asked for
/// in the same way. Two of four thousand million filters have the same hash.
struct MQTTFilters: ~Copyable {
  /// The most filters of a connection.
  static let most = 4
  /// The most levels of a filter, `#` not counted: as many as `plus` has bits.
  static let mostLevels = 16
  static var bytesPerConnection: Int { most * MemoryLayout<Filter>.stride }

  struct Filter: BitwiseCopyable, Equatable {
    /// Of the levels that are no wildcards.
    var hash: UInt32 = 0
    /// Bit n: whether level n is `+`.
    var plus: UInt16 = 0
    var levels: UInt8 = 0
    var traits: UInt8 = 0

    static var isUsed: UInt8 { 1 }
    static var endsInHash: UInt8 { 2 }
    /// The client's own messages are not for it (5.0: 3.8.3.1).
    static var isForOthers: UInt8 { 4 }

    func has(_ trait: UInt8) -> Bool { traits & trait != 0 }
    /// Whether they select the same topics.
    func selects(as other: Filter) -> Bool {
      hash == other.hash && plus == other.plus && levels == other.levels
        && has(Self.endsInHash) == other.has(Self.endsInHash)
    }
  }

  private let filters: Column<Filter>

  init(connections: Int) throws(Errno) { filters = try Column(count: connections * Self.most) }

  func clear(_ row: UInt32) {
    for number in 0..<Self.most { filters[place(number, of: row)] = Filter() }
  }

  func isEmpty(_ row: UInt32) -> Bool {
    for number in 0..<Self.most where filters[place(number, of: row)].has(Filter.isUsed) {
      return false
    }
    return true
  }

  /// Keeps a filter, in the place of an equal one if there is one; false where there is no room.
  func add(_ filter: Filter, to row: UInt32) -> Bool {
    var free: UInt32?
    for number in 0..<Self.most {
      let place = place(number, of: row)
      let kept = filters[place]
      if !kept.has(Filter.isUsed) {
        free = free ?? place
      } else if kept.selects(as: filter) {
        filters[place] = filter
        return true
      }
    }
    guard let free else { return false }
    filters[free] = filter
    return true
  }

  /// False where the connection has no such filter.
  func remove(_ filter: Filter, from row: UInt32) -> Bool {
    for number in 0..<Self.most {
      let place = place(number, of: row)
      guard filters[place].has(Filter.isUsed), filters[place].selects(as: filter) else { continue }
      filters[place] = Filter()
      return true
    }
    return false
  }

  /// Whether a message that the connection itself has sent is to come back to it.
  func select(_ topic: UnsafeRawBufferPointer, of row: UInt32) -> Bool {
    for number in 0..<Self.most {
      let filter = filters[place(number, of: row)]
      if filter.has(Filter.isUsed), !filter.has(Filter.isForOthers),
        unsafe Self.matches(filter, topic)
      {
        return true
      }
    }
    return false
  }

  private func place(_ number: Int, of row: UInt32) -> UInt32 {
    row * UInt32(Self.most) + UInt32(number)
  }

  // MARK: Levels

  private static var slash: UInt8 { UInt8(ascii: "/") }

  /// A filter of this text, which is well-formed; nil where it has more levels than are kept.
  static func filter(_ text: UnsafeRawBufferPointer) -> Filter? {
    var filter = Filter(traits: Filter.isUsed)
    var hash = Self.basis
    var start = 0
    while true {
      let end = unsafe Self.end(of: text, from: start)
      let isSingle = end == start + 1
      if isSingle, unsafe text[start] == UInt8(ascii: "#") {
        filter.traits |= Filter.endsInHash
        break
      }
      guard filter.levels < mostLevels else { return nil }
      if isSingle, unsafe text[start] == UInt8(ascii: "+") {
        filter.plus |= 1 << UInt16(filter.levels)
      } else {
        unsafe fold(text, start..<end, into: &hash)
      }
      filter.levels += 1
      guard end < text.count else { break }
      start = end + 1
    }
    filter.hash = UInt32(truncatingIfNeeded: hash ^ hash >> 32)
    return filter
  }

  /// As 4.7 of both versions has it.
  static func matches(_ filter: Filter, _ topic: UnsafeRawBufferPointer) -> Bool {
    let beginsWithWildcard = filter.plus & 1 != 0 || filter.levels == 0
    if beginsWithWildcard, topic.count > 0, unsafe topic[0] == UInt8(ascii: "$") { return false }
    var hash = Self.basis
    var level: UInt8 = 0
    var start = 0
    while level < filter.levels {
      guard start <= topic.count else { return false }
      let end = unsafe Self.end(of: topic, from: start)
      if filter.plus >> UInt16(level) & 1 == 0 { unsafe fold(topic, start..<end, into: &hash) }
      level += 1
      start = end + 1
    }
    // Behind the last level `start` is beyond the topic's end.
    guard start > topic.count || filter.has(Filter.endsInHash) else { return false }
    return UInt32(truncatingIfNeeded: hash ^ hash >> 32) == filter.hash
  }

  /// Where the level ends that begins here.
  private static func end(of text: UnsafeRawBufferPointer, from start: Int) -> Int {
    var end = start
    while unsafe end < text.count && text[end] != slash { end += 1 }
    return end
  }

  // FNV-1a, of 64 bits.
  private static var basis: UInt64 { 0xCBF2_9CE4_8422_2325 }

  private static func fold(
    _ text: UnsafeRawBufferPointer, _ level: Range<Int>, into hash: inout UInt64
  ) {
    // Not by a range that is handed in: an unoptimised iterator allocates.
    for index in level.lowerBound..<level.upperBound {
      unsafe hash = (hash ^ UInt64(text[index])) &* 0x100_0000_01B3
    }
    hash = (hash ^ UInt64(slash)) &* 0x100_0000_01B3
  }
}
