/// A kind of message that clients send again and again.
package struct MessagePattern: Sendable, Equatable {
  /// The most patterns that one plan may have.
  package static let most = 64

  package var name: String
  package var pace: Pace
  package var template: MessageTemplate
  /// The request that the template sends; nil where the plan gives the bytes.
  package var request: HTTPRequest?
  /// Whether the messages are binary, where the plan's protocol tells binary messages from text.
  package var isBinary = false
  /// How it is published, where the plan's protocol is MQTT: its template is the payload then.
  package var publication: MessagePublication?
  package var expectation: Expectation
  /// Nanoseconds from the instant at which a message was due until its answer counts as missing. In a
  /// conversation each answer may take this much longer than it took in the recording.
  package var timeout: UInt64
  /// The conversations that the pattern plays; nil for a pattern that sends messages.
  package private(set) var conversation: ConversationPattern?

  package init(
    name: String, pace: Pace, template: MessageTemplate, request: HTTPRequest? = nil,
    expectation: Expectation, timeout: UInt64
  ) {
    self.name = name
    self.pace = pace
    self.template = template
    self.request = request
    self.expectation = expectation
    self.timeout = timeout
  }

  /// A pattern that plays conversations: its template is empty, and its expectation `none`.
  package init(
    name: String, pace: Pace, conversation: ConversationPattern, timeout: UInt64
  ) {
    self.init(
      name: name, pace: pace, template: MessageTemplate(parts: []), expectation: .none,
      timeout: timeout)
    self.conversation = conversation
  }

  /// The most nanoseconds that a message or conversation takes from when it is due to its outcome.
  package var longestDuration: UInt64 {
    guard let conversation else { return timeout }
    return conversation.scripts.reduce(timeout) { max($0, $1.longestDuration(timeout: timeout)) }
  }

  package enum Pace: Sendable, Equatable {
    /// Nanoseconds between the messages of one connection; the connections start evenly spread.
    case every(UInt64)
    /// Messages per second over all connections, which take turns.
    case rate(Double)
    /// On each connection the next message as soon as the one before is answered.
    case unlimited
    /// Once on each connection in each phase, as soon as the phase begins or the connection is
    /// established. Only conversations have this pace.
    case once
  }

  /// What must come back for a message.
  package enum Expectation: Sendable, Equatable {
    /// The very same bytes.
    case echo
    /// Nothing: the message counts as received once it is sent whole.
    case none
    /// That the protocol says it has arrived: MQTT's PUBACK.
    case acknowledged
    /// So many bytes, whatever they are.
    case bytes(Int)
    /// Exactly these bytes: they are the whole answer.
    case text([UInt8])
    /// Bytes in which the expression is found, however many arrive before. Where the answer ends is
    /// not known.
    case matches(BytePattern)
    /// An answer that says where it ends, with the content (if any) in it.
    case framed(AnswerFrame, Content?)
  }

  /// What is looked for in an answer whose end is known.
  package enum Content: Sendable, Equatable {
    /// These bytes, anywhere in the answer.
    case text([UInt8])
    /// A match of the expression, anywhere in the answer.
    case matches(BytePattern)
  }
}
