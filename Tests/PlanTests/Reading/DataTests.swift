import Messages
import Testing

@testable import Plan

/// Files of `data`.
@Suite struct DataTests {
  private func file(_ text: String) throws(DataFile.Failure) -> DataFile {
    try DataFile(Array(text.utf8))
  }

  private func rows(_ text: String) throws -> [[String]] {
    try file(text).rows.map { $0.map { String(decoding: $0, as: UTF8.self) } }
  }

  @Test(arguments: [
    "name,token\nalice,4f1c\nbob,9d2\n", "name,token\nalice,4f1c\nbob,9d2",
    "name,token\r\nalice,4f1c\r\nbob,9d2\r\n", "\u{FEFF}name,token\n\nalice,4f1c\n\nbob,9d2\n\n",
    "\"name\",\"token\"\n\"alice\",\"4f1c\"\n\"bob\",9d2\n",
  ])
  func `have a row for each line below the names`(text: String) throws {
    #expect(try file(text).columns == ["name", "token"])
    #expect(try rows(text) == [["alice", "4f1c"], ["bob", "9d2"]])
  }

  @Test func `have anything in double quotes, and spaces as they are`() throws {
    let text = "a,b\n\"x,\"\"y\"\"\",\"\r\n\"\n p ,\n\r,é\n"
    #expect(try rows(text) == [["x,\"y\"", "\r\n"], [" p ", ""], ["\r", "é"]])
  }

  @Test(arguments: [
    ("", 1, "it is empty"), ("\n\n", 1, "it is empty"),
    ("a,b\n", 1, "it has no rows below the names of its columns"),
    ("a,a\n1,2\n", 1, "columns 1 and 2 have one name"),
    ("a,\n1,2\n", 1, "its first line has to name the columns, and number 2 is no name"),
    ("\n1a\nx\n", 2, "its first line has to name the columns, and number 1 is no name"),
    (
      "a,b\n1,2\n\n\"x\n\n\",2\n3\n", 7,
      "the number of columns is 2, and that of values in this row 1"
    ),
    ("a\n\"x\ny\n", 2, "a value begins with '\"' and never ends"),
    ("a\nx\n\"x\"y\n", 3, "a value in double quotes has more text behind them"),
  ])
  func `are wrong at a line`(text: String, line: Int, message: String) {
    #expect {
      _ = try file(text)
    } throws: { error in
      guard let failure = error as? DataFile.Failure else { return false }
      return failure.line == line && failure.problem.message == message
    }
  }

  private static let users = "name,token\nalice,4f1c\nbob,9d2\n"
  private static let text = """
    server: {listen: "127.0.0.1:9000"}
    data: {users: lists/users.csv}
    messages: {ping: {every: 1s, send: "{users.name}: {users.token}\\n"}}
    phases: [hold: {for: 1s, messages: ping}]
    """

  private func plan(_ files: [String: [UInt8]], text: String = text) throws -> Plan {
    try Plan.read(text: text, file: "test.plan", files: Plan.attached(files))
  }

  @Test func `fill the places of messages`() throws {
    let plan = try plan(["lists/users.csv": Array(Self.users.utf8)])
    let columns = try #require(plan.data.first?.columns)
    #expect(columns.map(\.name) == ["users.name", "users.token"])
    #expect(columns[1].all == [Array("4f1c".utf8), Array("9d2".utf8)])
    #expect(
      plan.patterns[0].template.parts
        == [.data(columns[0]), .bytes(Array(": ".utf8)), .data(columns[1]), .bytes([10])])
  }

  @Test func `are kept by recordings without their values, and read the same`() throws {
    let whole = try plan(["lists/users.csv": Array(Self.users.utf8)])
    let kept = try #require(whole.attachments["lists/users.csv"])
    let text = String(decoding: kept, as: UTF8.self)
    #expect(text.hasSuffix("\nname,token\n"))
    #expect(!text.contains("alice") && !text.contains("4f1c"))
    for text in [Self.text, whole.effective] {
      let again = try plan(whole.attachments, text: text)
      #expect(again.effective == whole.effective)
      #expect(again.data[0].columns.map(\.values.rows) == [0, 0])
      #expect(again.attachments == whole.attachments)
    }
  }

  @Test func `may be sent as a file as well`() throws {
    let text = Self.text.replacing(
      "messages: {", with: "messages: {all: {every: 1s, file: lists/users.csv}, "
    )
    .replacing("messages: ping", with: "messages: [all, ping]")
    let plan = try plan(["lists/users.csv": Array(Self.users.utf8)], text: text)
    #expect(plan.patterns[0].template.fixed == Array(Self.users.utf8))
    #expect(plan.attachments["lists/users.csv"] == Array(Self.users.utf8))
  }

  @Test(arguments: ["{a.b", "{a.}", "{.b}", "{a.b.c}", "{1.b}", "{a.1}", "{a. b}", "{a.b:3}"])
  func `leave braces alone that name no column`(text: String) throws {
    #expect(try TemplateText.parse(text).parts == [.bytes(Array(text.utf8))])
  }

  @Test func `that cannot be read are one error`() throws {
    #expect {
      _ = try plan([:])
    } throws: { error in
      (error as? InvalidPlan)?.diagnostics.map(\.message)
        == ["the file 'lists/users.csv' cannot be read: it did not come with the plan"]
    }
  }

  @Test func `that are no UTF-8 are refused at their line`() {
    #expect {
      _ = try DataFile(Array("a\nb\n".utf8) + [0xE9, 10])
    } throws: { ($0 as? DataFile.Failure)?.line == 3 }
  }

  /// Of a file that lacks its line of names, the first row would be taken for names.
  @Test func `have no more kept of them than the names that the plan uses`() throws {
    let whole = try plan(["lists/users.csv": Array("name,token,Secret1\nalice,4f1c,x\n".utf8)])
    let kept = String(decoding: try #require(whole.attachments["lists/users.csv"]), as: UTF8.self)
    #expect(kept.hasSuffix("\nname,token\n"))
    let text = Self.text.replacing("{users.name}: {users.token}", with: "hello")
    let none = try plan(["lists/users.csv": Array("alice,Secret1\nbob,x\n".utf8)], text: text)
    let stub = try #require(none.attachments["lists/users.csv"])
    #expect(!String(decoding: stub, as: UTF8.self).contains("Secret1"))
    #expect(try plan(none.attachments, text: none.effective).effective == none.effective)
  }

  private func message(of text: String, _ values: String) -> String? {
    let text =
      "server: {listen: \"127.0.0.1:9000\"}\ndata: {u: u.csv}\n\(text)phases: [ramp: {to: 5}]\n"
    do {
      _ = try plan(["u.csv": Array(("v\n" + values).utf8)], text: text)
      return nil
    } catch {
      return (error as? InvalidPlan)?.diagnostics.map(\.message).joined(separator: "; ")
    }
  }

  /// Errors show the shape of a value: it may be a secret.
  @Test func `have to be what a protocol allows where they stand`() throws {
    func path(_ text: String, _ values: String) -> String? {
      message(
        of: "protocol: {websocket: {path: \"\(text)\"}}\n", values)
    }
    #expect(path("{u.v}", "/abc\n/d/e\n") == nil)
    #expect(path("{u.v}", "/abc\nsecret\n")?.contains("\"xx\" is no target") == true)
    #expect(
      path("/{u.v}", "abc\nsec ret\n")?.contains("\"/x x\"") == true
    )
    func header(_ text: String, _ values: String) -> String? {
      message(of: "protocol: {websocket: {headers: {A: \"\(text)\"}}}\n", values)
    }
    #expect(header("Bearer {u.v}", "a\tb\n\"c d\"\n") == nil)
    #expect(header("Bearer {u.v}", "abc\n\"abc \"\n") != nil)
    #expect(header("{u.v} y", "\"abc \"\n") == nil)
    #expect(header("{u.v}", "\"a\r\nB: c\"\n") != nil)
    func topic(_ values: String) -> String? {
      message(of: "protocol: {mqtt: {subscribe: \"t/{u.v}\", username: \"{u.v}\"}}\n", values)
    }
    #expect(topic("a\nb/c\n") == nil)
    #expect(topic("a\nx#y\n") != nil)
    #expect(topic("home/+/temp\n") == nil)
    #expect(topic("/a+b/\n") != nil)
  }
}
