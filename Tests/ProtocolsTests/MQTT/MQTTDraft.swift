import GoldenFiles
import Protocols
import Testing

/// Streams of packets that a seed draws, with what a reader has to tell of them.
struct MQTTDraft {
  var chance: Chance
  let version: MQTTVersion
  /// Who reads.
  let role: MQTTRole
  var bytes: [UInt8] = []
  var parts: [MQTTStory.Part] = []

  init(_ version: MQTTVersion, to role: MQTTRole, seed: UInt64, packets: Int) {
    chance = Chance(seed)
    self.version = version
    self.role = role
    switch role {
    case .client: appendConnack()
    case .server: appendConnect()
    }
    for _ in 0..<packets { appendPacket() }
    if chance.happens(30), version == .v5 || role == .server { appendDisconnect() }
  }

  var reader: MQTTReader { role == .server ? .server : .init(client: version) }

  private mutating func append(_ header: UInt8, _ body: [UInt8]) {
    bytes += mqttPacket(header, body)
  }

  // MARK: What packets are made of

  private mutating func data(_ most: Int) -> [UInt8] {
    let most = chance.happens(5) ? most * 40 : most
    return (0..<chance.below(most + 1)).map { _ in UInt8(chance.below(256)) }
  }

  private mutating func string(least: Int = 0, _ most: Int = 6) -> [UInt8] {
    let count = least + chance.below(most + 1 - least)
    let letters = ["a", "b", " ", "/", "$", "ä", "€", "🚗", "\u{1}", "\u{FEFF}"]
    return (0..<count).flatMap { _ in Array(chance.pick(letters).utf8) }
  }

  private mutating func filter() -> [UInt8] {
    let levels = (0...chance.below(4)).map { _ in chance.pick(["", "a", "+", "ä", "b c"]) }
    var text = levels.joined(separator: "/")
    if text.isEmpty { text = "#" } else if chance.happens(30) { text += "/#" }
    if chance.happens(20) { text = "$share/group/" + text }
    return Array(text.utf8)
  }

  private mutating func identifier() -> UInt16 { UInt16(1 + chance.below(65_535)) }

  private static func big(_ value: UInt16) -> [UInt8] {
    [UInt8(value >> 8), UInt8(value & 255)]
  }

  private mutating func tell(_ field: MQTTField, _ bytes: [UInt8]) {
    guard field.isGiven, !bytes.isEmpty else { return }
    parts.append(.text(field, bytes))
  }

  /// Properties that an owner may have, behind their length; nothing in 3.1.1.
  private mutating func properties(_ owner: MQTTStandardProperties.Owner) -> [UInt8] {
    guard version == .v5 else { return [] }
    var all: [UInt8] = []
    let rows = MQTTStandardProperties.table.filter { row in
      guard row.owners.contains(owner) else { return false }
      return switch (owner, row.identifier) {
      case (.packet(.publish), 11), (.packet(.disconnect), 28): role == .client
      case (.packet(.disconnect), 17): role == .server
      default: row.identifier != 22 && row.identifier != 35
      }
    }
    for row in chance.some(of: rows, percent: 40) {
      for _ in 0..<(row.identifier == 38 ? 1 + chance.below(3) : 1) {
        all.append(row.identifier)
        all += value(row.identifier, row.form)
      }
    }
    return mqttInteger(all.count) + all
  }

  private mutating func value(
    _ identifier: UInt8, _ form: MQTTStandardProperties.Form
  ) -> [UInt8] {
    let property = MQTTProperty(rawValue: identifier)!
    var number = UInt32(1 + chance.below(1000))
    let bytes: [UInt8]
    switch form {
    case .byte:
      number %= 2
      bytes = [UInt8(number)]
    case .two: bytes = Self.big(UInt16(number))
    case .four:
      number |= UInt32(chance.below(1 << 16)) << 16
      bytes = Self.big(UInt16(number >> 16)) + Self.big(UInt16(number & 0xFFFF))
    case .variable: bytes = mqttInteger(Int(number))
    case .string, .topic:
      let text = string(least: form == .topic ? 1 : 0)
      switch property {
      case .reasonString: tell(.reasonString, text)
      case .serverReference: tell(.serverReference, text)
      case .authenticationMethod: tell(.authenticationMethod, text)
      default: break
      }
      return mqttText(text)
    case .binary: return mqttText(data(5))
    case .pair: return mqttText(string()) + mqttText(string())
    }
    parts.append(.event(.value(property, number)))
    return bytes
  }

  // MARK: Packets

  private mutating func appendConnect() {
    let flags = chance.some(of: [0b1000_0000, 0b100_0000, 0b100, 0b10] as [UInt8])
      .reduce(0, |)
    var facts = MQTTConnectFacts(
      version: version, flags: flags, keepAlive: UInt16(chance.below(1 << 16)))
    if version == .v311, !facts.hasUserName { facts.flags &= ~0b100_0000 }
    if facts.hasWill { facts.flags |= UInt8(chance.below(3) << 3 | chance.below(2) << 5) }
    parts.append(.event(.connectBegins(facts)))
    var body = mqttText("MQTT") + [version.rawValue, facts.flags] + Self.big(facts.keepAlive)
    body += properties(.packet(.connect))
    var fields: [MQTTField] = [.clientIdentifier]
    if facts.hasWill { fields += [.willTopic, .willPayload] }
    if facts.hasUserName { fields.append(.userName) }
    if facts.hasPassword { fields.append(.password) }
    for field in fields {
      let isNeeded = field == .willTopic || field == .clientIdentifier && !facts.isClean
      if field == .willTopic { body += properties(.will) }
      let text = field.form == .binary ? data(9) : string(least: isNeeded ? 1 : 0)
      tell(field, text)
      body += mqttText(text)
    }
    append(0x10, body)
    parts.append(.event(.connectEnds))
  }

  private mutating func appendConnack() {
    let isPresent = chance.happens(50)
    append(0x20, [isPresent ? 1 : 0, 0] + properties(.packet(.connack)))
    let table: MQTTReason.Table = version == .v5 ? .connack : .connackOf311
    parts.append(.event(.connack(isSessionPresent: isPresent, .init(table, 0))))
  }

  private mutating func appendDisconnect() {
    let table: MQTTReason.Table =
      role == .client ? .disconnectFromServer : .disconnectFromClient
    let code: UInt8 = version == .v5 ? chance.pick([0, 0x81, 0x97]) : 0
    let form = version == .v5 ? chance.below(3) : 0
    switch form {
    case 0 where code == 0: append(0xE0, [])
    case 1: append(0xE0, [code])
    default: append(0xE0, [code] + properties(.packet(.disconnect)))
    }
    parts.append(.event(.disconnect(.init(table, code))))
  }

  private mutating func appendPacket() {
    switch chance.below(5) {
    case 0, 1: appendPublish()
    case 2: appendAnswer()
    case 3: role == .client ? appendCodes() : appendFilters()
    default:
      append(role == .client ? 0xD0 : 0xC0, [])
      parts.append(.event(role == .client ? .pingresp : .pingreq))
    }
  }

  private mutating func appendPublish() {
    let qos = chance.pick(MQTTQoS.allCases)
    let facts = MQTTPublishFacts(
      qos: qos, isDuplicate: qos != .atMostOnce && chance.happens(30),
      isRetained: chance.happens(30))
    let topic = string(least: 1)
    let identifier = qos == .atMostOnce ? 0 : identifier()
    parts.append(.event(.publishBegins(facts)))
    tell(.topic, topic)
    var body = mqttText(topic) + (identifier == 0 ? [] : Self.big(identifier))
    body += properties(.packet(.publish))
    let payload = data(20)
    tell(.payload, payload)
    append(
      0x30 | (facts.isDuplicate ? 8 : 0) | qos.rawValue << 1 | (facts.isRetained ? 1 : 0),
      body + payload)
    parts.append(.event(.publishEnds(facts, identifier: identifier)))
  }

  private mutating func appendAnswer() {
    let identifier = identifier()
    let kind = chance.pick([MQTTPacketKind.puback, .pubrec, .pubrel, .pubcomp])
    let isFirst = kind == .puback || kind == .pubrec
    let code: UInt8 = version == .v5 ? chance.pick([0, isFirst ? 0x97 : 0x92]) : 0
    var body = Self.big(identifier)
    if version == .v5, code != 0 || chance.happens(30) {
      body.append(code)
      if chance.happens(50) { body += properties(.packet(kind)) }
    }
    append(kind.header, body)
    let event: MQTTEvent =
      switch kind {
      case .puback: .puback(identifier, .init(.puback, code))
      case .pubrec: .pubrec(identifier, .init(.pubrec, code))
      case .pubrel: .pubrel(identifier, .init(.pubrel, code))
      default: .pubcomp(identifier, .init(.pubcomp, code))
      }
    parts.append(.event(event))
  }

  private mutating func appendCodes() {
    let identifier = identifier()
    let isSuback = chance.happens(60)
    var body = Self.big(identifier)
    body += properties(.packet(isSuback ? .suback : .unsuback))
    guard isSuback || version == .v5 else {
      append(0xB0, body)
      parts.append(.event(.unsuback(identifier, worst: .init(.unsuback, 0))))
      return
    }
    let table: MQTTReason.Table =
      isSuback ? version == .v5 ? .suback : .subackOf311 : .unsuback
    let listed = (UInt8.min...UInt8.max).filter { MQTTReason(table, $0).isListed }
    let codes = (0...chance.below(4)).map { _ in chance.pick(listed) }
    for code in codes {
      let reason = MQTTReason(table, code)
      parts.append(
        .event(isSuback ? .subackCode(identifier, reason) : .unsubackCode(identifier, reason)))
    }
    let failures = codes.filter { $0 >= 0x80 }
    let best = isSuback ? codes.min()! : codes.max()!
    let worst = MQTTReason(table, failures.max() ?? best)
    append(isSuback ? 0x90 : 0xB0, body + codes)
    parts.append(
      .event(
        isSuback ? .suback(identifier, worst: worst) : .unsuback(identifier, worst: worst)))
  }

  private mutating func appendFilters() {
    let identifier = identifier()
    let isSubscribe = chance.happens(60)
    parts.append(
      .event(isSubscribe ? .subscribeBegins(identifier) : .unsubscribeBegins(identifier)))
    var body = Self.big(identifier)
    body += properties(.packet(isSubscribe ? .subscribe : .unsubscribe))
    for _ in 0...chance.below(3) {
      let filter = filter()
      tell(.topicFilter, filter)
      body += mqttText(filter)
      guard isSubscribe else {
        parts.append(.event(.unsubscribedFilter))
        continue
      }
      var options = MQTTSubscriptionOptions(qos: chance.pick(MQTTQoS.allCases))
      var byte = options.qos.rawValue
      if version == .v5 {
        options.isNoLocal = !filter.starts(with: "$share".utf8) && chance.happens(50)
        options.isRetainAsPublished = chance.happens(50)
        options.retainHandling = UInt8(chance.below(3))
        byte |=
          (options.isNoLocal ? 4 : 0) | (options.isRetainAsPublished ? 8 : 0)
          | options.retainHandling * 16
      }
      body.append(byte)
      parts.append(.event(.topicFilter(options)))
    }
    append(isSubscribe ? 0x82 : 0xA2, body)
    parts.append(.event(isSubscribe ? .subscribeEnds(identifier) : .unsubscribeEnds(identifier)))
  }
}
