/// Recorded conversations that clients play, one of them on each connection.
package struct ConversationPattern: Sendable, Equatable {
  /// Path of the conversations' file, relative to the plan.
  package var file: String
  package var expectation: Expectation
  package var keepsDelays: Bool
  package var substitutions: [Substitution]
  /// The conversations of the file as they are played. Connection `n` plays
  /// `scripts[n % scripts.count]`.
  package var scripts: [ConversationScript]

  package enum Expectation: String, Sendable, CaseIterable {
    /// Every answer is what it was in the recording, byte for byte.
    case same
    /// Every answer is as long as it was.
    case length
    /// Clients do not wait for answers.
    case none
  }

  /// Whether a connection may play it and do nothing at all: the client has nothing to say, and waits for no answer.
  /// As fast as possible that would be a loop that never rests.
  package var mayDoNothing: Bool {
    expectation == .none && scripts.contains { $0.cues.isEmpty }
  }

  package enum Flaw: Error, Equatable {
    /// All conversations together, in both directions, may come to more bytes than
    /// `MessageTemplate.mostBytes`.
    case tooLong
    /// The substitutions with these indices have nothing to replace.
    case unused([Int])
    /// The substitution with this index replaces what stands right behind a place where anything may come, and its
    /// new text does not begin with a byte that is the same on each connection.
    case endless(Int)
    /// The substitution with this index has something to replace in a property of MQTT 5.0, where lengths do not
    /// follow.
    case inProperty(Int)
    /// With the substitution with this index a string of MQTT would be longer than its length can say.
    case longString(Int)
  }

  package init(
    file: String, _ conversations: [RecordedConversation], expectation: Expectation = .same,
    keepsDelays: Bool = true, substitutions: [Substitution] = []
  ) throws(Flaw) {
    var substituter = Substituter(substitutions)
    var scripts: [ConversationScript] = []
    for conversation in conversations {
      let script = try ConversationScript(
        conversation, waitsForAnswers: expectation != .none, keepsDelays: keepsDelays
      ) { (said: Speech, heard: Speech) throws(Flaw) in
        let lengths =
          substitutions.isEmpty
          ? (said: WrittenLengths(), heard: WrittenLengths())
          : WrittenLength.all(said: said.bytes, heard: heard.bytes)
        return (
          try substituter.templates(of: said, lengths.said),
          try substituter.templates(of: heard, lengths.heard)
        )
      }
      scripts.append(script)
    }
    guard substituter.unused.isEmpty else { throw .unused(substituter.unused.sorted()) }
    self.file = file
    self.expectation = expectation
    self.keepsDelays = keepsDelays
    self.substitutions = substitutions
    self.scripts = scripts
  }
}
