import Messages

extension Reader {
  private static let expectExample =
    "write expect: echo, none, {bytes: 10B}, {text: \"pong\"}, {matches: \"^OK\"}, "
    + "{until: \"\\n\"} or {length: {size: 4, plus: 4}}"

  /// What must come back for a message: by default the same bytes. Nil, with an error, when `expect` is
  /// wrong, or when the built-in server sends no such answer.
  ///
  /// - Parameters:
  ///   - field: the `expect` of the message, if it has one.
  ///   - message: the message under its name.
  mutating func expectation(
    _ field: Item.Field?, of message: Item.Field, reply: ServerReply?
  ) -> MessagePattern.Expectation? {
    let expectation = field.map { self.expectation($0.item) } ?? .echo
    if expectation == .echo, let reply, reply != .echo {
      report(field?.item.place ?? message.place, reply.whyNoEcho)
      return nil
    }
    if let field, let expectation, expectation != .none, let problem = reply?.whyNoAnswer {
      report(field.item.place, problem)
      return nil
    }
    return expectation
  }

  private mutating func expectation(_ item: Item) -> MessagePattern.Expectation? {
    guard case .map(let written) = item.value else {
      return word(item, as: PlainExpectation.self).map { $0 == .echo ? .echo : .none }
    }
    let known = ["bytes", "text", "matches"]
    let frames = ["until", "length"]
    guard let fields = fields(item, in: "expect", known: known + frames) else { return nil }
    let errors = errorCount
    let answers = written.compactMap { fields[$0.key] }.filter { known.contains($0.key) }
    let ends = written.compactMap { fields[$0.key] }.filter { frames.contains($0.key) }
    if let end = ends.first {
      if ends.count > 1 { reportBoth(ends[0], ends[1]) }
      return framed(end, answers)
    }
    guard let answer = answers.first else {
      if written.isEmpty { report(item.place, "expect is empty", hint: Self.expectExample) }
      return nil
    }
    if answers.count > 1 { reportBoth(answer, answers[1]) }
    let expectation: MessagePattern.Expectation? =
      switch answer.key {
      case "bytes": value(answer.item, "a size", Units.positiveSize).map { .bytes($0) }
      case "text": text(answer.item, "a text").map { .text(Array($0.utf8)) }
      default: value(answer.item, "a regular expression", Self.expression).map { .matches($0) }
      }
    return errorCount == errors ? expectation : nil
  }

  private mutating func reportBoth(_ first: Item.Field, _ second: Item.Field) {
    report(
      second.place, "expect has both '\(first.key)' and '\(second.key)'",
      hint: "keep one of them")
  }

  /// The expectation of an answer that says where it ends.
  ///
  /// - Parameters:
  ///   - end: the field of `expect` that says where the answer ends: `until` or `length`.
  ///   - contents: `bytes`, `text` and `matches`, as far as they are there, in the order of the plan.
  private mutating func framed(
    _ end: Item.Field, _ contents: [Item.Field]
  ) -> MessagePattern.Expectation? {
    let errors = errorCount
    let frame: AnswerFrame? =
      switch end.key {
      case "until": value(end.item, "a text", Self.delimiter).map { .delimiter($0) }
      default: lengthField(end.item).map { .length($0) }
      }
    if let bytes = contents.first(where: { $0.key == "bytes" }) {
      report(
        max(end.place, bytes.place), "expect has both 'bytes' and '\(end.key)'",
        hint: "both say where an answer ends: keep one of them")
    }
    let content = content(contents.filter { $0.key != "bytes" })
    guard let frame, errorCount == errors else { return nil }
    return .framed(frame, content)
  }

  /// What is looked for in an answer whose end is known.
  ///
  /// - Parameter fields: `text` and `matches`, as far as they are there, in the order of the plan.
  mutating func content(_ fields: [Item.Field]) -> MessagePattern.Content? {
    if fields.count > 1 { reportBoth(fields[0], fields[1]) }
    return fields.first.flatMap { field in
      field.key == "text"
        ? value(field.item, "a text", Self.content)
        : value(field.item, "a regular expression", Self.expression).map { .matches($0) }
    }
  }

  /// The value of `length`: where an answer has the number that tells its length, and what this number
  /// counts.
  private mutating func lengthField(_ item: Item) -> LengthField? {
    let keys = ["at", "size", "order", "plus"]
    guard let fields = fields(item, in: "length", known: keys) else { return nil }
    let errors = errorCount
    let at = number(fields["at"], in: 0...LengthField.furthest, else: 0)
    let order = fields["order"].map { word($0.item, as: LengthField.Order.self) } ?? .big
    let plus = number(fields["plus"], in: LengthField.plusRange, else: 0)
    guard let size = fields["size"] else {
      report(
        item.place, "length needs 'size', the bytes of the number",
        hint: "for example {size: 4, plus: 4}")
      return nil
    }
    let bytes = number(size, in: LengthField.sizes, else: 0)
    guard let at, let bytes, let order, let plus, errorCount == errors else { return nil }
    return LengthField(at: at, size: bytes, order: order, plus: plus)
  }

  private mutating func number(
    _ field: Item.Field?, in range: ClosedRange<Int>, else absent: Int
  ) -> Int? {
    guard let field else { return absent }
    return value(field.item, "a number") { text throws(Problem) in
      guard let number = Int(text), range.contains(number) else {
        throw Problem(
          "'\(field.key)' is a number from \(range.lowerBound) to \(range.upperBound),"
            + " and \(quoted(text)) is none")
      }
      return number
    }
  }

  private static func delimiter(_ text: String) throws(Problem) -> [UInt8] {
    let most = AnswerFrame.longestDelimiter
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

  /// The expectations that a plan writes as one word.
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
