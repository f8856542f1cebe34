/// What an end has said that it takes. The same for all of its connections, so no reader keeps it.
package struct MQTTLimits: BitwiseCopyable, Sendable {
  /// The most bytes of a packet, with its header: what `maximumPacketSize` announces.
  package var largestPacket: UInt32
  /// What `topicAliasMaximum` announces; 0 where it is left out.
  package var topicAliases: UInt16

  package init(largestPacket: UInt32 = MQTTLength.largestPacket, topicAliases: UInt16 = 0) {
    self.largestPacket = largestPacket
    self.topicAliases = topicAliases
  }
}

/// Variable byte integers (3.1.1: 2.2.3; 5.0: 1.5.5).
package enum MQTTLength {
  package static var largest: Int { 268_435_455 }
  /// The first byte, four of the remaining length, and as many as these can tell.
  package static var largestPacket: UInt32 { 268_435_460 }
  /// The longest string and the longest binary data.
  package static var longestText: Int { 65_535 }

  /// How many bytes a number takes, which is at least 0; nil where no four bytes can tell it.
  package static func count(of value: Int) -> Int? {
    switch value {
    case 0..<128: 1
    case 128..<16_384: 2
    case 16_384..<2_097_152: 3
    case 2_097_152...largest: 4
    default: nil
    }
  }

  /// The bytes of a whole packet with this remaining length; nil where it is too long.
  package static func packet(remaining: Int) -> Int? {
    count(of: remaining).map { 1 + $0 + remaining }
  }
}
