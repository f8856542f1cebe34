import Messages
import Recording

/// Reads messages that play recorded conversations.
extension Reader {
  /// The keys that only a message with a `conversation` may have.
  static let conversationKeys = ["delays", "substitute"]

  /// The pattern of a message with a `conversation`; nil, with an error, when anything in it is
  /// wrong.
  ///
  /// - Parameters:
  ///   - message: the message under its name.
  ///   - field: the `conversation` of the message.
  ///   - fields: all fields of the message.
  mutating func conversationPattern(
    _ message: Item.Field, _ field: Item.Field, _ fields: [String: Item.Field],
    pace: MessagePattern.Pace?, timeout: Duration?, reply: ServerReply?
  ) -> MessagePattern? {
    let expectation =
      fields["expect"].map { word($0.item, as: ConversationPattern.Expectation.self) } ?? .same
    let delays = fields["delays"].map { word($0.item, as: Delays.self) } ?? .recorded
    let substitutions = fields["substitute"].map { self.substitutions($0.item) } ?? []
    guard let name = text(field.item, "the name of a file") else { return nil }
    let path = FilePath.resolve(name, from: sources[field.item.place.file].path)
    guard let recorded = conversations(in: path, at: field.item.place), let expectation, let delays,
      let substitutions
    else { return nil }
    let conversation: ConversationPattern
    do {
      conversation = try ConversationPattern(
        file: path, recorded, expectation: expectation, keepsDelays: delays == .recorded,
        substitutions: substitutions.map(\.substitution))
    } catch {
      report(error, of: field.item.place, substitutions)
      return nil
    }
    if expectation != .none, conversation.scripts.contains(where: { !$0.answers.isEmpty }),
      let problem = reply?.whyNoAnswer
    {
      report(fields["expect"]?.item.place ?? message.place, problem)
    }
    guard let pace, let timeout else { return nil }
    if pace == .unlimited, conversation.mayDoNothing {
      report(
        fields["expect"]?.item.place ?? message.place,
        "the client says nothing in a conversation of \(quoted(name)), and waits for no answer",
        hint: "wait for its answers, or say how often with every or rate")
    }
    return MessagePattern(
      name: message.key, pace: pace, conversation: conversation, timeout: timeout.nanoseconds)
  }

  private enum Delays: String, CaseIterable {
    case recorded, none
  }

  private mutating func report(
    _ flaw: ConversationPattern.Flaw, of file: Place,
    _ substitutions: [(place: Place, substitution: Substitution)]
  ) {
    switch flaw {
    case .tooLong:
      report(
        file, "with what is put into them, the conversations have more than 1 MiB",
        hint: "replace less, or capture less")
    case .unused(let unused):
      for index in unused {
        let (place, substitution) = substitutions[index]
        report(
          place,
          "\(quoted(String(decoding: substitution.old, as: UTF8.self))) is nowhere in what is played"
        )
      }
    case .endless(let index):
      report(
        substitutions[index].place,
        "what may be anything would end here, with a byte that each connection has another one of",
        hint: "replace less, so that the text behind it begins as it was recorded")
    case .inProperty(let index):
      report(
        substitutions[index].place,
        "\(quoted(String(decoding: substitutions[index].substitution.old, as: UTF8.self))) stands in a"
          + " property of MQTT 5.0, and the lengths there do not follow",
        hint: "replace a longer text that stands elsewhere only, or capture without that property")
    case .longString(let index):
      report(
        substitutions[index].place,
        "with what is put in place of"
          + " \(quoted(String(decoding: substitutions[index].substitution.old, as: UTF8.self))), a string of"
          + " MQTT has more than 65,535 bytes", hint: "put in a shorter text")
    }
  }

  // MARK: Substitutions

  /// The substitutions, each with its place; nil, with an error, when any of them is wrong.
  private mutating func substitutions(
    _ item: Item
  ) -> [(place: Place, substitution: Substitution)]? {
    let example = "for example substitute: {\"old\": \"new {connection}\"}"
    guard case .map(let fields) = item.value else {
      if case .broken = item.value { return nil }
      report(
        item.place, "substitute needs a mapping from old to new texts, found \(item.foundWords)",
        hint: example)
      return nil
    }
    if fields.isEmpty { report(item.place, "substitute is empty", hint: example) }
    let errors = errorCount
    let substitutions = fields.compactMap {
      field -> (place: Place, substitution: Substitution)? in
      guard !field.key.isEmpty else {
        report(field.place, "an empty text is everywhere", hint: example)
        return nil
      }
      return template(field.item).map {
        (field.place, Substitution(old: Array(field.key.utf8), new: $0))
      }
    }
    return fields.isEmpty || errorCount > errors ? nil : substitutions
  }

  // MARK: Phases that play conversations

  /// Reports phases that are to raise the number of connections, and play a conversation that closes
  /// its connection.
  mutating func checkClosing(_ patterns: [MessagePattern], playedBy phases: [PlacedPhase]) {
    let closing = Set(patterns.filter(\.closesConnections).map(\.name))
    for phase in phases {
      guard let kind = phase.phase?.kind.phaseKind, kind.addsConnections else { continue }
      for name in phase.messages where closing.contains(name.name) {
        report(
          name.place,
          "\(quoted(name.name)) closes its connections, so a \(kind.rawValue) would never hold as many as "
            + "it should", hint: "let a churn or a hold play it")
      }
    }
  }
}

extension MessagePattern {
  /// Whether any of the pattern's conversations closes its connection at its end.
  fileprivate var closesConnections: Bool {
    conversation?.scripts.contains { $0.closeLag != nil || $0.cues.last?.act == .close } ?? false
  }
}
