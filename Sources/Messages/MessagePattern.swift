/// A kind of message that clients send again and again.
package struct MessagePattern: Sendable, Equatable {
  /// Patterns that one plan may have.
  package static let most = 8

  package var name: String
  package var pace: Pace
  package var template: MessageTemplate
  package var expectation: Expectation
  /// Nanoseconds from the instant that the schedule intended until an answer is missing.
  package var timeout: UInt64

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

  package enum Pace: Sendable, Equatable {
    /// Nanoseconds between the messages of one connection; spread evenly over the connections.
    case every(UInt64)
    /// Messages a second over all connections, which take turns.
    case rate(Double)
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
    /// Bytes in which the expression is found, however many arrive before.
    case matches(BytePattern)
  }
}

/// What the built-in server does with what it receives.
package enum ServerReply: Sendable, Equatable {
  case echo
  case discard
  /// Answers whatever one read brings with these bytes.
  case send([UInt8])
  /// Speaks first: these bytes to every connection, each `every` nanoseconds. Discards what it
  /// receives.
  case push(every: UInt64, [UInt8])

  /// What a server that speaks first says; nil for one that answers.
  package var pushed: [UInt8]? {
    if case .push(_, let bytes) = self { bytes } else { nil }
  }
}
