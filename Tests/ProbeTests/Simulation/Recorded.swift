import Messages
import Probe
import Testing

extension RecordedConversation.Step {
  static func says(_ text: String, after delay: Duration = .zero) -> Self {
    Self(.send(Array(text.utf8)), after: delay.nanoseconds)
  }

  static func hears(_ text: String, after delay: Duration = .zero) -> Self {
    Self(.receive(Array(text.utf8)), after: delay.nanoseconds)
  }

  static func clientCloses(after delay: Duration = .zero) -> Self {
    Self(.close(byClient: true), after: delay.nanoseconds)
  }

  static func serverCloses(after delay: Duration = .zero) -> Self {
    Self(.close(byClient: false), after: delay.nanoseconds)
  }
}

extension MessagePattern {
  /// Conversations, each answer to come within a second.
  static func playing(
    _ conversations: [RecordedConversation.Step]..., pace: Pace = .once,
    expect: ConversationPattern.Expectation = .same, keepsDelays: Bool = true,
    substitutions: [Substitution] = [], timeout: Duration = .seconds(1)
  ) throws -> MessagePattern {
    let recorded = conversations.map { RecordedConversation(client: "", steps: $0) }
    return MessagePattern(
      name: "test", pace: pace,
      conversation: try ConversationPattern(
        file: "test.yaml", recorded, expectation: expect, keepsDelays: keepsDelays,
        substitutions: substitutions),
      timeout: timeout.nanoseconds)
  }
}

extension Substitution {
  init(_ old: String, _ new: MessageTemplate.Part...) {
    self.init(old: Array(old.utf8), new: MessageTemplate(parts: new))
  }
}

extension Stage {
  /// What has come on a connection, as text.
  func text(on place: Int = 0) -> String { String(decoding: heard(on: place), as: UTF8.self) }

  /// Says a text and lets it arrive.
  func say(_ text: String, on place: Int = 0, for time: Duration = .zero) {
    say(Array(text.utf8), on: place, for: time)
  }
}
