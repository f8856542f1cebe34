/// Reading the fields of packets: what each of them means, and what comes after it.
extension MQTTReader {
  // MARK: The fixed header

  mutating func took(header byte: UInt8) -> MQTTEvent? {
    header = byte
    guard let kind, kind != .auth || isV5 || !traits.contains(.hasVersion) else {
      return fail(.packetType)
    }
    // 3.1.1 has no DISCONNECT from a server.
    guard kind.isSent(to: role), kind != .disconnect || isV5 || role == .server else {
      return fail(.wrongDirection)
    }
    if traits.contains(.isOver) { return fail(.packetAfterEnd) }
    let isFirst = kind == .connect || kind == .connack
    if traits.contains(.isConnected) {
      if isFirst { return fail(.repeatedConnect) }
    } else if !isFirst, kind != .auth || role == .server {
      return fail(.firstPacket)
    }
    if let flags = kind.flags {
      if byte & 0b1111 != flags { return fail(.headerFlags) }
    } else {
      guard let facts = MQTTPublishFacts(header: byte) else { return fail(.qualityOfService) }
      if facts.qos == .atMostOnce, facts.isDuplicate { return fail(.duplicateWithoutQoS) }
    }
    identifier = 0
    code = 0
    seen = 0
    traits.subtract(.ofOnePacket)
    return go(to: .length)
  }

  mutating func tookLength(_ limits: MQTTLimits) -> MQTTEvent? {
    // A last byte whose seven bits are 0 could have been left out.
    if count > 1, number >> (7 * (UInt32(count) - 1)) == 0 {
      if isV5 { return fail(.overlongInteger) }
      traits.insert(.isOverlong)
    }
    remaining = number
    if 1 + UInt32(count) + remaining > limits.largestPacket { return fail(.packetTooLarge) }
    guard let kind else { return nil }
    switch kind {
    case .connect: return begin(.protocolName)
    case .connack: return go(to: .connackFlags)
    case .publish:
      _ = begin(.topic)
      return MQTTPublishFacts(header: header).map { .publishBegins($0) }
    case .puback, .pubrec, .pubrel, .pubcomp, .subscribe, .suback, .unsubscribe, .unsuback:
      return go(to: .identifier)
    case .pingreq, .pingresp: return finish()
    case .disconnect, .auth:
      // In 5.0 both may have no code, which means 0. In 3.1.1 a DISCONNECT never has one.
      if !isV5 || remaining == 0 { return finish() }
      return go(to: .code)
    }
  }

  // MARK: Numbers

  mutating func tookIdentifier() -> MQTTEvent? {
    if number == 0 { return fail(.packetIdentifier) }
    identifier = UInt16(truncatingIfNeeded: number)
    guard let kind else { return nil }
    switch kind {
    case .publish: return go(to: isV5 ? .propertyLength : .payload)
    case .subscribe:
      _ = isV5 ? go(to: .propertyLength) : begin(.topicFilter)
      return .subscribeBegins(identifier)
    case .unsubscribe:
      _ = isV5 ? go(to: .propertyLength) : begin(.topicFilter)
      return .unsubscribeBegins(identifier)
    case .suback: return go(to: isV5 ? .propertyLength : .codeOfFilter)
    case .unsuback: return isV5 ? go(to: .propertyLength) : finish()
    default:
      // In 5.0 the code may be left out, which means success. 3.1.1 has none.
      return !isV5 || remaining == 0 ? finish() : go(to: .code)
    }
  }

  mutating func took(code byte: UInt8) -> MQTTEvent? {
    code = byte
    guard let kind else { return nil }
    if kind == .connack {
      // A server that knows only 3.1.1 refuses 5.0 with a code of 3.1.1, and without properties.
      let isOlder = isV5 && remaining == 0 && 1...5 ~= byte
      guard isOlder || MQTTReason(isV5 ? .connack : .connackOf311, byte).isListed else {
        return fail(.reasonCode)
      }
      if byte != 0, identifier != 0 { return fail(.sessionPresent) }
      return isV5 && !isOlder ? go(to: .propertyLength) : finish()
    }
    guard reason?.isListed == true else { return fail(.reasonCode) }
    // All packets but AUTH may end here, without the length of their properties.
    return remaining == 0 && kind != .auth ? finish() : go(to: .propertyLength)
  }

  mutating func took(codeOfFilter byte: UInt8) -> MQTTEvent? {
    let isFirst = count == 0
    guard kind == .suback || kind == .unsuback else { return nil }
    let reason = MQTTReason(
      kind == .unsuback ? .unsuback : isV5 ? .suback : .subackOf311, byte)
    guard reason.isListed else { return fail(.reasonCode) }
    if isFirst {
      code = byte
    } else {
      // A higher code is worse, except for a granted QoS: there the lower one is.
      let highest = max(code, byte)
      code = kind == .unsuback || highest >= 0x80 ? highest : min(code, byte)
    }
    count = 1
    if remaining == 0 { place = .end }
    return kind == .suback ? .subackCode(identifier, reason) : .unsubackCode(identifier, reason)
  }

  // MARK: CONNECT

  mutating func took(level byte: UInt8) -> MQTTEvent? {
    guard let version = MQTTVersion(rawValue: byte) else { return fail(.protocolLevel) }
    traits.insert(.hasVersion)
    if version == .v5 {
      traits.insert(.isV5)
      if traits.contains(.isOverlong) { return fail(.overlongInteger) }
    }
    return go(to: .connectFlags)
  }

  mutating func took(connectFlags byte: UInt8) -> MQTTEvent? {
    code = byte
    if byte & 1 != 0 { return fail(.connectFlags) }
    let will = connectFacts.hasWill ? byte >> 3 & 0b11 : byte >> 3 & 0b111
    if connectFacts.hasWill ? will == 3 : will != 0 { return fail(.willFlags) }
    if !isV5, connectFacts.hasPassword, !connectFacts.hasUserName {
      return fail(.passwordWithoutUserName)
    }
    return go(to: .keepAlive)
  }

  mutating func tookKeepAlive() -> MQTTEvent? {
    var facts = connectFacts
    facts.keepAlive = UInt16(truncatingIfNeeded: number)
    _ = isV5 ? go(to: .propertyLength) : begin(.clientIdentifier)
    return .connectBegins(facts)
  }

  /// The flags of the CONNECT that is being read, which `code` keeps.
  private var connectFacts: MQTTConnectFacts {
    MQTTConnectFacts(version: isV5 ? .v5 : .v311, flags: code, keepAlive: 0)
  }

  // MARK: Texts

  mutating func tookTextLength() -> MQTTEvent? {
    if number > (field.isOfProperties ? propertiesLeft : remaining) { return fail(.textLength) }
    text = MQTTText()
    place = .text
    switch field {
    case .protocolName where number != 4: return fail(.protocolName)
    case .clientIdentifier where number == 0 && !isV5 && !connectFacts.isClean:
      return fail(.clientIdentifier)
    case .topic where number == 0 && isV5: traits.insert(.isTopicEmpty)
    case .topic, .willTopic, .responseTopic, .topicFilter:
      if number == 0 { return fail(.emptyTopic) }
    default: break
    }
    return nil
  }

  mutating func endedText() -> MQTTEvent? {
    if let fault = text.faultAtEnd(field.form) { return fail(fault) }
    switch field {
    case .protocolName: return go(to: .level)
    case .clientIdentifier:
      guard connectFacts.hasWill else { return goToUserName() }
      guard isV5 else { return begin(.willTopic) }
      traits.insert(.isOfWill)
      return go(to: .propertyLength)
    case .willTopic: return begin(.willPayload)
    case .willPayload: return goToUserName()
    case .userName: return goToPassword()
    case .password: return finish()
    case .topic:
      if MQTTPublishFacts(header: header)?.qos != .atMostOnce { return go(to: .identifier) }
      return go(to: isV5 ? .propertyLength : .payload)
    case .topicFilter:
      if kind == .subscribe { return go(to: .options) }
      _ = remaining == 0 ? go(to: .end) : begin(.topicFilter)
      return .unsubscribedFilter
    case .userPropertyName: return begin(.userPropertyValue)
    case .payload: return nil
    default: return go(to: .property)
    }
  }

  private mutating func goToUserName() -> MQTTEvent? {
    connectFacts.hasUserName ? begin(.userName) : goToPassword()
  }

  private mutating func goToPassword() -> MQTTEvent? {
    connectFacts.hasPassword ? begin(.password) : finish()
  }

  mutating func took(options byte: UInt8) -> MQTTEvent? {
    guard let options = MQTTSubscriptionOptions(byte: byte, isV5 ? .v5 : .v311) else {
      return fail(byte & 0b11 == 3 ? .qualityOfService : .subscriptionOptions)
    }
    if options.isNoLocal, text.isShared { return fail(.noLocalOnShare) }
    _ = remaining == 0 ? go(to: .end) : begin(.topicFilter)
    return .topicFilter(options)
  }

  // MARK: The end

  /// The reason code of the packet that is being read; nil for a packet without one. Right only
  /// once the code has come, and not for a malformed packet. Pieces of `MQTTField.reasonString`
  /// explain this code.
  package var reason: MQTTReason? {
    guard let kind else { return nil }
    let isServer = traits.contains(.isServer)
    let table: MQTTReason.Table
    switch kind {
    case .connack: table = isV5 && !(1...5 ~= code) ? .connack : .connackOf311
    case .puback: table = .puback
    case .pubrec: table = .pubrec
    case .pubrel: table = .pubrel
    case .pubcomp: table = .pubcomp
    case .suback: table = isV5 ? .suback : .subackOf311
    case .unsuback: table = .unsuback
    case .disconnect: table = isServer ? .disconnectFromClient : .disconnectFromServer
    case .auth: table = isServer ? .authFromClient : .authFromServer
    case .connect, .publish, .subscribe, .unsubscribe, .pingreq, .pingresp: return nil
    }
    return MQTTReason(table, code)
  }

  /// The packet has ended: returns its last event, and waits for the next packet.
  mutating func ended() -> MQTTEvent {
    place = .header
    guard let kind else { return .needsMore }
    let reason = reason ?? MQTTReason(.puback, 0)
    switch kind {
    case .connect:
      traits.insert(.isConnected)
      return .connectEnds
    case .connack:
      traits.insert(code == 0 ? .isConnected : .isOver)
      return .connack(isSessionPresent: identifier != 0, reason)
    case .publish:
      let facts = MQTTPublishFacts(header: header) ?? MQTTPublishFacts(qos: .atMostOnce)
      return .publishEnds(facts, identifier: identifier)
    case .puback: return .puback(identifier, reason)
    case .pubrec: return .pubrec(identifier, reason)
    case .pubrel: return .pubrel(identifier, reason)
    case .pubcomp: return .pubcomp(identifier, reason)
    case .subscribe: return .subscribeEnds(identifier)
    case .suback: return .suback(identifier, worst: reason)
    case .unsubscribe: return .unsubscribeEnds(identifier)
    case .unsuback: return .unsuback(identifier, worst: reason)
    case .pingreq: return .pingreq
    case .pingresp: return .pingresp
    case .disconnect:
      traits.insert(.isOver)
      return .disconnect(reason)
    case .auth: return .auth(reason)
    }
  }
}
