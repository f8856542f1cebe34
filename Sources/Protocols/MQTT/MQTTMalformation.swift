/// The rule of MQTT that received bytes break, or that a packet to send would break. Raw values are
/// this program's own.
package enum MQTTMalformation: UInt8, Error, BitwiseCopyable, Sendable, CaseIterable {
  case packetType
  case wrongDirection
  case firstPacket
  case repeatedConnect
  case packetAfterEnd
  case headerFlags
  case qualityOfService
  case duplicateWithoutQoS
  case remainingLength
  case variableByteInteger
  case overlongInteger
  case packetTooLarge
  case tooShort
  case trailingBytes
  case packetIdentifier
  case textLength
  case utf8
  case nullCharacter
  case protocolName
  case protocolLevel
  case connectFlags
  case willFlags
  case passwordWithoutUserName
  case clientIdentifier
  case connackFlags
  case sessionPresent
  case reasonCode
  case emptyTopic
  case wildcardInTopic
  case multiLevelWildcard
  case singleLevelWildcard
  case shareName
  case noLocalOnShare
  case subscriptionOptions
  case noTopicFilter
  case noReasonCode
  case propertyLength
  case unknownProperty
  case propertyNotAllowed
  case repeatedProperty
  case propertyValue
  case authenticationMethod
  case topicAlias

  /// What is wrong, as a phrase without a capital and without a full stop.
  package var words: String {
    switch self {
    case .packetType: "a packet type that is reserved"
    case .wrongDirection: "a packet that only the other end may send"
    case .firstPacket: "the first packet is neither CONNECT nor an answer to it"
    case .repeatedConnect: "a second CONNECT or CONNACK"
    case .packetAfterEnd: "a packet after DISCONNECT or after a refusal"
    case .headerFlags: "flags of the fixed header are not as prescribed"
    case .qualityOfService: "QoS 3"
    case .duplicateWithoutQoS: "DUP is set although QoS is 0"
    case .remainingLength: "a remaining length of more than four bytes"
    case .variableByteInteger: "a variable byte integer of more than four bytes"
    case .overlongInteger: "a variable byte integer takes more bytes than it needs"
    case .packetTooLarge: "a packet larger than this end takes"
    case .tooShort: "the packet ends within a field, or before one that it must have"
    case .trailingBytes: "bytes behind the packet's last field"
    case .packetIdentifier: "packet identifier 0"
    case .textLength: "a string or binary data longer than what holds it"
    case .utf8: "a string is not UTF-8"
    case .nullCharacter: "U+0000 in a string"
    case .protocolName: "the protocol name is not MQTT"
    case .protocolLevel: "the protocol level is neither 4 (3.1.1) nor 5 (5.0)"
    case .connectFlags: "the reserved flag of CONNECT is set"
    case .willFlags: "Will QoS is 3, or Will QoS or Will Retain is set without a Will"
    case .passwordWithoutUserName: "a password without a user name"
    case .clientIdentifier: "an empty client identifier without Clean Session"
    case .connackFlags: "reserved flags of CONNACK are set"
    case .sessionPresent: "Session Present in a CONNACK that refuses"
    case .reasonCode: "a code that the standard does not list for this packet"
    case .emptyTopic: "an empty topic"
    case .wildcardInTopic: "a wildcard in a topic name"
    case .multiLevelWildcard: "# is not alone in the last level of a topic filter"
    case .singleLevelWildcard: "+ is not alone in its level of a topic filter"
    case .shareName: "a shared subscription without a valid share name and topic filter"
    case .noLocalOnShare: "No Local on a shared subscription"
    case .subscriptionOptions: "reserved bits or values of subscription options"
    case .noTopicFilter: "no topic filter"
    case .noReasonCode: "no code for any topic filter"
    case .propertyLength: "properties do not end where their length says"
    case .unknownProperty: "a property identifier that the standard does not know"
    case .propertyNotAllowed: "a property that this packet may not have"
    case .repeatedProperty: "a property that may be there once is there twice"
    case .propertyValue: "a value that this property may not have"
    case .authenticationMethod: "an authentication method is missing"
    case .topicAlias: "a topic alias beyond the topic alias maximum"
    }
  }

  /// The sections of the standards that have the rule; nil where a version has no such rule.
  package var sections: (v311: String?, v5: String?) {
    switch self {
    case .packetType, .wrongDirection: ("2.2.1", "2.1.2")
    case .firstPacket: ("3.1", "3.1")
    case .repeatedConnect: ("3.1", "3.1")
    case .packetAfterEnd: ("3.14.4", "3.14.4")
    case .headerFlags: ("2.2.2", "2.1.3")
    case .qualityOfService: ("3.3.1.2", "3.3.1.2")
    case .duplicateWithoutQoS: ("3.3.1.1", "3.3.1.1")
    case .remainingLength: ("2.2.3", "2.1.4")
    case .variableByteInteger, .overlongInteger: (nil, "1.5.5")
    case .packetTooLarge: (nil, "3.1.2.11.4")
    case .tooShort, .trailingBytes: ("2.2.3", "2.1.4")
    case .packetIdentifier: ("2.3.1", "2.2.1")
    case .textLength, .utf8, .nullCharacter: ("1.5.3", "1.5.4")
    case .protocolName: ("3.1.2.1", "3.1.2.1")
    case .protocolLevel: ("3.1.2.2", "3.1.2.2")
    case .connectFlags: ("3.1.2.3", "3.1.2.3")
    case .willFlags: ("3.1.2.6", "3.1.2.6")
    case .passwordWithoutUserName: ("3.1.2.9", nil)
    case .clientIdentifier: ("3.1.3.1", nil)
    case .connackFlags: ("3.2.2.1", "3.2.2.1")
    case .sessionPresent: ("3.2.2.2", "3.2.2.1.1")
    case .reasonCode: ("3.2.2.3", "2.4")
    case .emptyTopic: ("4.7.3", "4.7.3")
    case .wildcardInTopic: ("3.3.2.1", "3.3.2.1")
    case .multiLevelWildcard: ("4.7.1.2", "4.7.1.2")
    case .singleLevelWildcard: ("4.7.1.3", "4.7.1.3")
    case .shareName: (nil, "4.8.2")
    case .noLocalOnShare: (nil, "3.8.3.1")
    case .subscriptionOptions: ("3.8.3", "3.8.3.1")
    case .noTopicFilter: ("3.8.3", "3.8.3")
    case .noReasonCode: ("3.9.3", "3.9.3")
    case .propertyLength: (nil, "2.2.2.1")
    case .unknownProperty, .propertyNotAllowed, .repeatedProperty, .propertyValue:
      (nil, "2.2.2.2")
    case .authenticationMethod: (nil, "3.1.2.11.10")
    case .topicAlias: (nil, "3.3.2.3.4")
    }
  }

  /// The reason code with which a DISCONNECT of 5.0 reports the fault (4.13).
  package var reasonCode: UInt8 {
    switch self {
    case .wrongDirection, .firstPacket, .repeatedConnect, .packetAfterEnd, .noLocalOnShare,
      .noTopicFilter, .noReasonCode, .repeatedProperty, .propertyValue, .authenticationMethod,
      .emptyTopic:
      0x82
    case .packetTooLarge: 0x95
    case .protocolName, .protocolLevel: 0x84
    case .clientIdentifier: 0x85
    case .wildcardInTopic: 0x90
    case .multiLevelWildcard, .singleLevelWildcard, .shareName: 0x8F
    case .topicAlias: 0x94
    default: 0x81
    }
  }

  /// The code with which a CONNACK refuses a CONNECT that breaks the rule; nil where the server
  /// closes the connection without a CONNACK.
  package func connackCode(_ version: MQTTVersion) -> UInt8? {
    switch (version, self) {
    case (.v311, .protocolLevel): 1
    case (.v311, .clientIdentifier): 2
    case (.v311, _): nil
    // A CONNECT cannot break these rules, and their codes are none of CONNACK's.
    case (.v5, .multiLevelWildcard), (.v5, .singleLevelWildcard), (.v5, .shareName),
      (.v5, .topicAlias):
      nil
    case (.v5, _): reasonCode
    }
  }
}
