import Testing

@testable import Runner

/// Lines at the prompt of `connect`.
@Suite struct PromptCommandTests {
  @Test(arguments: [
    ("", PromptCommand.nothing), ("   ", .nothing), ("list", .list(nil)), ("list 5", .list(5)),
    ("  list  5 ", .list(5)), ("list  ", .list(nil)), ("stats", .stats), ("help ", .help),
    ("quit", .quit),
    ("open 3", .open(3)), ("open 2k", .open(2000)), ("close 12", .close(descriptor: 12)),
    ("send 12 hello", .send(descriptor: 12, Array("hello\n".utf8))),
    // What follows the one space is the text, with its own spaces.
    ("send 12  two  spaces ", .send(descriptor: 12, Array(" two  spaces \n".utf8))),
    ("send 12 a\\tb\\n", .send(descriptor: 12, Array("a\tb\n\n".utf8))),
    ("send 12 no newline\\c", .send(descriptor: 12, Array("no newline".utf8))),
    ("send 12 \\c", .send(descriptor: 12, [])),
    ("send 12 \\\\c", .send(descriptor: 12, Array("\\c\n".utf8))),
    ("send 12 \\\\\\c", .send(descriptor: 12, Array("\\".utf8))),
    ("broadcast \\x00\\xff\\c", .broadcast([0, 255])),
    ("broadcast PING", .broadcast(Array("PING\n".utf8))),
  ])
  func `say what to do`(line: String, command: PromptCommand) throws {
    #expect(try PromptCommand(line) == command)
  }

  @Test(arguments: [
    ("lst", "there is no command 'lst': did you mean 'list'?"),
    ("brodcast x", "there is no command 'brodcast': did you mean 'broadcast'?"),
    ("frobnicate", "there is no command 'frobnicate': `help` lists what there is"),
    ("\u{1B}[31m", "there is no command '\\u{1b}[31m': `help` lists what there is"),
    ("send", "write: send DESCRIPTOR TEXT"), ("send 12", "write: send DESCRIPTOR TEXT"),
    ("send x hello", "'x' is not a descriptor; write: send DESCRIPTOR TEXT"),
    ("send -1 hello", "'-1' is not a descriptor; write: send DESCRIPTOR TEXT"),
    ("broadcast", "write: broadcast TEXT"), ("close", "write: close DESCRIPTOR"),
    ("close 1 2", "write: close DESCRIPTOR"),
    ("close 99999999999", "'99999999999' is not a descriptor; write: close DESCRIPTOR"),
    ("open", "write: open N"),
    ("open 0", "'0' is no use here: it must be 1 or more; write: open N"),
    ("list many", "write: list [N]"), ("quit now", "quit takes nothing more, found 'now'"),
    (
      "send 1 \\q",
      "there is no escape '\\q': \\n \\r \\t \\\" \\\\ and \\xHH are, and \\c at the end"
    ),
  ])
  func `that mean nothing are answered with what would`(line: String, message: String) throws {
    let error = try #require(throws: PromptCommand.Wrong.self) { try PromptCommand(line) }
    // What is wrong with a number is said in the words of the plan language.
    let isOfPlan = line == "list many"
    #expect(isOfPlan ? error.description.hasSuffix(message) : error.description == message)
  }

  @Test func `are all in the help`() {
    for word in PromptCommand.words {
      #expect(PromptCommand.manual.split(separator: "\n").contains { $0.hasPrefix(word + " ") })
    }
  }
}
