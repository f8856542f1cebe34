import Messages

/// Reads what client and server said in a file of conversations.
extension Reader {
  /// The bytes that client or server said: a text, or any bytes as `{base64: ...}`.
  mutating func saidBytes(_ item: Item) -> [UInt8]? {
    guard case .map(let written) = item.value else {
      return text(item, "a text").map { Array($0.utf8) }
    }
    guard let fields = fields(item, in: "what is said", known: ["base64"]) else { return nil }
    guard let field = fields["base64"] else {
      if written.isEmpty { report(item.place, "what is said is a text, or {base64: ...}") }
      return nil
    }
    return value(field.item, "base64") { text throws(Problem) in
      guard let bytes = Base64.bytes(of: text) else {
        throw Problem("\(quoted(text)) is not base64", hint: "as RFC 4648 has it, with its padding")
      }
      return bytes
    }
  }

  /// What the server said: bytes, or a list of bytes and of parts that may be anything.
  mutating func heardBytes(_ item: Item, _ version: Int) -> RecordedConversation.Action? {
    guard case .list(let parts) = item.value else { return saidBytes(item).map { .receive($0) } }
    guard version > 1 else {
      report(
        item.place, "in version 1 of the format, what is said is no list",
        hint: "begin the file with conversation: 2")
      return nil
    }
    var bytes: [UInt8] = []
    var anything: [Range<Int>] = []
    // The part before, if it may be anything.
    var open: (place: Place, bytes: [UInt8])?
    for part in parts {
      if case .map(let fields) = part.value, fields.contains(where: { $0.key == "any" }) {
        guard let volatile = anyBytes(part) else { return nil }
        guard open == nil else {
          report(part.place, "two parts in a row may be anything", hint: "make them one")
          return nil
        }
        open = (part.place, volatile)
        anything.append(bytes.count..<bytes.count + volatile.count)
        bytes += volatile
      } else {
        guard let said = saidBytes(part), let first = said.first else { return nil }
        if let open, open.bytes.contains(first) {
          report(
            open.place,
            "what may be anything ends with the first byte of the text behind it, and has this byte in it",
            hint: "let it end before that byte")
          return nil
        }
        open = nil
        bytes += said
      }
    }
    guard open == nil, !bytes.isEmpty else {
      report(
        open?.place ?? item.place,
        open == nil
          ? "receive is an empty list" : "nothing tells where what may be anything ends",
        hint: open == nil ? Self.anyExample : "write the text that comes behind it")
      return nil
    }
    return .receive(bytes, anything: anything)
  }

  private static var anyExample: String {
    #"for example receive: ["id=", {any: "17"}, "\r\n"]"#
  }

  /// What stood in the recording where anything may stand. It may be empty.
  private mutating func anyBytes(_ item: Item) -> [UInt8]? {
    guard let field = fields(item, in: "what may be anything", known: ["any"])?["any"] else {
      return nil
    }
    if case .scalar("") = field.item.value { return [] }
    return saidBytes(field.item)
  }
}
