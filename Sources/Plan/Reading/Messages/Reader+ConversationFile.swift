import Messages

/// Reads files of conversations, which `capture` writes, or anyone by hand (docs/capture.md).
extension Reader {
  private static let fileKeys = ["conversation", "captured", "forward", "connections"]
  private static let stepKeys = ["send", "receive", "close", "after"]
  private static let fileExample =
    "write connections: [{steps: [{send: \"ping\"}, {receive: \"pong\"}]}]"
  private static let stepExample = "for example - {send: \"ping\", after: 10ms}"

  /// The conversations of a file; nil, with errors, when they cannot be read. A file that several
  /// messages play is read once, and its errors are reported once.
  mutating func conversations(in path: String, at place: Place) -> [RecordedConversation]? {
    if let known = conversations[path] { return known.isEmpty ? nil : known }
    let errors = errorCount
    let read = conversationFile(path, at: place)
    conversations[path] = errorCount == errors ? read ?? [] : []
    return errorCount == errors ? read : nil
  }

  private mutating func conversationFile(
    _ path: String, at place: Place
  ) -> [RecordedConversation]? {
    guard let bytes = bytes(of: path, at: place) else { return nil }
    guard bytes.count <= Plan.longestMessageFile else {
      report(place, "a file of conversations has no more than 1 MiB, and \(quoted(path)) is larger")
      return nil
    }
    sources.append(
      Source(
        name: FilePath.resolve(path, from: sources[0].name), path: path, text: SourceText(""),
        planLine: planLine(place)))
    let file = sources.count - 1
    guard let text = String(validating: bytes, as: UTF8.self) else {
      sources[file].text = SourceText(String(decoding: bytes, as: UTF8.self), file: file)
      report(
        SourceText.firstInvalid(in: bytes, file: file), "the file is not UTF-8 from here on",
        hint: "other bytes are written as {base64: \"AAEC/w==\"}")
      return nil
    }
    guard let root = root(of: text, file: file, kind: .conversation),
      let version = version(of: root),
      let fields = fields(root, in: "the file", known: Self.fileKeys)
    else { return nil }
    for key in ["captured", "forward"] { _ = fields[key].map { self.text($0.item, "a text") } }
    guard let connections = fields["connections"] else {
      report(root.place, "the file has no 'connections'", hint: Self.fileExample)
      return nil
    }
    return items(of: connections.item, "connections", example: Self.fileExample)
      .compactMap { conversation($0, version) }
  }

  /// Nil, with an error, for a file of another version, or of another format. The caller then leaves
  /// the file's other keys alone: they may mean something else.
  private mutating func version(of root: Item) -> Int? {
    guard case .map(let fields) = root.value else {
      if case .broken = root.value { return nil }
      report(
        root.place, "a file of conversations needs a mapping, found \(root.foundWords)",
        hint: "it begins with conversation: 1")
      return nil
    }
    guard let version = fields.first(where: { $0.key == "conversation" }) else {
      report(
        root.place, "the file has no 'conversation', the version of its format",
        hint: "begin it with conversation: 1")
      return nil
    }
    guard let text = text(version.item, "the version of the format") else { return nil }
    guard let number = Int(text), number > 0 else {
      report(
        version.item.place, "\(quoted(text)) is not the version of a format",
        hint: "write conversation: 1")
      return nil
    }
    guard CaptureFile.versions.contains(number) else {
      report(
        version.item.place,
        "the file has version \(number) of the format, and this runner reads versions "
          + "\(CaptureFile.versions.lowerBound) and \(CaptureFile.versions.upperBound)",
        hint: "a newer runner reads it")
      return nil
    }
    return number
  }

  private mutating func items(of item: Item, _ owner: String, example: String) -> [Item] {
    switch item.value {
    case .broken: return []
    case .list(let items):
      if items.isEmpty { report(item.place, "\(owner) is an empty list", hint: example) }
      return items
    default:
      report(item.place, "\(owner) needs a list, found \(item.foundWords)", hint: example)
      return []
    }
  }

  // MARK: One conversation

  // After an unknown key, no missing key is reported: the unknown one may be the same key misspelt.

  private mutating func conversation(
    _ item: Item, _ version: Int
  ) -> RecordedConversation? {
    let errors = errorCount
    guard let fields = fields(item, in: "a connection", known: ["client", "steps", "truncated"])
    else { return nil }
    let client = fields["client"].flatMap { text($0.item, "an address") }
    // `truncated` changes nothing: it tells people that the conversation went on after its last step.
    if let field = fields["truncated"], let word = text(field.item, "true or false"),
      !["true", "false"].contains(word)
    {
      report(field.item.place, "'truncated' is true or false, found \(quoted(word))")
    }
    guard let steps = fields["steps"] else {
      guard errorCount == errors else { return nil }
      report(item.place, "a connection needs 'steps'", hint: Self.fileExample)
      return nil
    }
    var order = StepOrder()
    let read = items(of: steps.item, "steps", example: Self.stepExample).compactMap { item in
      let step = self.step(item, version)
      if let step, let problem = order.problem(with: step.action, at: item.place) {
        report(item.place, problem)
      }
      return step
    }
    return RecordedConversation(client: client ?? "", steps: read)
  }

  private mutating func step(
    _ item: Item, _ version: Int
  ) -> RecordedConversation.Step? {
    let errors = errorCount
    guard let fields = fields(item, in: "a step", known: Self.stepKeys) else { return nil }
    let actions = ["send", "receive", "close"].compactMap { fields[$0] }
      .sorted { $0.place < $1.place }
    guard let field = actions.first else {
      guard errorCount == errors else { return nil }
      report(item.place, "a step needs 'send', 'receive' or 'close'", hint: Self.stepExample)
      return nil
    }
    if actions.count > 1 {
      report(
        actions[1].place, "a step has both '\(field.key)' and '\(actions[1].key)'",
        hint: "begin the second one with '- '")
    }
    let after = fields["after"].map { value($0.item, "a duration", Units.duration) } ?? .zero
    let action: RecordedConversation.Action?
    switch field.key {
    case "send": action = saidBytes(field.item).map { .send($0) }
    case "receive": action = heardBytes(field.item, version)
    default: action = word(field.item, as: Side.self).map { .close(byClient: $0 == .client) }
    }
    guard let action, let after else { return nil }
    return RecordedConversation.Step(action, after: after.nanoseconds)
  }

  private enum Side: String, CaseIterable {
    case client, server
  }
}

/// Checks the order of a conversation's steps: a side that has closed can say no more.
private struct StepOrder {
  /// The line of the client's close; nil before it.
  private var clientCloseLine: Int?
  /// The line of the server's close; nil before it.
  private var serverCloseLine: Int?

  /// Takes the next step, and returns what is wrong with it; nil when nothing is.
  mutating func problem(with action: RecordedConversation.Action, at place: Place) -> Problem? {
    switch action {
    case .send: return Self.problem("client", clientCloseLine)
    case .receive: return Self.problem("server", serverCloseLine)
    case .close(byClient: true):
      defer { clientCloseLine = clientCloseLine ?? place.line }
      return Self.problem("client", clientCloseLine)
    case .close(byClient: false):
      defer { serverCloseLine = serverCloseLine ?? place.line }
      return Self.problem("server", serverCloseLine)
    }
  }

  private static func problem(_ side: String, _ line: Int?) -> Problem? {
    line.map { Problem("the \(side) has closed its side already", hint: "in line \($0)") }
  }
}
