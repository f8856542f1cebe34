import Messages

// Reads and writes the built-in server's `reply`, and says which expectations it cannot meet.

extension Reader {
  mutating func reply(_ item: Item) -> ServerReply? {
    guard case .map(let written) = item.value else {
      return word(item, as: PlainReply.self).map { reply in
        switch reply {
        case .echo: .echo
        case .discard: .discard
        }
      }
    }
    let known = ["send", "push"]
    guard let fields = fields(item, in: "reply", known: known) else { return nil }
    let inOrder = fields.filter { known.contains($0.key) }
      .sorted { $0.value.place < $1.value.place }
    if inOrder.count > 1 {
      report(
        inOrder[1].value.place, "reply has both '\(inOrder[0].key)' and '\(inOrder[1].key)'",
        hint: "keep one of them")
      return nil
    }
    if let send = fields["send"] {
      return text(send.item, "a text").map { .send(Array($0.utf8)) }
    }
    if let push = fields["push"] { return self.push(push) }
    if written.isEmpty {
      report(
        item.place, "reply is empty",
        hint: "write reply: echo, discard, {send: \"text\"} or {push: {every: 10s, send: \"text\"}}"
      )
    }
    return nil
  }

  private mutating func push(_ field: Item.Field) -> ServerReply? {
    guard let fields = fields(field.item, in: "push", known: ["every", "send"]) else { return nil }
    for key in ["every", "send"] where fields[key] == nil {
      report(
        field.place, "push needs '\(key)'", hint: "write push: {every: 10s, send: \"tick\"}")
    }
    let every = fields["every"].flatMap { value($0.item, "a duration", Units.positiveDuration) }
    let send = fields["send"].flatMap { text($0.item, "a text") }
    guard let every, let send else { return nil }
    return .push(every: every.nanoseconds, Array(send.utf8))
  }

  /// The replies that a plan writes as one word.
  private enum PlainReply: String, CaseIterable {
    case echo, discard
  }
}

extension ServerReply {
  /// Why no echo comes back. Must not be called on `.echo`.
  var whyNoEcho: Problem {
    switch self {
    case .send(let bytes):
      // The text is compared with the whole answer, so a part of it would not do.
      let answer =
        bytes.count <= 40
        ? "text: \(yamlScalar(String(decoding: bytes, as: UTF8.self)))" : "bytes: \(bytes.count)B"
      return Problem(
        "the server answers with a text of its own, so no echo comes back",
        hint: "write expect: {\(answer)}")
    case .push:
      return Problem(
        "the server speaks first and answers nothing, so no echo comes back",
        hint: "write expect: none")
    case .echo, .discard:
      return Problem(
        "the server discards what it receives, so no echo comes back",
        hint: "write expect: none, or reply: echo")
    }
  }

  /// Why a server that speaks HTTP cannot have this reply; nil where it can.
  var whyNotHTTP: Problem? {
    switch self {
    case .echo, .send, .discard: return nil
    case .push:
      return Problem(
        "a server of HTTP speaks only when it is asked, and this one pushes",
        hint: "write reply: echo, discard or {send: \"text\"}")
    }
  }

  /// Why no answer comes back; nil where one does.
  var whyNoAnswer: Problem? {
    switch self {
    case .echo, .send: return nil
    case .discard:
      return Problem(
        "the server discards what it receives, so no answer comes back",
        hint: "write expect: none, or a target that answers")
    case .push:
      return Problem(
        "the server speaks first and answers nothing, so no answer comes back",
        hint: "write expect: none, or a target that answers")
    }
  }

  /// The value of `reply` in a plan.
  var yaml: String {
    switch self {
    case .echo: "echo"
    case .discard: "discard"
    case .send(let bytes): "{send: \(yamlScalar(String(decoding: bytes, as: UTF8.self)))}"
    case .push(let every, let bytes):
      "{push: {every: \(Duration.nanoseconds(every).yaml), "
        + "send: \(yamlScalar(String(decoding: bytes, as: UTF8.self)))}}"
    }
  }
}
