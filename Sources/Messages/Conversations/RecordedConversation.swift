/// What one real client and its server said to each other, as `capture` recorded it.
package struct RecordedConversation: Sendable, Equatable {
  /// Who the client was. Only for people who read the file.
  package var client: String
  package var steps: [Step]

  package init(client: String, steps: [Step]) {
    self.client = client
    self.steps = steps
  }

  package struct Step: Sendable, Equatable {
    package var action: Action
    /// Nanoseconds since the step before, or since the connection was established.
    package var after: UInt64

    package init(_ action: Action, after: UInt64) {
      self.action = action
      self.after = after
    }
  }

  package enum Action: Sendable, Equatable {
    /// The client sent these bytes.
    case send([UInt8])
    /// The server sent these bytes. Those in the ranges `anything` are not what it must send when the
    /// conversation is played: any others, or none, may stand in their place. The ranges are in order, and a byte
    /// that is in none of them comes behind each: the first such byte ends what may be anything.
    case receive([UInt8], anything: [Range<Int>] = [])
    /// The client or the server closed its side, and sends nothing more.
    case close(byClient: Bool)
  }
}
