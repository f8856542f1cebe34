/// A kind of message that clients send again and again.
package struct MessagePattern: Sendable, Equatable {
  /// Patterns that one plan may have.
  package static let most = 8

  package var name: String
  package var pace: Pace
  package var template: MessageTemplate
  package var expectation: Expectation
  /// Nanoseconds from the instant that the schedule intended until an answer is missing; of a
  /// conversation the same for each of its answers.
  package var timeout: UInt64
  /// What is played instead of one message and its answer; nil for a pattern that sends messages.
  package private(set) var conversation: ConversationPattern?

  package init(
    name: String, pace: Pace, template: MessageTemplate, expectation: Expectation,
    timeout: UInt64
  ) {
    self.name = name
    self.pace = pace
    self.template = template
    self.expectation = expectation
    self.timeout = timeout
  }

  /// A pattern that plays conversations: its template is empty, and its expectation nothing.
  package init(
    name: String, pace: Pace, conversation: ConversationPattern, timeout: UInt64
  ) {
    self.init(
      name: name, pace: pace, template: MessageTemplate(parts: []), expectation: .none,
      timeout: timeout)
    self.conversation = conversation
  }

  /// Nanoseconds that it may take at most from the instant at which it is due to its outcome.
  package var longest: UInt64 {
    guard let conversation else { return timeout }
    return conversation.scripts.reduce(timeout) { max($0, $1.longest(timeout: timeout)) }
  }

  package enum Pace: Sendable, Equatable {
    /// Nanoseconds between the messages of one connection; spread evenly over the connections.
    case every(UInt64)
    /// Messages a second over all connections, which take turns.
    case rate(Double)
    /// On each connection the next one as soon as the one before is answered.
    case unlimited
    /// Once on each connection in each phase, as soon as the phase begins or the connection is
    /// established. Only conversations have this pace.
    case once
  }

  /// What a message is answered with.
  package enum Expectation: Sendable, Equatable {
    /// The very same bytes.
    case echo
    /// Nothing: the message counts as done when it is sent.
    case none
    /// So many bytes, whatever they are.
    case bytes(Int)
    case text([UInt8])
    /// Bytes in which the expression is found, however many arrive before. Where the answer ends is
    /// not known.
    case matches(BytePattern)
    /// All bytes up to and with a delimiter, with this among them where it is not nil.
    case until([UInt8], Content?)
  }

  /// What is looked for in an answer whose end is known.
  package enum Content: Sendable, Equatable {
    case text([UInt8])
    case matches(BytePattern)
  }

  /// The longest delimiter, in bytes: a search for it keeps a bit for each of them in one word, and one
  /// for each of as many bytes before it in another.
  package static let longestDelimiter = 32
}
