package import Messages

/// What `capture` recorded. `yaml` has it in the format of docs/capture.md.
package struct CaptureFile: Sendable, Equatable {
  /// The version of the format: the lowest one that has all that the file needs, so that older runners read what
  /// they can.
  var version: Int { volatileValues > 0 ? 2 : 1 }

  /// The versions that this runner reads. In version 1 no part of an answer may be anything.
  static let versions = 1...2

  /// When `capture` began, in UTC: ISO 8601 with milliseconds.
  package var captured: String
  /// The server that `capture` forwarded all clients to: `ADDRESS:PORT`.
  package var forward: String
  package var connections: [Connection]

  package init(captured: String, forward: String, connections: [Connection]) {
    self.captured = captured
    self.forward = forward
    self.connections = connections
  }

  /// How many parts of answers may be anything.
  package var volatileValues: Int {
    connections.flatMap(\.conversation.steps).reduce(0) { total, step in
      if case .receive(_, let anything) = step.action { total + anything.count } else { total }
    }
  }

  package struct Connection: Sendable, Equatable {
    package var conversation: RecordedConversation
    /// Whether client and server said more than `conversation` holds.
    package var isTruncated: Bool

    package init(_ conversation: RecordedConversation, isTruncated: Bool) {
      self.conversation = conversation
      self.isTruncated = isTruncated
    }
  }
}
