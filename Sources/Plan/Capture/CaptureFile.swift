package import Messages

/// What `capture` recorded. `yaml` has it in the format of docs/capture.md.
package struct CaptureFile: Sendable, Equatable {
  /// The version of the format.
  package static let version = 1

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
