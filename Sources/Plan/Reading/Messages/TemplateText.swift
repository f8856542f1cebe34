import Messages

/// A message as a plan writes it: text with placeholders such as `{connection}`.
///
/// A placeholder is `{`, letters, perhaps a colon and digits, and `}`. Messages are often JSON, so any
/// other brace stands for itself. Text that looks like a placeholder and is none has its braces
/// doubled: `{{` is a plain `{`, and the `}}` that belongs to it a plain `}`.
enum TemplateText {
  /// What is wrong with a text, and the part of the text to point at.
  struct Failure: Error {
    var part: String
    var problem: Problem
  }

  static let names = ["connection", "sequence", "source", "port", "worker", "random"]
  static let randomLengths = 1...4096

  static func parse(
    _ text: String, _ data: DataTables = DataTables()
  ) throws(Failure) -> MessageTemplate {
    var parts: [MessageTemplate.Part] = []
    var literal: [UInt8] = []
    // How many `{{` still wait for their `}}`.
    var open = 0
    var rest = Array(text.utf8)[...]
    while let byte = rest.first {
      let next = rest.dropFirst().first
      if byte == brace, next == brace {
        literal.append(byte)
        open += 1
        rest = rest.dropFirst(2)
      } else if byte == closingBrace, next == closingBrace, open > 0 {
        literal.append(byte)
        open -= 1
        rest = rest.dropFirst(2)
      } else if byte == brace, let (part, length) = try placeholder(at: rest, data) {
        if !literal.isEmpty { parts.append(.bytes(literal)) }
        literal = []
        parts.append(part)
        rest = rest.dropFirst(length)
      } else {
        literal.append(byte)
        rest = rest.dropFirst()
      }
    }
    if !literal.isEmpty { parts.append(.bytes(literal)) }
    let template = MessageTemplate(parts: parts)
    guard template.longest <= MessageTemplate.mostBytes else {
      throw Failure(part: text, problem: Problem("a message has no more than 1 MiB"))
    }
    return template
  }

  /// The first placeholder in a text, as it is written; nil where there is none.
  static func placeholder(in text: [UInt8], _ data: DataTables) -> String? {
    var rest = text[...]
    while let start = rest.firstIndex(of: brace) {
      rest = rest[start...]
      // A name that no file has is no placeholder.
      if let found = try? placeholder(at: rest, data) {
        return String(decoding: rest.prefix(found.length), as: UTF8.self)
      }
      rest = rest.dropFirst()
    }
    return nil
  }

  private static let brace = UInt8(ascii: "{")
  private static let closingBrace = UInt8(ascii: "}")

  /// The placeholder that the text begins with, and its length in bytes; nil when the brace stands
  /// for itself.
  private static func placeholder(
    at text: ArraySlice<UInt8>, _ data: DataTables
  ) throws(Failure) -> (MessageTemplate.Part, length: Int)? {
    let body = text.dropFirst()
    if let (part, length) = try column(at: body, data) { return (part, length) }
    let letters = body.prefix(while: isLetter)
    guard !letters.isEmpty else { return nil }
    let name = String(decoding: letters, as: UTF8.self)
    var tail = body.dropFirst(letters.count)
    var digits: String?
    if tail.first == UInt8(ascii: ":") {
      let written = tail.dropFirst().prefix { (0x30...0x39).contains($0) }
      if !written.isEmpty {
        digits = String(decoding: written, as: UTF8.self)
        tail = tail.dropFirst(1 + written.count)
      }
    }
    guard tail.first == closingBrace else {
      try reportOpen(name, digits: digits, tail: tail)
      return nil
    }
    let written = "{\(name)\(digits.map { ":\($0)" } ?? "")}"
    return (try part(name, digits: digits, written: written), written.utf8.count)
  }

  /// The column that `{users.token}` names, with the placeholder's length; nil for any other text.
  ///
  /// - Parameter body: what stands behind the brace.
  private static func column(
    at body: ArraySlice<UInt8>, _ data: DataTables
  ) throws(Failure) -> (MessageTemplate.Part, length: Int)? {
    let table = body.prefix(while: DataFile.isPartOfName)
    let rest = body[table.endIndex...]
    guard rest.first == UInt8(ascii: ".") else { return nil }
    let key = rest.dropFirst().prefix(while: DataFile.isPartOfName)
    let (name, column) = (
      String(decoding: table, as: UTF8.self), String(decoding: key, as: UTF8.self)
    )
    guard body[key.endIndex...].first == closingBrace, DataFile.isName(name),
      DataFile.isName(column)
    else { return nil }
    do {
      return (try data.part(name, column), name.utf8.count + column.utf8.count + 3)
    } catch {
      throw Failure(part: "{\(name).\(column)}", problem: error)
    }
  }

  /// Throws where somebody meant a placeholder and spoilt its end: after the brace and the name of a
  /// placeholder there is no `}`, or there are spaces before it.
  private static func reportOpen(
    _ name: String, digits: String?, tail: ArraySlice<UInt8>
  ) throws(Failure) {
    guard names.contains(name) else { return }
    let next = tail.drop { $0 == UInt8(ascii: " ") }
    let isClosedLate = next.first == closingBrace
    guard isClosedLate || !tail.prefix(while: { $0 != brace }).contains(closingBrace) else {
      return
    }
    let meant = "{\(name)\((digits ?? (name == "random" ? "16" : nil)).map { ":\($0)" } ?? "")}"
    throw Failure(
      part: "{\(name)",
      problem: Problem(
        isClosedLate
          ? "a placeholder has no spaces in it" : "\(quoted("{\(name)")) without its '}'",
        hint: "write \(meant), or {{\(name) where a plain brace is meant"))
  }

  private static func part(
    _ name: String, digits: String?, written: String
  ) throws(Failure) -> MessageTemplate.Part {
    if name == "random" {
      guard let digits else {
        throw Failure(
          part: written,
          problem: Problem("'{random}' has no length", hint: "write {random:16}"))
      }
      guard let count = Int(digits), randomLengths.contains(count) else {
        throw Failure(
          part: written,
          problem: Problem("\(quoted(written)) is no use: a length is 1 to 4096"))
      }
      return .random(count)
    }
    let simple: [String: MessageTemplate.Part] = [
      "connection": .connection, "sequence": .sequence, "source": .source, "port": .port,
      "worker": .worker,
    ]
    guard let part = simple[name] else {
      throw Failure(
        part: written,
        problem: Problem(
          "there is no placeholder \(quoted(written))",
          hint: nearest(to: name, of: names).map {
            "did you mean '{\($0 == "random" ? "random:16" : $0)}'?"
          }
            ?? "placeholders are {connection}, {sequence}, {source}, {port}, {worker} and"
            + " {random:16}; a plain brace is {{"))
    }
    guard digits == nil else {
      throw Failure(
        part: written,
        problem: Problem("'{\(name)}' has no length", hint: "write {\(name)}"))
    }
    return part
  }

  private static func isLetter(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
  }
}

extension TemplateText {
  /// The text that reads as this template. Nil when no text does: when the template has bytes that are
  /// not UTF-8, or is that of an HTTP request with a `length`.
  static func text(of template: MessageTemplate) -> String? {
    var bytes: [UInt8] = []
    var open = 0
    for part in template.parts {
      switch part {
      case .bytes(let literal):
        for byte in literal {
          bytes.append(byte)
          // Every `{` is written as two, and so is the `}` that closes it.
          if byte == brace {
            bytes.append(byte)
            open += 1
          } else if byte == closingBrace, open > 0 {
            bytes.append(byte)
            open -= 1
          }
        }
      case .connection: bytes += Array("{connection}".utf8)
      case .sequence: bytes += Array("{sequence}".utf8)
      case .source: bytes += Array("{source}".utf8)
      case .port: bytes += Array("{port}".utf8)
      case .worker: bytes += Array("{worker}".utf8)
      case .data(let column): bytes += Array("{\(column.name)}".utf8)
      case .random(let count): bytes += Array("{random:\(count)}".utf8)
      // Only requests have this part, and plans do not write them as one text.
      case .length: return nil
      }
    }
    return String(validating: bytes, as: UTF8.self)
  }

  /// `count` printable bytes, always the same ones.
  static func filler(_ count: Int) -> [UInt8] {
    let letters = Array("abcdefghijklmnopqrstuvwxyz0123456789".utf8)
    return (0..<count).map { letters[$0 % letters.count] }
  }
}
