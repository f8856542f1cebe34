import Addressing
import Messages
import Testing

/// Lengths in a conversation that follow what is put into it.
@Suite struct WrittenLengthTests {
  private typealias Step = RecordedConversation.Step

  private func text(_ parts: MessageTemplate.Part...) -> MessageTemplate {
    MessageTemplate(parts: parts)
  }

  private func bytes(_ text: String) -> MessageTemplate.Part { .bytes(Array(text.utf8)) }

  private func says(_ text: String, after: UInt64 = 0) -> Step {
    Step(.send(Array(text.utf8)), after: after)
  }

  private func hears(_ text: String, _ anything: Range<Int>...) -> Step {
    Step(.receive(Array(text.utf8), anything: anything), after: 0)
  }

  /// What is played on a connection: cues and answers apart, what may be anything as `~`.
  private func played(
    _ steps: [Step], _ substitutions: [(String, MessageTemplate)], connection: UInt64 = 0,
    keepsDelays: Bool = true
  ) throws -> (said: [[UInt8]], heard: [[UInt8]]) {
    let script = try ConversationPattern(
      file: "", [RecordedConversation(client: "", steps: steps)], keepsDelays: keepsDelays,
      substitutions: substitutions.map { Substitution(old: Array($0.0.utf8), new: $0.1) }
    ).scripts[0]
    let facts = MessageTemplate.Facts(
      connection: connection, sequence: 3, source: .v4(0x7F00_0001), port: 5, worker: 0, seed: 1)
    func written(_ template: MessageTemplate) -> [UInt8] {
      var buffer = [UInt8](repeating: 0, count: template.longest)
      let (steps, texts) = template.steps
      let count = buffer.withUnsafeMutableBytes { buffer in
        steps.withUnsafeBufferPointer { steps in
          texts.withUnsafeBytes { MessageTemplate.render(steps, texts: $0, facts, into: buffer) }
        }
      }
      return Array(buffer[..<count])
    }
    let said = script.cues.map { cue -> [UInt8] in
      if case .say(let template) = cue.act { written(template) } else { [] }
    }
    let heard = script.answers.map { answer in
      Array(answer.texts.map(written).joined(separator: [UInt8(ascii: "~")]))
    }
    return (said, heard)
  }

  private func lines(_ bytes: [[UInt8]]) -> [String] {
    bytes.map { String(decoding: $0, as: UTF8.self).replacing("\r\n", with: "/") }
  }

  // MARK: RESP

  private static let get = "*2\r\n$3\r\nGET\r\n$5\r\na:key\r\n"

  @Test(
    arguments: [(0, "0", 1), (9, "9", 1), (10, "10", 2), (123_456, "123456", 6)]
      as [(UInt64, String, Int)])
  func `a string of RESP has the length of what is in it`(
    connection: UInt64, number: String, digits: Int
  ) throws {
    let (said, heard) = try played(
      [says(Self.get), hears("$9\r\na:key=key\r\n:1\r\n$-1\r\n=7\r\ntxt:key\r\n")],
      [("key", text(.connection))], connection: connection)
    #expect(lines(said) == ["*2/$3/GET/$\(2 + digits)/a:\(number)/"])
    #expect(
      lines(heard) == [
        "$\(3 + 2 * digits)/a:\(number)=\(number)/:1/$-1/=\(4 + digits)/txt:\(number)/"
      ])
  }

  @Test func `a fixed text makes a fixed length`() throws {
    let script = try ConversationPattern(
      file: "", [RecordedConversation(client: "", steps: [says(Self.get)])],
      substitutions: [Substitution(old: Array("a:key".utf8), new: text(bytes("longer than it")))]
    ).scripts[0]
    #expect(
      script.cues[0].act
        == .say(MessageTemplate(bytes: Array("*2\r\n$3\r\nGET\r\n$14\r\nlonger than it\r\n".utf8))))
  }

  @Test func `a length counts what is said in later cues`() throws {
    let steps = [
      says("*1\r\n$12\r\nkey "), says("key", after: 9_000_000),
      says(" key \r\n$3\r\nkey\r\n", after: 9_000_000),
    ]
    let (said, _) = try played(steps, [("key", text(.connection))], connection: 10)
    #expect(lines(said) == ["*1/$9/10 ", "10", " 10 /$2/10/"])
    let joined = try played(steps, [("key", text(.connection))], connection: 10, keepsDelays: false)
    #expect(lines(joined.said) == ["*1/$9/10 10 10 /$2/10/"])
  }

  @Test(arguments: [
    ("3\r\nGET", "*2/$1/x/$5/a:key/"), ("GET\r\n", "*2/$3/x$5/a:key/"),
    ("\r\nGET", "*2/$3x/$5/a:key/"), ("5\r\na", "*2/$3/GET/$1/x:key/"),
  ])
  func `an old text with its length in it is replaced as it is written`(
    old: String, expected: String
  ) throws {
    let new = old.contains("\r\n") && old.first?.isNumber == true ? "1\r\nx" : "x"
    let (said, _) = try played([says(Self.get)], [(old, text(bytes(new)))])
    #expect(lines(said) == [expected])
  }

  @Test func `a length that is cut by a pause stays`() throws {
    let (said, _) = try played(
      [says("*1\r\n$1"), says("0\r\n0123key789\r\n", after: 1)], [("key", text(bytes("x")))])
    #expect(lines(said) == ["*1/$1", "0/0123x789/"])
  }

  @Test func `an old text that pauses cut is replaced, and goes out with its first piece`() throws {
    let whole = [says("*1\r\n$3\r\nke"), says("y\r\n", after: 9_000_000)]
    #expect(
      lines(try played(whole, [("key", text(bytes("longer")))]).said) == ["*1/$6/longer", "/"])
    // In three pieces, and behind one that no pause cuts.
    let pieces = [
      says("key k"), says("e", after: 1_000), says("y key", after: 1_000), hears("key"),
      says("k"), says("ey", after: 1_000),
    ]
    let (said, heard) = try played(pieces, [("key", text(.connection))], connection: 12)
    #expect(lines(said) == ["12 12", "", " 12", "12", ""])
    #expect(lines(heard) == ["12"])
    // An answer between two pieces ends what is said before it.
    let answered = [says("ke"), hears("?"), says("y", after: 1_000)]
    #expect(throws: ConversationPattern.Flaw.unused([0])) {
      try played(answered, [("key", text(bytes("x")))])
    }
  }

  @Test(arguments: [
    "$4\r\nkey\r\n", "$2\r\nkey\r\n", "$key\r\n", "$\r\nkey\r\n", "hello $3\r\nkey\r\n",
    "$3\nkey\n",
    "$+3\r\nkeys", "$99999999999999999999\r\nkey\r\n", "$3\r\nkey", "key",
  ])
  func `what is no length stays`(said: String) throws {
    let (_, heard) = try played([hears(said)], [("key", text(bytes("longer")))])
    #expect(lines(heard) == lines([Array(said.replacing("key", with: "longer").utf8)]))
  }

  @Test(arguments: ["$3\r\nkey\r\n", "SET key 3\r\n", "GET key\r\n", "GET key"])
  func `inline commands have no lengths, and their answers do`(command: String) throws {
    let (said, heard) = try played(
      [says(command), hears("$3\r\nkey\r\n")], [("key", text(bytes("longer")))])
    #expect(lines(said) == lines([Array(command.replacing("key", with: "longer").utf8)]))
    #expect(lines(heard) == ["$6/longer/"])
  }

  @Test func `what may be anything has no length`() throws {
    // One in front of the length, one in the first string, one between two strings.
    let (_, heard) = try played(
      [hears("+1\r\n$7\r\nkey 2 x\r\n+3\r\n$3\r\nkey\r\n", 1..<2, 12..<13, 18..<19)],
      [("key", text(.connection))], connection: 10)
    #expect(lines(heard) == ["+~/$7/10 ~ x/+~/$2/10/"])
  }

  // MARK: HTTP

  @Test func `a body of HTTP has the length of what is in it, across what may be anything`() throws
  {
    let request = "POST /key HTTP/1.1\r\nHost: a\r\nContent-Length:  7 \r\n\r\nid=keyx"
    let response =
      "HTTP/1.1 200 OK\r\nContent-Length: 7\r\nDate: now\r\n\r\nkey+key"
    let start = response.utf8.count - "now\r\n\r\nkey+key".utf8.count
    let second = "HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nok"
    let (said, heard) = try played(
      [says(request + request), hears(response + second, start..<start + 3)],
      [("key", text(.connection, bytes("!")))], connection: 10)
    let newRequest = "POST /10! HTTP/1.1/Host: a/Content-Length:  7 //id=10!x"
    #expect(lines(said) == [newRequest + newRequest])
    #expect(
      lines(heard) == [
        "HTTP/1.1 200 OK/Content-Length: 7/Date: ~//10!+10!"
          + "HTTP/1.1 201 Created/Content-Length: 2//ok"
      ])
    let longer = try played(
      [says(request + request), hears(response + second, start..<start + 3)],
      [("key", text(.connection))], connection: 1_234_567)
    #expect(longer.said[0].contains("Content-Length:  11 ".utf8))
    #expect(longer.heard[0].contains("Content-Length: 15".utf8))
    #expect(longer.heard[0].contains("Content-Length: 2\r".utf8))
  }

  @Test func `chunks and bodies up to the close have no lengths that follow`() throws {
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nkey\r\n0\r\n\r\n"
    let (_, heard) = try played([hears(chunked)], [("key", text(bytes("yek")))])
    #expect(lines(heard) == [lines([Array(chunked.utf8)])[0].replacing("key", with: "yek")])
  }

  // MARK: MQTT

  private func string(_ text: String) -> [UInt8] {
    [UInt8(text.utf8.count >> 8), UInt8(text.utf8.count & 255)] + Array(text.utf8)
  }

  private func packet(_ kind: UInt8, _ body: [UInt8]) -> [UInt8] {
    body.count < 128
      ? [kind, UInt8(body.count)] + body
      : [kind, UInt8(body.count & 127) | 128, UInt8(body.count >> 7)] + body
  }

  /// A session of a client, in which `name` is its name, its user's name and a part of each topic.
  private func session(level: UInt8, _ name: String) -> (said: [UInt8], heard: [UInt8]) {
    let properties: [UInt8] = level == 5 ? [0] : []
    let connect =
      string("MQTT") + [level, 0xC6, 0, 60] + properties + string(name) + properties
      + string("will/\(name)") + string("gone") + string(name) + string("password")
    let publish = string("to/\(name)") + [0, 7] + properties + Array("hello \(name)\(name)".utf8)
    let heard = string("to/\(name)") + properties + Array("hello \(name)\(name)".utf8)
    return (
      packet(0x10, connect) + packet(0x82, [0, 1] + properties + string("to/\(name)") + [0])
        + packet(0x32, publish) + packet(0xA2, [0, 2] + properties + string("to/\(name)"))
        + [0xE0, 0],
      [0x20, 2, 0, 0] + packet(0x30, heard) + [0x40, 2, 0, 7]
    )
  }

  @Test(arguments: [4, 5] as [UInt8], [1, 9, 12_345, 1_000_000_000] as [UInt64])
  func `packets of MQTT and the strings in them have the lengths of what is in them`(
    level: UInt8, connection: UInt64
  ) throws {
    let (said, heard) = session(level: level, "@@")
    let played = try played(
      [Step(.send(said), after: 0), Step(.receive(heard), after: 0)],
      [("@@", text(bytes("client-of-many-letters-"), .connection))], connection: connection)
    let wanted = session(level: level, "client-of-many-letters-\(connection)")
    #expect(played.said == [wanted.said])
    #expect(played.heard == [wanted.heard])
  }

  /// The lengths of a property, and of the properties together, do not follow.
  @Test func `nothing is replaced in a property, as its lengths would not follow`() throws {
    let properties: [UInt8] = [0x0C, 0x26] + string("n") + string("device")
    #expect(properties.count == 13)
    let connect = packet(
      0x10, string("MQTT") + [5, 2, 0, 60] + properties + string("device"))
    let new = text(bytes("device-"), .connection)
    #expect(throws: ConversationPattern.Flaw.inProperty(1)) {
      try played(
        [Step(.send(connect), after: 0)], [("MQTT", text(bytes("MQTT"))), ("device", new)])
    }
    // A text of the same length keeps all lengths.
    #expect(
      try played([Step(.send(connect), after: 0)], [("device", text(bytes("widget")))]).said == [
        packet(
          0x10,
          string("MQTT") + [5, 2, 0, 60, 0x0C, 0x26] + string("n") + string("widget")
            + string("widget"))
      ])
    // Another text beside it may be replaced.
    let other = packet(0x10, string("MQTT") + [5, 2, 0, 60] + properties + string("other"))
    let (said, _) = try played([Step(.send(other), after: 0)], [("other", new)], connection: 7)
    #expect(
      said == [
        packet(0x10, string("MQTT") + [5, 2, 0, 60] + properties + string("device-7"))
      ])
  }

  @Test func `a string of MQTT does not become longer than its length can say`() throws {
    for (count, isTooLong) in [(65_530, false), (65_536, true)] {
      let new = text(bytes(String(repeating: "x", count: count)))
      let pieces = Step(
        .send(packet(0x10, string("MQTT") + [4, 2, 0, 60] + string("@@"))), after: 0)
      if isTooLong {
        #expect(throws: ConversationPattern.Flaw.longString(0)) {
          try played([pieces], [("@@", new)])
        }
      } else {
        #expect(try played([pieces], [("@@", new)]).said[0].count == count + 16)
      }
    }
  }

  @Test func `a packet that is malformed stays`() throws {
    var (said, _) = session(level: 4, "@@")
    // The user's name ends behind the packet.
    said[1] -= 3
    let played = try played([Step(.send(said), after: 0)], [("@@", text(bytes("longer")))])
    let pieces = said.split(separator: Array("@@".utf8), omittingEmptySubsequences: false)
    #expect(played.said == [Array(pieces.joined(separator: Array("longer".utf8)))])
  }
}
