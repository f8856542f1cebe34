import Messages

extension Reader {
  private static let patternKeys = [
    "every", "rate", "send", "bytes", "file", "request", "publish", "conversation", "expect",
    "timeout",
    "delays", "substitute",
  ]
  private static let example = "for example heartbeat: {every: 30s, send: \"ping\"}"
  private static let defaultTimeout = Duration.seconds(5)

  /// Reads a mapping from names to patterns, and adds the patterns to `book`. Returns the names.
  @discardableResult
  mutating func messages(_ item: Item, into book: inout MessageBook) -> [PlacedName] {
    guard case .map(let fields) = item.value else {
      if case .broken = item.value { return [] }
      report(
        item.place, "messages needs a mapping of names, found \(item.foundWords)",
        hint: Self.example)
      return []
    }
    if fields.isEmpty { report(item.place, "messages is empty", hint: Self.example) }
    return fields.map { field in
      if !Variables.isName(field.key) {
        report(
          field.place, "\(quoted(field.key)) is not a name for a message",
          hint: "letters, digits, '_', '-' and '.', and a letter first")
      }
      if let other = book.entry(named: field.key) {
        report(
          field.place, "there is a message \(quoted(field.key)) already",
          hint: "the other one is in line \(other.place.line)"
            + (other.place.file == field.place.file
              ? "" : " of \(sources[other.place.file].name)"))
      } else {
        book.add(field)
      }
      return PlacedName(name: field.key, place: field.place)
    }
  }

  /// What a phase plays: a name, a list of names, or a mapping of new patterns.
  mutating func played(_ item: Item, into book: inout MessageBook) -> [PlacedName] {
    switch item.value {
    case .broken: return []
    case .map: return messages(item, into: &book)
    case .list(let items):
      if items.isEmpty { report(item.place, "messages is an empty list") }
      var known: Set<String> = []
      return items.compactMap { item in
        guard let name = text(item, "the name of a message") else { return nil }
        if !known.insert(name).inserted {
          report(item.place, "\(quoted(name)) stands twice in the list")
        }
        return PlacedName(name: name, place: item.place)
      }
    default:
      return text(item, "the name of a message, a list of names or a mapping").map {
        [PlacedName(name: $0, place: item.place)]
      } ?? []
    }
  }

  private mutating func pattern(
    _ field: Item.Field, reply: ServerReply?, spoken: SpokenContext
  ) -> MessagePattern? {
    let owner = "the message \(quoted(field.key))"
    guard let fields = fields(field.item, in: owner, known: Self.patternKeys) else { return nil }
    let pace = pace(fields, of: owner, at: field.place)
    let content = content(fields, of: owner, at: field.place, spoken: spoken)
    let timeout =
      fields["timeout"].map { value($0.item, "a duration", Units.positiveDuration) }
      ?? Self.defaultTimeout
    for key in Self.conversationKeys {
      guard fields["conversation"] == nil, let misplaced = fields[key] else { continue }
      report(
        misplaced.place, "'\(key)' is of use only with 'conversation'",
        hint: "write conversation: session.yaml, or leave it out")
    }
    if let content, case .webSocket(let settings) = spoken {
      return webSocketPattern(
        field, content, fields, pace: pace, timeout: timeout, reply: reply, settings: settings)
    }
    if let content, case .mqtt(let settings) = spoken {
      return mqttPattern(
        field, content, fields, pace: pace, timeout: timeout, reply: reply, settings: settings)
    }
    if let content, content.key == "conversation" {
      return conversationPattern(
        field, content, fields, pace: pace, timeout: timeout, reply: reply)
    }
    if let content, case .http(let requests) = spoken {
      guard let (request, template) = self.request(content, requests) else { return nil }
      let expectation = response(fields["expect"]?.item, to: request)
      guard let pace, let expectation, let timeout else { return nil }
      return MessagePattern(
        name: field.key, pace: pace, template: template, request: request,
        expectation: expectation, timeout: timeout.nanoseconds)
    }
    let template = content.flatMap { self.template($0) }
    let expectation = expectation(fields["expect"], of: field, reply: reply)
    guard let pace, let template, let expectation, let timeout else { return nil }
    return MessagePattern(
      name: field.key, pace: pace, template: template, expectation: expectation,
      timeout: timeout.nanoseconds)
  }

  private mutating func pace(
    _ fields: [String: Item.Field], of owner: String, at place: Place
  ) -> MessagePattern.Pace? {
    switch (fields["every"], fields["rate"]) {
    case (let every?, nil):
      return value(every.item, "a duration", Units.positiveDuration).map {
        .every($0.nanoseconds)
      }
    case (nil, let rate?):
      return value(rate.item, "a rate") { text throws(Problem) in
        text == "unlimited" ? .unlimited : .rate(try Units.positiveRate(text))
      }
    case (let every?, let rate?):
      report(
        max(every.place, rate.place), "\(owner) has both 'every' and 'rate'",
        hint: "keep one of them")
      return nil
    case (nil, nil):
      if fields["conversation"] != nil { return .once }
      report(
        place, "\(owner) needs 'every' or 'rate'",
        hint: "write every: 30s for each connection, or rate: 10k/s in all")
      return nil
    }
  }

  // MARK: The content of a message

  /// The field that gives the message's content. Nil, with an error, unless there is exactly one, and
  /// it suits the protocol.
  private mutating func content(
    _ fields: [String: Item.Field], of owner: String, at place: Place, spoken: SpokenContext
  ) -> Item.Field? {
    let own = spoken.content
    let isWebSocket = spoken.name == "websocket"
    let contents = ["send", "bytes", "file", "request", "publish", "conversation"]
      .compactMap { fields[$0] }
      .sorted { $0.place < $1.place }
    guard let field = contents.first else {
      if let own {
        report(place, "\(owner) needs '\(own.key)'", hint: own.example)
        return nil
      }
      if isWebSocket {
        report(
          place, "\(owner) needs 'send', 'bytes' or 'file'",
          hint: "write send: \"ping\", bytes: 64B or file: message.json")
        return nil
      }
      report(
        place, "\(owner) needs 'send', 'bytes', 'file' or 'conversation'",
        hint: "write send: \"ping\", bytes: 64B, file: request.bin or conversation: session.yaml")
      return nil
    }
    if contents.count > 1 {
      report(
        contents[1].place, "\(owner) has both '\(field.key)' and '\(contents[1].key)'",
        hint: "keep one of them")
      return nil
    }
    // The protocol whose messages have this key, and no other's.
    let needed = ["request": "http", "publish": "mqtt"][field.key]
    guard field.key == own?.key ?? field.key, needed == nil || needed == spoken.name else {
      let way = needed.map { "write protocol: \($0)" } ?? ""
      report(
        field.place, "\(owner) has '\(field.key)', and the plan's protocol is \(spoken.name)",
        hint: own?.example
          ?? (isWebSocket ? "write send: \"ping\", or \(way.dropFirst("write ".count))" : way))
      return nil
    }
    return field
  }

  /// The template of a message with `send`, `bytes` or `file`.
  mutating func template(_ field: Item.Field) -> MessageTemplate? {
    switch field.key {
    case "send": return template(field.item)
    case "bytes":
      return value(field.item, "a size", Self.messageSize).map {
        MessageTemplate(bytes: TemplateText.filler($0))
      }
    default: return text(field.item, "the name of a file").flatMap { file($0, field.item) }
    }
  }

  /// A text with placeholders.
  mutating func template(_ item: Item) -> MessageTemplate? {
    guard let text = text(item, "a text") else { return nil }
    do {
      let template = try TemplateText.parse(text, data)
      if template.mayBeEmpty {
        report(
          item.place, "\(quoted(text)) is empty for some rows, and a message has a byte at least",
          hint: "write more text beside it, or give every row a value")
      }
      return template
    } catch {
      report(find(error.part, from: item.place), error.problem)
      return nil
    }
  }

  private static func messageSize(_ text: String) throws(Problem) -> Int {
    let size = try Units.positiveSize(text)
    guard size <= MessageTemplate.mostBytes else {
      throw Problem("a message has no more than 1 MiB")
    }
    return size
  }

  private mutating func file(_ name: String, _ item: Item) -> MessageTemplate? {
    let path = FilePath.resolve(name, from: sources[item.place.file].path)
    guard let bytes = bytes(of: path, at: item.place) else { return nil }
    guard !bytes.isEmpty else {
      report(item.place, "the file \(quoted(name)) is empty")
      return nil
    }
    guard bytes.count <= MessageTemplate.mostBytes else {
      report(item.place, "a message has no more than 1 MiB, and \(quoted(name)) is larger")
      return nil
    }
    return MessageTemplate(bytes: bytes)
  }
}

// MARK: - Patterns that phases play

extension Reader {
  /// The patterns that phases play, in the order of the plan. Reports those that no phase plays,
  /// unless they come from an included file.
  ///
  /// - Parameters:
  ///   - reply: what the server does with a message; nil when it could not be read.
  mutating func patterns(
    _ book: MessageBook, playedBy phases: [PlacedPhase], reply: ServerReply?,
    spoken: SpokenContext
  ) -> [MessagePattern] {
    let known = book.entries.map(\.key)
    let names = phases.flatMap(\.messages)
    for name in names where !known.contains(name.name) {
      report(
        name.place, "there is no message \(quoted(name.name))",
        hint: didYouMean(name.name, known)
          ?? (known.isEmpty
            ? "write messages: {\(name.name): {every: 30s, send: \"ping\"}}"
            : "messages are \(known.joined(separator: ", "))"))
    }
    let played = Set(names.map(\.name))
    let used = book.entries.filter { played.contains($0.key) }
    if used.count > MessagePattern.most {
      report(
        used[MessagePattern.most].place,
        "a plan has at most \(MessagePattern.most) messages, and this is one more")
    }
    let unused = book.entries.filter { !played.contains($0.key) && $0.place.file == 0 }
    for field in unused {
      if !phases.isEmpty && !book.hasUnreadPhase {
        report(
          field.place, "no phase plays the message \(quoted(field.key))",
          hint: "for example - hold: {for: 30s, messages: \(field.key)}")
      }
      // Read all the same, so that what is wrong in it is reported.
      _ = pattern(field, reply: reply, spoken: spoken)
    }
    let patterns = used.compactMap { pattern($0, reply: reply, spoken: spoken) }
    checkClosing(patterns, playedBy: phases)
    return patterns
  }
}

extension Duration {
  /// The duration in whole nanoseconds. It must not be negative. No duration of a plan overflows: it is
  /// a year at most, or a hundred in a replay at the lowest speed.
  var nanoseconds: UInt64 {
    UInt64(components.seconds) * 1_000_000_000 + UInt64(components.attoseconds) / 1_000_000_000
  }
}
