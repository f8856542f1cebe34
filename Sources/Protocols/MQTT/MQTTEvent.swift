/// What a reader has read. Packets that carry others' texts begin, go on in pieces, and end; all
/// others are one event at their last byte, behind what their properties say.
package enum MQTTEvent: BitwiseCopyable, Sendable, Equatable {
  /// All bytes are used up.
  case needsMore
  /// More bytes of a text: the last `count` of those used. A text may come in any number of pieces,
  /// and an empty one in none.
  case piece(MQTTField, count: Int)
  /// A property that is a number. All of them are given, in the order in which they come.
  case value(MQTTProperty, UInt32)

  case connectBegins(MQTTConnectFacts)
  case connectEnds
  case connack(isSessionPresent: Bool, MQTTReason)
  case publishBegins(MQTTPublishFacts)
  /// - Parameter identifier: 0 where QoS is 0.
  case publishEnds(MQTTPublishFacts, identifier: UInt16)
  /// In 3.1.1 the reason of these four is always success.
  case puback(UInt16, MQTTReason)
  case pubrec(UInt16, MQTTReason)
  case pubrel(UInt16, MQTTReason)
  case pubcomp(UInt16, MQTTReason)
  case subscribeBegins(UInt16)
  /// The topic filter whose pieces came last is whole.
  case topicFilter(MQTTSubscriptionOptions)
  case subscribeEnds(UInt16)
  /// What became of the next topic filter.
  case subackCode(UInt16, MQTTReason)
  /// - Parameter worst: the highest code that is a failure; the lowest QoS granted where none is.
  case suback(UInt16, worst: MQTTReason)
  case unsubscribeBegins(UInt16)
  case unsubscribedFilter
  case unsubscribeEnds(UInt16)
  case unsubackCode(UInt16, MQTTReason)
  /// In 3.1.1 without codes before it, and always success.
  ///
  /// - Parameter worst: the highest code.
  case unsuback(UInt16, worst: MQTTReason)
  case pingreq
  case pingresp
  case disconnect(MQTTReason)
  /// Well-formed; whether it was asked for the reader does not know.
  case auth(MQTTReason)
  /// Nothing more can be read. The byte that breaks the rule is the last one used.
  case malformed(MQTTMalformation)
}

/// What came of one look at bytes.
package struct MQTTStep: BitwiseCopyable, Sendable, Equatable {
  /// How many bytes the reader is done with.
  package var used: Int
  package var event: MQTTEvent

  package init(used: Int, event: MQTTEvent) {
    self.used = used
    self.event = event
  }
}

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

  var header: UInt8 {
    MQTTPacketKind.publish.rawValue << 4 | (isDuplicate ? 0b1000 : 0) | qos.rawValue << 1
      | (isRetained ? 1 : 0)
  }
}

/// What stands before the texts of CONNECT.
package struct MQTTConnectFacts: BitwiseCopyable, Sendable, Hashable {
  package var version: MQTTVersion
  /// The flags as they come (3.1.2.3).
  package var flags: UInt8
  /// In seconds; 0 turns it off.
  package var keepAlive: UInt16

  package init(version: MQTTVersion, flags: UInt8, keepAlive: UInt16) {
    self.version = version
    self.flags = flags
    self.keepAlive = keepAlive
  }

  /// Clean Session of 3.1.1, Clean Start of 5.0.
  package var isClean: Bool { flags & 0b10 != 0 }
  package var hasWill: Bool { flags & 0b100 != 0 }
  package var willQoS: MQTTQoS { MQTTQoS(rawValue: flags >> 3 & 0b11) ?? .atMostOnce }
  package var isWillRetained: Bool { flags & 0b10_0000 != 0 }
  package var hasPassword: Bool { flags & 0b100_0000 != 0 }
  package var hasUserName: Bool { flags & 0b1000_0000 != 0 }
}

/// The byte behind a topic filter (3.8.3); in 3.1.1 only a QoS.
package struct MQTTSubscriptionOptions: BitwiseCopyable, Sendable, Hashable {
  package var qos: MQTTQoS
  package var isNoLocal = false
  package var isRetainAsPublished = false
  /// 0: send retained messages; 1: only for a new subscription; 2: do not.
  package var retainHandling: UInt8 = 0

  package init(qos: MQTTQoS) { self.qos = qos }

  /// Nil where a bit or a value is reserved.
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

  /// In 3.1.1 there is no room for anything but the QoS.
  func byte(_ version: MQTTVersion) -> UInt8 {
    guard version == .v5 else { return qos.rawValue }
    return qos.rawValue | (isNoLocal ? 0b100 : 0) | (isRetainAsPublished ? 0b1000 : 0)
      | (retainHandling & 0b11) << 4
  }
}
