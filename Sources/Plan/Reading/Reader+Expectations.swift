import Messages

extension Reader {
  private static let expectExample =
    "write expect: echo, none, {bytes: 10B}, {text: \"pong\"}, {matches: \"^OK\"} or "
    + "{until: \"\\n\"}"

  /// What must come back for a message: by default the same bytes. Nil, with an error, when that is
  /// wrong, or the built-in server does not answer so.
  ///
  /// - Parameters:
  ///   - field: the `expect` of the message, if it has one.
  ///   - message: the whole message.
  mutating func expectation(
    _ field: Item.Field?, of message: Item.Field, reply: ServerReply?
  ) -> MessagePattern.Expectation? {
    let expectation = field.map { self.expectation($0.item) } ?? .echo
    if expectation == .echo, let reply, reply != .echo {
      report(field?.item.place ?? message.place, reply.whyNoEcho)
      return nil
    }
    return expectation
  }

  private mutating func expectation(_ item: Item) -> MessagePattern.Expectation? {
    guard case .map(let written) = item.value else {
      return word(item, as: PlainExpectation.self).map { $0 == .echo ? .echo : .none }
    }
    let known = ["bytes", "text", "matches"]
    guard let fields = fields(item, in: "expect", known: known + ["until"]) else { return nil }
    let errors = errorCount
    let answers = written.compactMap { fields[$0.key] }.filter { known.contains($0.key) }
    if let until = fields["until"] {
      return framed(until, answers)
    }
    guard let answer = answers.first else {
      if written.isEmpty { report(item.place, "expect is empty", hint: Self.expectExample) }
      return nil
    }
    if answers.count > 1 {
      report(
        answers[1].place, "expect has both '\(answer.key)' and '\(answers[1].key)'",
        hint: "keep one of them")
    }
    let expectation: MessagePattern.Expectation? =
      switch answer.key {
      case "bytes": value(answer.item, "a size", Units.positiveSize).map { .bytes($0) }
      case "text": text(answer.item, "a text").map { .text(Array($0.utf8)) }
      default: value(answer.item, "a regular expression", Self.expression).map { .matches($0) }
      }
    return errorCount == errors ? expectation : nil
  }

  /// An answer that ends with a delimiter.
  ///
  /// - Parameter contents: the other fields of `expect`, in the order of the plan.
  private mutating func framed(
    _ until: Item.Field, _ contents: [Item.Field]
  ) -> MessagePattern.Expectation? {
    let errors = errorCount
    let delimiter = value(until.item, "a text", Self.delimiter)
    if contents.count > 1 {
      report(
        contents[1].place, "expect has both '\(contents[0].key)' and '\(contents[1].key)'",
        hint: "keep one of them")
    }
    var content: MessagePattern.Content?
    if let field = contents.first {
      switch field.key {
      case "bytes":
        report(
          max(until.place, field.place), "expect has both 'bytes' and 'until'",
          hint: "both say where an answer ends: keep one of them")
      case "text": content = value(field.item, "a text", Self.content)
      default:
        content = value(field.item, "a regular expression", Self.expression).map { .matches($0) }
      }
    }
    guard let delimiter, errorCount == errors else { return nil }
    return .until(delimiter, content)
  }

  private static func delimiter(_ text: String) throws(Problem) -> [UInt8] {
    let most = MessagePattern.longestDelimiter
    guard text.utf8.count <= most else {
      throw Problem("a delimiter has no more than \(most) bytes")
    }
    return Array(text.utf8)
  }

  private static func content(_ text: String) throws(Problem) -> MessagePattern.Content {
    guard text.utf8.count <= ByteSearch.mostText else {
      throw Problem(
        "a text in an answer has no more than 1,000 bytes", hint: "ask for a part of the answer")
    }
    return .text(Array(text.utf8))
  }

  /// The expectations that one word says.
  private enum PlainExpectation: String, CaseIterable {
    case echo, none
  }

  private static func expression(_ text: String) throws(Problem) -> BytePattern {
    guard !text.unicodeScalars.contains("\0") else {
      throw Problem("a regular expression has no zero bytes")
    }
    let size = ExpressionSize(text)
    guard !size.hasReference else {
      throw Problem(
        "an extended regular expression has no back-references",
        hint: "write out what is found again, or ask for a part of the answer")
    }
    guard size.total <= ExpressionSize.most else {
      throw Problem(
        "\(quoted(text)) is too large: with its repetitions written out it matches more than"
          + " 1,000 characters", hint: "ask for a part of the answer")
    }
    do {
      return try BytePattern(text)
    } catch {
      throw Problem(
        "\(quoted(text)) is no regular expression: \(error.reason)", hint: error.hint)
    }
  }
}
