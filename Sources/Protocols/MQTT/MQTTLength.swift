/// Limits on packets that one end has announced to its peers. They are the same on all of its
/// connections, so the caller passes them to each reader, and no reader keeps them.
package struct MQTTLimits: BitwiseCopyable, Sendable {
  /// The most bytes of a packet, with its header: the `maximumPacketSize` that was announced.
  package var largestPacket: UInt32
  /// The `topicAliasMaximum` that was announced; 0 where none was.
  package var topicAliases: UInt16

  package init(largestPacket: UInt32 = MQTTLength.largestPacket, topicAliases: UInt16 = 0) {
    self.largestPacket = largestPacket
    self.topicAliases = topicAliases
  }
}

/// Lengths in packets, above all variable byte integers (3.1.1: 2.2.3; 5.0: 1.5.5).
package enum MQTTLength {
  /// The largest number that a variable byte integer can hold.
  package static var largest: Int { 268_435_455 }
  /// The bytes of the longest packet: the first byte, four of the remaining length, and `largest`.
  package static var largestPacket: UInt32 { 268_435_460 }
  /// The bytes of the longest string, and of the longest binary data.
  package static var longestText: Int { 65_535 }

  /// How many bytes a variable byte integer takes; nil for a number that four bytes cannot hold, or
  /// a negative one.
  package static func count(of value: Int) -> Int? {
    switch value {
    case 0..<128: 1
    case 128..<16_384: 2
    case 16_384..<2_097_152: 3
    case 2_097_152...largest: 4
    default: nil
    }
  }

  /// How many bytes a whole packet of this remaining length has; nil where it is too long.
  package static func packet(remaining: Int) -> Int? {
    count(of: remaining).map { 1 + $0 + remaining }
  }
}
