import Plan
import Recording

/// One line at the prompt of `connect`.
enum PromptCommand: Equatable {
  /// The most connections to list; nil for the usual number.
  case list(Int?)
  case send(descriptor: Int32, [UInt8])
  case broadcast([UInt8])
  case close(descriptor: Int32)
  case open(Int)
  case stats
  case help
  case quit
  /// An empty line.
  case nothing

  /// What is wrong with a line, for the one who typed it.
  struct Wrong: Error, Equatable, CustomStringConvertible {
    let description: String
  }

  static let words = ["list", "send", "broadcast", "close", "open", "stats", "help", "quit"]

  static let manual = """
    list [N]              the connections: descriptor, source, endpoint, age, bytes, state
    send DESCRIPTOR TEXT  sends the text and a newline on one connection
    broadcast TEXT        the same on every connection
    close DESCRIPTOR      closes one connection
    open N                opens some more
    stats                 the totals
    help                  this list
    quit                  closes everything and ends; so does the end of the input
    In TEXT, \\n, \\r, \\t, \\", \\\\ and \\xHH stand for the characters they name; \\c at its end leaves
    the newline out.
    """

  init(_ line: String) throws(Wrong) {
    let (word, rest) = Self.split(line)
    switch word {
    case "": self = .nothing
    case "list":
      self = .list(Self.split(rest).word.isEmpty ? nil : try Self.count(rest, "list [N]"))
    case "send":
      let (first, text) = Self.split(rest)
      let descriptor = try Self.descriptor(first, "send DESCRIPTOR TEXT")
      self = .send(descriptor: descriptor, try Self.text(text, "send DESCRIPTOR TEXT"))
    case "broadcast": self = .broadcast(try Self.text(rest, "broadcast TEXT"))
    case "close": self = .close(descriptor: try Self.descriptor(rest, "close DESCRIPTOR"))
    case "open": self = .open(try Self.count(rest, "open N"))
    case "stats": self = try Self.alone(.stats, "stats", rest)
    case "help": self = try Self.alone(.help, "help", rest)
    case "quit": self = try Self.alone(.quit, "quit", rest)
    default:
      let hint = UserWord.hint(for: word, among: Self.words) ?? "`help` lists what there is"
      throw Wrong(description: "there is no command \(UserWord.shown(word)): \(hint)")
    }
  }

  /// The first word, and what follows the one space or tab behind it.
  private static func split(_ line: String) -> (word: String, rest: String) {
    let line = line.drop { $0 == " " || $0 == "\t" }
    let end = line.firstIndex { $0 == " " || $0 == "\t" } ?? line.endIndex
    let rest = end == line.endIndex ? "" : line[line.index(after: end)...]
    return (String(line[..<end]), String(rest))
  }

  /// The command; throws where anything follows its word.
  private static func alone(
    _ command: PromptCommand, _ word: String, _ rest: String
  ) throws(Wrong) -> PromptCommand {
    guard split(rest).word.isEmpty else {
      throw Wrong(description: "\(word) takes nothing more, found \(UserWord.shown(rest))")
    }
    return command
  }

  private static func count(_ rest: String, _ usage: String) throws(Wrong) -> Int {
    let (word, more) = split(rest)
    guard split(more).word.isEmpty, !word.isEmpty else {
      throw Wrong(description: "write: \(usage)")
    }
    do throws(CommandLineValue.Wrong) {
      return try CommandLineValue.count(word)
    } catch {
      throw Wrong(description: "\(error); write: \(usage)")
    }
  }

  private static func descriptor(_ rest: String, _ usage: String) throws(Wrong) -> Int32 {
    let (word, more) = split(rest)
    guard split(more).word.isEmpty, !word.isEmpty else {
      throw Wrong(description: "write: \(usage)")
    }
    guard word.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int32(word) else {
      throw Wrong(description: "\(UserWord.shown(word)) is not a descriptor; write: \(usage)")
    }
    return number
  }

  /// The bytes of a text, with a newline unless it ends with `\c`.
  private static func text(_ text: String, _ usage: String) throws(Wrong) -> [UInt8] {
    guard !text.isEmpty else { throw Wrong(description: "write: \(usage)") }
    let (body, ending) = endsWithoutNewline(text) ? (text.dropLast(2), "") : (text[...], "\n")
    do throws(EscapedText.Wrong) {
      return try EscapedText.bytes(of: body) + Array(ending.utf8)
    } catch {
      throw Wrong(
        description: "there is no escape \(UserWord.shown(error.escape)): "
          + "\\n \\r \\t \\\" \\\\ and \\xHH are, and \\c at the end")
    }
  }

  /// Whether the text ends with `\c`. At the end of `\\c` there is an escaped backslash and a plain c.
  private static func endsWithoutNewline(_ text: String) -> Bool {
    guard text.hasSuffix("\\c") else { return false }
    return !text.dropLast().reversed().prefix { $0 == "\\" }.count.isMultiple(of: 2)
  }
}
