/// The strings and the binary data of packets: "texts" in this module.
package enum MQTTField: UInt8, BitwiseCopyable, Sendable, CaseIterable {
  case protocolName
  case clientIdentifier, willTopic, willPayload, userName, password
  case topic, payload, topicFilter
  // From here on, texts of properties.
  case reasonString, serverReference, authenticationMethod
  case authenticationData, assignedClientIdentifier, responseInformation
  case contentType, responseTopic, correlationData
  case userPropertyName, userPropertyValue

  /// Whether a reader returns the text's bytes (`MQTTEvent.piece`). It only checks the other texts.
  package var isGiven: Bool {
    switch self {
    case .protocolName: false
    case .clientIdentifier, .willTopic, .willPayload, .userName, .password, .topic, .payload,
      .topicFilter, .reasonString, .serverReference, .authenticationMethod:
      true
    case .authenticationData, .assignedClientIdentifier, .responseInformation, .contentType,
      .responseTopic, .correlationData, .userPropertyName, .userPropertyValue:
      false
    }
  }

  var isOfProperties: Bool { rawValue >= Self.reasonString.rawValue }

  package var form: MQTTText.Form {
    switch self {
    case .willPayload, .password, .payload, .authenticationData, .correlationData: .binary
    case .topic, .willTopic, .responseTopic: .topic
    case .topicFilter: .filter
    default: .string
    }
  }
}

/// Checks a string that comes byte by byte: that it is UTF-8 (3.1.1: 1.5.3; 5.0: 1.5.4), and the rules of
/// topic names and topic filters (4.7, and 4.8.2 of 5.0).
package struct MQTTText: BitwiseCopyable, Sendable {
  package enum Form: BitwiseCopyable, Sendable {
    case binary, string, topic
    case filter
  }

  /// From the lowest bit: three bits of `Character`, four of `Level`, and one for a shared subscription.
  private var bits: UInt8 = 0

  /// What has to come next: the first byte of a character, its last byte, its last two, or its last three.
  private enum Character {
    static var first: UInt8 { 0 }
    static var last: UInt8 { 1 }
    static var lastTwo: UInt8 { 2 }
    static var lastThree: UInt8 { 3 }
    /// The second byte of a character of three. The character must not fit into two.
    static var afterE0: UInt8 { 4 }
    /// The second byte of a character of three. The character must not be a surrogate.
    static var afterED: UInt8 { 5 }
    /// The second byte of a character of four. The character must not fit into three.
    static var afterF0: UInt8 { 6 }
    /// The second byte of a character of four. The character must not lie beyond U+10FFFF.
    static var afterF4: UInt8 { 7 }
  }

  /// Where in a topic filter the next byte stands. 1 to 6: after that many bytes of "$share".
  private enum Level {
    static var beginning: UInt8 { 0 }
    /// After all of "$share".
    static var shareWord: UInt8 { 6 }
    /// At the beginning of a level that is not the first.
    static var start: UInt8 { 7 }
    static var within: UInt8 { 8 }
    static var afterPlus: UInt8 { 9 }
    static var afterHash: UInt8 { 10 }
    static var shareNameStart: UInt8 { 11 }
    static var shareName: UInt8 { 12 }
    /// After the share name and its slash: a topic filter must follow.
    static var sharedStart: UInt8 { 13 }
  }

  init() {}

  /// Whether the topic filter so far is that of a shared subscription.
  var isShared: Bool { bits & 0x80 != 0 }

  /// What is wrong with a whole text; nil where nothing is.
  ///
  /// Only 5.0 has shared subscriptions: in 3.1.1, "$share" is a level like any other.
  package static func fault(
    in bytes: some Sequence<UInt8>, as form: Form, _ version: MQTTVersion
  ) -> MQTTMalformation? {
    var text = MQTTText()
    var count = 0
    for byte in bytes {
      if form != .binary, let fault = text.take(byte, form, isSharing: version == .v5) {
        return fault
      }
      count += 1
    }
    if count > MQTTLength.longestText { return .textLength }
    if count == 0 { return form == .topic || form == .filter ? .emptyTopic : nil }
    return text.faultAtEnd(form)
  }

  /// Takes one more byte of a string; returns what is wrong with the byte, and then stays as it is.
  ///
  /// - Parameter isSharing: whether the version is 5.0, which has shared subscriptions.
  mutating func take(_ byte: UInt8, _ form: Form, isSharing: Bool) -> MQTTMalformation? {
    let character = bits & 0b111
    var next = Character.first
    if character == Character.first {
      switch byte {
      case 0: return .nullCharacter
      case 1..<0x80: break
      case 0xC2...0xDF: next = Character.last
      case 0xE0: next = Character.afterE0
      case 0xED: next = Character.afterED
      case 0xE1...0xEF: next = Character.lastTwo
      case 0xF0: next = Character.afterF0
      case 0xF1...0xF3: next = Character.lastThree
      case 0xF4: next = Character.afterF4
      default: return .utf8
      }
    } else {
      let range: ClosedRange<UInt8>
      switch character {
      case Character.afterE0: (range, next) = (0xA0...0xBF, Character.last)
      case Character.afterED: (range, next) = (0x80...0x9F, Character.last)
      case Character.afterF0: (range, next) = (0x90...0xBF, Character.lastTwo)
      case Character.afterF4: (range, next) = (0x80...0x8F, Character.lastTwo)
      default: (range, next) = (0x80...0xBF, character - 1)
      }
      guard range.contains(byte) else { return .utf8 }
    }
    switch form {
    case .binary, .string: break
    case .topic:
      if byte == UInt8(ascii: "+") || byte == UInt8(ascii: "#") { return .wildcardInTopic }
    case .filter:
      if let fault = takeLevel(byte, isSharing: isSharing) { return fault }
    }
    bits = bits & ~0b111 | next
    return nil
  }

  /// As `take`, for the rules of topic filters.
  private mutating func takeLevel(_ byte: UInt8, isSharing: Bool) -> MQTTMalformation? {
    let level = bits >> 3 & 0b1111
    let (slash, plus, hash) = (UInt8(ascii: "/"), UInt8(ascii: "+"), UInt8(ascii: "#"))
    var next = Level.within
    switch level {
    case Level.afterHash: return .multiLevelWildcard
    case Level.afterPlus where byte != slash: return .singleLevelWildcard
    case Level.shareNameStart, Level.shareName:
      if byte == plus || byte == hash { return .shareName }
      if byte == slash {
        if level == Level.shareNameStart { return .shareName }
        next = Level.sharedStart
      } else {
        next = Level.shareName
      }
    case Level.shareWord where byte == slash:
      next = Level.shareNameStart
      bits |= 0x80
    case _ where byte == slash: next = Level.start
    case Level.beginning where byte == UInt8(ascii: "$") && isSharing: next = 1
    case Level.beginning, Level.start, Level.sharedStart:
      if byte == plus { next = Level.afterPlus }
      if byte == hash { next = Level.afterHash }
    default:
      if byte == plus { return .singleLevelWildcard }
      if byte == hash { return .multiLevelWildcard }
      if level < Level.shareWord, byte == Self.share(level) { next = level + 1 }
    }
    bits = bits & 0b1000_0111 | next << 3
    return nil
  }

  /// The byte of "$share" at this place, 1 to 5.
  private static func share(_ place: UInt8) -> UInt8 {
    switch place {
    case 1: UInt8(ascii: "s")
    case 2: UInt8(ascii: "h")
    case 3: UInt8(ascii: "a")
    case 4: UInt8(ascii: "r")
    default: UInt8(ascii: "e")
    }
  }

  /// What is wrong with a text that ends here and is not empty; nil where nothing is.
  func faultAtEnd(_ form: Form) -> MQTTMalformation? {
    if bits & 0b111 != Character.first { return .utf8 }
    guard form == .filter else { return nil }
    switch bits >> 3 & 0b1111 {
    case Level.shareNameStart, Level.shareName, Level.sharedStart: return .shareName
    default: return nil
    }
  }
}
