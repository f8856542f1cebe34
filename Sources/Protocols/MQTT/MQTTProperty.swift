/// The properties of 5.0. The raw value is the identifier (2.2.2.2); all identifiers take one byte.
package enum MQTTProperty: UInt8, BitwiseCopyable, Sendable, CaseIterable {
  case payloadFormatIndicator = 1
  case messageExpiryInterval = 2
  case contentType = 3
  case responseTopic = 8
  case correlationData = 9
  case subscriptionIdentifier = 11
  case sessionExpiryInterval = 17
  case assignedClientIdentifier = 18
  case serverKeepAlive = 19
  case authenticationMethod = 21
  case authenticationData = 22
  case requestProblemInformation = 23
  case willDelayInterval = 24
  case requestResponseInformation = 25
  case responseInformation = 26
  case serverReference = 28
  case reasonString = 31
  case receiveMaximum = 33
  case topicAliasMaximum = 34
  case topicAlias = 35
  case maximumQoS = 36
  case retainAvailable = 37
  case userProperty = 38
  case maximumPacketSize = 39
  case wildcardSubscriptionAvailable = 40
  case subscriptionIdentifierAvailable = 41
  case sharedSubscriptionAvailable = 42

  /// How the value of a property is encoded.
  enum Form: BitwiseCopyable, Equatable {
    /// An integer of so many bytes.
    case number(UInt8)
    case variableByteInteger
    /// A string, or binary data.
    case text(MQTTField)
    /// A name and a value, both strings.
    case pair
  }

  /// Which packets may have a property, as one bit per packet type. Bit 0 is the will in CONNECT.
  struct Owners: OptionSet, BitwiseCopyable {
    let rawValue: UInt16

    init(rawValue: UInt16) { self.rawValue = rawValue }

    init(_ kind: MQTTPacketKind) { rawValue = 1 << UInt16(kind.rawValue) }

    static var will: Self { Self(rawValue: 1) }
    static var connect: Self { Self(.connect) }
    static var connack: Self { Self(.connack) }
    static var publish: Self { Self(.publish) }
    static var subscribe: Self { Self(.subscribe) }
    static var disconnect: Self { Self(.disconnect) }
    static var auth: Self { Self(.auth) }
    /// The packets that have a reason code, or several.
    static var reasoned: Self {
      Self(rawValue: 0b1100_1010_1111_0100)
    }
    static var all: Self { Self(rawValue: 0b1100_1111_1111_1111) }
  }

  var form: Form {
    switch self {
    case .payloadFormatIndicator, .requestProblemInformation, .requestResponseInformation,
      .maximumQoS, .retainAvailable, .wildcardSubscriptionAvailable,
      .subscriptionIdentifierAvailable, .sharedSubscriptionAvailable:
      .number(1)
    case .serverKeepAlive, .receiveMaximum, .topicAliasMaximum, .topicAlias: .number(2)
    case .messageExpiryInterval, .sessionExpiryInterval, .willDelayInterval, .maximumPacketSize:
      .number(4)
    case .subscriptionIdentifier: .variableByteInteger
    case .contentType: .text(.contentType)
    case .responseTopic: .text(.responseTopic)
    case .correlationData: .text(.correlationData)
    case .assignedClientIdentifier: .text(.assignedClientIdentifier)
    case .authenticationMethod: .text(.authenticationMethod)
    case .authenticationData: .text(.authenticationData)
    case .responseInformation: .text(.responseInformation)
    case .serverReference: .text(.serverReference)
    case .reasonString: .text(.reasonString)
    case .userProperty: .pair
    }
  }

  // Unions, because a literal of several options is an array first, and an unoptimised build allocates it.
  var owners: Owners {
    switch self {
    case .payloadFormatIndicator, .messageExpiryInterval, .contentType, .responseTopic,
      .correlationData:
      Owners.publish.union(.will)
    case .subscriptionIdentifier: Owners.publish.union(.subscribe)
    case .sessionExpiryInterval: Owners.connect.union(.connack).union(.disconnect)
    case .assignedClientIdentifier, .serverKeepAlive, .responseInformation, .maximumQoS,
      .retainAvailable, .wildcardSubscriptionAvailable, .subscriptionIdentifierAvailable,
      .sharedSubscriptionAvailable:
      .connack
    case .authenticationMethod, .authenticationData: Owners.connect.union(.connack).union(.auth)
    case .requestProblemInformation, .requestResponseInformation: .connect
    case .willDelayInterval: .will
    case .serverReference: Owners.connack.union(.disconnect)
    case .reasonString: .reasoned
    case .receiveMaximum, .topicAliasMaximum, .maximumPacketSize: Owners.connect.union(.connack)
    case .topicAlias: .publish
    case .userProperty: .all
    }
  }

  /// The bit by which a reader remembers that the property has come. No two properties of one packet share
  /// a bit, as a test checks; CONNACK may have 16 of them. 0 for one that every packet may repeat.
  var bit: UInt16 {
    switch self {
    case .payloadFormatIndicator, .sessionExpiryInterval: 1
    case .messageExpiryInterval, .assignedClientIdentifier, .requestProblemInformation: 1 << 1
    case .contentType, .serverKeepAlive, .requestResponseInformation: 1 << 2
    case .responseTopic, .authenticationMethod: 1 << 3
    case .correlationData, .authenticationData: 1 << 4
    case .topicAlias, .responseInformation: 1 << 5
    case .willDelayInterval, .serverReference: 1 << 6
    case .subscriptionIdentifier, .reasonString: 1 << 7
    case .receiveMaximum: 1 << 8
    case .topicAliasMaximum: 1 << 9
    case .maximumQoS: 1 << 10
    case .retainAvailable: 1 << 11
    case .maximumPacketSize: 1 << 12
    case .wildcardSubscriptionAvailable: 1 << 13
    case .subscriptionIdentifierAvailable: 1 << 14
    case .sharedSubscriptionAvailable: 1 << 15
    case .userProperty: 0
    }
  }

  /// Whether the property may have this number as its value.
  func takes(_ value: UInt32) -> Bool {
    switch self {
    case .payloadFormatIndicator, .requestProblemInformation, .requestResponseInformation,
      .maximumQoS, .retainAvailable, .wildcardSubscriptionAvailable,
      .subscriptionIdentifierAvailable, .sharedSubscriptionAvailable:
      value <= 1
    case .subscriptionIdentifier, .receiveMaximum, .topicAlias, .maximumPacketSize: value > 0
    default: true
    }
  }
}
