/// What an `MQTTReader` has read.
///
/// CONNECT, PUBLISH, SUBSCRIBE and UNSUBSCRIBE come as several events: one begins the packet, and
/// one ends it. Every other packet has one event of its own, after its last byte. Pieces of texts,
/// numbers of properties and codes of topic filters are events that come before the packet's last.
package enum MQTTEvent: BitwiseCopyable, Sendable, Equatable {
  /// All bytes are used, and more have to come.
  case needsMore
  /// A piece of a text: the last `count` of the bytes used. A text may come in any number of
  /// pieces; an empty text comes in none.
  case piece(MQTTField, count: Int)
  /// A property that is a number. Every such property is given, in the order in which they come.
  case value(MQTTProperty, UInt32)

  case connectBegins(MQTTConnectFacts)
  case connectEnds
  case connack(isSessionPresent: Bool, MQTTReason)
  case publishBegins(MQTTPublishFacts)
  /// - Parameter identifier: the packet identifier, as is each `UInt16` below; 0 where QoS is 0.
  case publishEnds(MQTTPublishFacts, identifier: UInt16)
  /// In 3.1.1 the reason of `puback`, `pubrec`, `pubrel` and `pubcomp` is always success.
  case puback(UInt16, MQTTReason)
  case pubrec(UInt16, MQTTReason)
  case pubrel(UInt16, MQTTReason)
  case pubcomp(UInt16, MQTTReason)
  case subscribeBegins(UInt16)
  /// The topic filter of the last pieces is whole, and its options have come.
  case topicFilter(MQTTSubscriptionOptions)
  case subscribeEnds(UInt16)
  /// The server's answer to the next topic filter of the SUBSCRIBE.
  case subackCode(UInt16, MQTTReason)
  /// - Parameter worst: the highest code that is a failure; the lowest QoS granted where none is.
  case suback(UInt16, worst: MQTTReason)
  case unsubscribeBegins(UInt16)
  /// The topic filter of the last pieces is whole.
  case unsubscribedFilter
  case unsubscribeEnds(UInt16)
  /// The server's answer to the next topic filter of the UNSUBSCRIBE. Only in 5.0.
  case unsubackCode(UInt16, MQTTReason)
  /// - Parameter worst: the highest code; in 3.1.1, which has none, success.
  case unsuback(UInt16, worst: MQTTReason)
  case pingreq
  case pingresp
  case disconnect(MQTTReason)
  /// The reader does not know whether an AUTH was expected.
  case auth(MQTTReason)
  /// A rule was broken, so the reader reads nothing more. Where a byte broke it, that byte is the
  /// last one used.
  case malformed(MQTTMalformation)
}

/// What one call of `MQTTReader.next` came to.
package struct MQTTStep: BitwiseCopyable, Sendable, Equatable {
  /// How many bytes the reader is done with.
  package var used: Int
  package var event: MQTTEvent

  package init(used: Int, event: MQTTEvent) {
    self.used = used
    self.event = event
  }
}

/// The flags of a PUBLISH, from its first byte (3.3.1).
package struct MQTTPublishFacts: BitwiseCopyable, Sendable, Hashable {
  package var qos: MQTTQoS
  package var isDuplicate: Bool
  package var isRetained: Bool

  package init(qos: MQTTQoS, isDuplicate: Bool = false, isRetained: Bool = false) {
    self.qos = qos
    self.isDuplicate = isDuplicate
    self.isRetained = isRetained
  }

  /// Nil for QoS 3.
  init?(header: UInt8) {
    guard let qos = MQTTQoS(rawValue: header >> 1 & 0b11) else { return nil }
    self.init(qos: qos, isDuplicate: header & 0b1000 != 0, isRetained: header & 1 != 0)
  }

  /// The packet's first byte.
  var header: UInt8 {
    MQTTPacketKind.publish.rawValue << 4 | (isDuplicate ? 0b1000 : 0) | qos.rawValue << 1
      | (isRetained ? 1 : 0)
  }
}

/// What a CONNECT says before its texts: version, flags and keep-alive.
package struct MQTTConnectFacts: BitwiseCopyable, Sendable, Hashable {
  package var version: MQTTVersion
  /// The flags as they come (3.1.2.3).
  package var flags: UInt8
  /// In seconds; 0 turns keep-alive off.
  package var keepAlive: UInt16

  package init(version: MQTTVersion, flags: UInt8, keepAlive: UInt16) {
    self.version = version
    self.flags = flags
    self.keepAlive = keepAlive
  }

  /// Clean Session in 3.1.1, Clean Start in 5.0.
  package var isClean: Bool { flags & 0b10 != 0 }
  package var hasWill: Bool { flags & 0b100 != 0 }
  package var willQoS: MQTTQoS { MQTTQoS(rawValue: flags >> 3 & 0b11) ?? .atMostOnce }
  package var isWillRetained: Bool { flags & 0b10_0000 != 0 }
  package var hasPassword: Bool { flags & 0b100_0000 != 0 }
  package var hasUserName: Bool { flags & 0b1000_0000 != 0 }
}

/// The byte after a topic filter in SUBSCRIBE (3.8.3). In 3.1.1 it has only a QoS.
package struct MQTTSubscriptionOptions: BitwiseCopyable, Sendable, Hashable {
  package var qos: MQTTQoS
  package var isNoLocal = false
  package var isRetainAsPublished = false
  /// When the server sends retained messages: 0 at each SUBSCRIBE, 1 only at a new subscription, 2
  /// never.
  package var retainHandling: UInt8 = 0

  package init(qos: MQTTQoS) { self.qos = qos }

  /// Nil where a reserved bit is set or a value is reserved.
  init?(byte: UInt8, _ version: MQTTVersion) {
    guard let qos = MQTTQoS(rawValue: byte & 0b11) else { return nil }
    self.init(qos: qos)
    switch version {
    case .v311:
      if byte > 2 { return nil }
    case .v5:
      isNoLocal = byte & 0b100 != 0
      isRetainAsPublished = byte & 0b1000 != 0
      retainHandling = byte >> 4 & 0b11
      if retainHandling == 3 || byte & 0b1100_0000 != 0 { return nil }
    }
  }

  /// The byte on the wire. In 3.1.1 it has only the QoS.
  func byte(_ version: MQTTVersion) -> UInt8 {
    guard version == .v5 else { return qos.rawValue }
    return qos.rawValue | (isNoLocal ? 0b100 : 0) | (isRetainAsPublished ? 0b1000 : 0)
      | (retainHandling & 0b11) << 4
  }
}
