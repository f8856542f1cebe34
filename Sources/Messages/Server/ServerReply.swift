/// What the built-in server does with what it receives.
package enum ServerReply: Sendable, Equatable {
  case echo
  case discard
  /// Answers with these bytes: each read that brings anything, or where the server speaks HTTP or WebSocket, each
  /// request or message.
  case send([UInt8])
  /// Sends these bytes to every connection, unasked, once in every interval of so many nanoseconds. Discards
  /// what it receives.
  case push(every: UInt64, [UInt8])

  /// The bytes of `send`; nil for a server that echoes or does not answer.
  package var ownAnswer: [UInt8]? {
    if case .send(let bytes) = self { bytes } else { nil }
  }

  /// Whether all that the server says of its own is text, in UTF-8.
  package var isText: Bool {
    String(validating: ownAnswer ?? pushed ?? [], as: UTF8.self) != nil
  }

  /// The bytes of `push`; nil for a server that does not speak first.
  package var pushed: [UInt8]? {
    if case .push(_, let bytes) = self { bytes } else { nil }
  }
}
