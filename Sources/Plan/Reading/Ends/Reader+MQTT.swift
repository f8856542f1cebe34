import Messages
import Protocols

// MQTT in a plan: how it is read.

extension Reader {
  private static let mqttKeys = [
    "client-id", "username", "password", "keep-alive", "clean", "version", "subscribe",
  ]
  private static let publishKeys = ["topic", "payload", "bytes", "file", "qos", "retain"]
  static let publishExample =
    "write publish: {topic: \"t/{connection}\", payload: \"21.5\", qos: 1}"

  mutating func mqttSettings(_ item: Item) -> MQTTSettings? {
    guard let fields = fields(item, in: "mqtt", known: Self.mqttKeys) else { return nil }
    let errors = errorCount
    var settings = MQTTSettings()
    if let version = fields["version"] {
      settings.version = value(version.item, "a version", Self.version) ?? .v311
    }
    settings.clientIdentifier = fields["client-id"].flatMap {
      mqttText($0.item, "a client identifier", .string, settings.version)
    }
    settings.userName = fields["username"].flatMap {
      mqttText($0.item, "a user name", .string, settings.version)
    }
    settings.password = fields["password"].flatMap {
      mqttText($0.item, "a password", .binary, settings.version)
    }
    if let keepAlive = fields["keep-alive"] {
      settings.keepAlive = value(keepAlive.item, "a duration", Self.keepAlive) ?? 60
    }
    if let clean = fields["clean"] { settings.isClean = truth(clean.item) ?? true }
    if let filters = fields["subscribe"] {
      settings.subscriptions = subscriptions(filters.item, settings.version)
    }
    if let clean = fields["clean"], !settings.isClean, fields["client-id"] == nil {
      report(
        clean.place,
        "a session that is not clean is kept under the client's name, and there is no 'client-id'",
        hint: "write client-id: \"c-{connection}\", or leave out 'clean'")
    }
    if let password = fields["password"], fields["username"] == nil, settings.version == .v311 {
      report(
        password.place, "MQTT 3.1.1 has no password without a user name",
        hint: "write username as well, or version: 5")
    }
    return errorCount == errors ? settings : nil
  }

  private static func version(_ text: String) throws(Problem) -> MQTTVersion {
    switch text {
    case "3.1.1": return .v311
    case "5", "5.0": return .v5
    default:
      throw Problem(
        "\(quoted(text)) is no version of MQTT that is known here",
        hint: "write version: 3.1.1 or 5")
    }
  }

  private static func keepAlive(_ text: String) throws(Problem) -> UInt16 {
    if text == "off" { return 0 }
    let duration = try Units.positiveDuration(text)
    let seconds = Int(clamping: duration.components.seconds)
    guard duration.components.attoseconds == 0, MQTTSettings.keepAlives.contains(seconds) else {
      throw Problem(
        "a keep-alive is a whole number of seconds, up to 65535s",
        hint: "for example keep-alive: 60s, or off")
    }
    return UInt16(seconds)
  }

  private mutating func subscriptions(_ item: Item, _ version: MQTTVersion) -> [String] {
    var items = [item]
    if case .list(let several) = item.value {
      if several.isEmpty { report(item.place, "subscribe is an empty list") }
      items = several
    }
    var filters: [String] = []
    for item in items {
      guard let filter = mqttText(item, "a topic filter", .filter, version) else { continue }
      if filters.contains(filter) {
        report(item.place, "\(quoted(filter)) stands twice in the list")
      }
      filters.append(filter)
    }
    return filters
  }

  /// A text that each connection fills in, and that fits into a packet.
  private mutating func mqttText(
    _ item: Item, _ what: String, _ form: MQTTText.Form, _ version: MQTTVersion
  ) -> String? {
    guard let text = text(item, what), let template = template(item) else { return nil }
    if template.longest > MQTTLength.longestText {
      report(item.place, "\(what) has no more than 65,535 bytes")
      return nil
    }
    // Against the values themselves: the error shows none, and a filter's rules look at each level.
    let fault = template.firstValue { MQTTText.fault(in: $0, as: form, version) }
    if let fault {
      report(item.place, "\(quoted(text)) is not \(what): \(fault.words)")
      return nil
    }
    return text
  }

  /// What the built-in server cannot do of what a plan wants.
  mutating func checkMQTTServer(_ reply: ServerReply, _ settings: MQTTSettings, at place: Place) {
    switch reply {
    case .echo, .discard: break
    case .send, .push:
      report(
        place, "the built-in server of MQTT publishes nothing of its own",
        hint:
          "write reply: echo, which sends messages back to whoever has subscribed to them, or discard"
      )
    }
    if settings.subscriptions.count > Self.mostSubscriptions {
      report(
        place,
        "the built-in server keeps 4 topic filters of a connection, and 'subscribe' has more",
        hint: "use a wildcard, or a target")
    }
  }

  /// As many as `MQTTFilters` has room for.
  private static let mostSubscriptions = 4

  // MARK: Messages

  /// A message of MQTT; nil, with an error, where something in it is wrong.
  mutating func mqttPattern(
    _ message: Item.Field, _ content: Item.Field, _ fields: [String: Item.Field],
    pace: MessagePattern.Pace?, timeout: Duration?, reply: ServerReply?, settings: MQTTSettings
  ) -> MessagePattern? {
    guard let said = self.fields(content.item, in: "publish", known: Self.publishKeys) else {
      return nil
    }
    let errors = errorCount
    if said["topic"] == nil {
      report(content.place, "publish needs 'topic'", hint: Self.publishExample)
    }
    let topic = said["topic"].flatMap {
      mqttText($0.item, "a topic", .topic, settings.version)
    }
    let qos = said["qos"].map { value($0.item, "a QoS", Self.qos) } ?? .atMostOnce
    let isRetained = said["retain"].map { truth($0.item) } ?? false
    let payloads = ["payload", "bytes", "file"].compactMap { said[$0] }
      .sorted { $0.place < $1.place }
    if payloads.count > 1 {
      report(
        payloads[1].place, "publish has both '\(payloads[0].key)' and '\(payloads[1].key)'",
        hint: "keep one of them")
    }
    if payloads.isEmpty {
      report(
        content.place, "publish needs 'payload', 'bytes' or 'file'", hint: Self.publishExample)
    }
    let template = payloads.first.flatMap {
      $0.key == "payload" ? self.template($0.item) : self.template($0)
    }
    let expectation = qos.flatMap {
      publishExpectation(fields["expect"], of: message, qos: $0, reply: reply, settings: settings)
    }
    guard errorCount == errors, let pace, let topic, let qos, let isRetained, let template,
      let expectation, let timeout
    else { return nil }
    var pattern = MessagePattern(
      name: message.key, pace: pace, template: template, expectation: expectation,
      timeout: timeout.nanoseconds)
    pattern.publication = MessagePublication(
      topic: MQTTSettings.template(topic, data.tables), qos: qos, isRetained: isRetained)
    return pattern
  }

  private static func qos(_ text: String) throws(Problem) -> MQTTQoS {
    switch text {
    case "0": return .atMostOnce
    case "1": return .atLeastOnce
    case "2":
      throw Problem("messages of QoS 2 are not sent here", hint: "write qos: 0 or qos: 1")
    default: throw Problem("\(quoted(text)) is no QoS", hint: "write qos: 0 or qos: 1")
    }
  }

  /// What must come back: of QoS 1 that the server has it, of QoS 0 nothing, unless the plan says more.
  private mutating func publishExpectation(
    _ field: Item.Field?, of message: Item.Field, qos: MQTTQoS, reply: ServerReply?,
    settings: MQTTSettings
  ) -> MessagePattern.Expectation? {
    guard let field else {
      return qos == .atLeastOnce ? .acknowledged : MessagePattern.Expectation.none
    }
    if case .scalar("acknowledged") = field.item.value {
      if qos == .atLeastOnce { return .acknowledged }
      report(
        field.item.place, "a message of QoS 0 is not acknowledged",
        hint: "write qos: 1, or expect: none")
      return nil
    }
    guard let expectation = messageExpectation(field, of: message, reply: reply, in: "mqtt") else {
      return nil
    }
    if expectation == .none { return expectation }
    if reply == .discard {
      report(
        field.item.place, "the server discards what it receives, so nothing comes back",
        hint: "write expect: none or acknowledged, or reply: echo")
      return nil
    }
    guard !settings.subscriptions.isEmpty else {
      report(
        field.item.place, "a message comes back only to a client that has subscribed to its topic",
        hint: "write protocol: {mqtt: {subscribe: [\"t/{connection}\"]}}")
      return nil
    }
    guard case .text(let text) = expectation else { return expectation }
    // Payloads say more than what is looked for in them.
    guard text.count <= ByteSearch.mostText else {
      report(
        field.item.place, "a text in an answer has no more than 1,000 bytes",
        hint: "ask for a part of the answer")
      return nil
    }
    return .framed(.message, .text(text))
  }
}
