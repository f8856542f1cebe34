import Linux
import Messages
import Protocols
import SystemPackage
import Testing

@testable import Probe
@testable import Simulation

/// What a client makes of messages, and of what comes between them.
@Suite struct WebSocketClientTests {
  private func text(_ item: HeardFrames.Item?) -> String? {
    if case .text(let text)? = item { text } else { nil }
  }

  @Test func `each message is one masked text, with a key of its own`() throws {
    let server = try WebSocketServerByHand.open()
    server.begin()
    var keys: Set<[UInt8]> = []
    for _ in 0..<3 {
      let bytes = server.peer.receive(server.socket)
      #expect(bytes.count == 16)
      #expect(bytes.prefix(2) == [0x81, 0x8A])
      keys.insert(Array(bytes[2..<6]))
      #expect(HeardFrames(bytes, by: .server).items == [.text("0123456789")])
      server.say(Frame.text("0123456789"))
      server.stage.run(for: .milliseconds(999))
    }
    #expect(keys.count == 3)
    #expect(server.outcomes() == [4, 3, 0, 0, 0, 0])
  }

  @Test func `a pattern of bytes sends binary messages`() throws {
    var pattern = MessagePattern.test(every: .seconds(1))
    pattern.isBinary = true
    let server = try WebSocketServerByHand.open(.test(), [pattern])
    server.begin()
    #expect(server.heard() == [.binary(Array("0123456789".utf8))])
  }

  /// Answers to `0123456789`, as bytes on the wire.
  struct Answer: CustomTestStringConvertible {
    var testDescription: String
    var bytes: [UInt8]
    var isRight: Bool

    init(_ name: String, _ bytes: [UInt8], isRight: Bool) {
      testDescription = name
      self.bytes = bytes
      self.isRight = isRight
    }
  }

  static let answers = [
    Answer("whole", Frame.text("0123456789"), isRight: true),
    Answer(
      "fragments",
      Frame.text("012", isFinal: false) + Frame.bytes(.continuation, [], isFinal: false)
        + Frame.bytes(.continuation, Array("345678".utf8), isFinal: false)
        + Frame.bytes(.continuation, Array("9".utf8)), isRight: true),
    Answer(
      "control frames within",
      Frame.text("01234", isFinal: false) + Frame.bytes(.ping, [7, 8])
        + Frame.bytes(.pong, [1]) + Frame.bytes(.continuation, Array("56789".utf8)),
      isRight: true),
    Answer(
      "an empty last fragment",
      Frame.text("0123456789", isFinal: false) + Frame.bytes(.continuation, []), isRight: true),
    Answer("shorter", Frame.text("012345678"), isRight: false),
    Answer("longer", Frame.text("0123456789x"), isRight: false),
    Answer(
      "longer by a fragment",
      Frame.text("0123456789", isFinal: false) + Frame.bytes(.continuation, [0x78]),
      isRight: false),
    Answer("other bytes", Frame.text("012345678x"), isRight: false),
    Answer("empty", Frame.text(""), isRight: false),
  ]

  @Test(arguments: answers)
  func `an answer is the whole of a message, however it is cut`(answer: Answer) throws {
    let expectations: [MessagePattern.Expectation] = [
      .echo, .text(Array("0123456789".utf8)),
      .framed(.message, .matches(try! BytePattern("^[0-9]{10}$"))),
    ]
    for expectation in expectations {
      for cut in 0...answer.bytes.count {
        let server = try WebSocketServerByHand.open(
          .test(), [.test(every: .seconds(1), expect: expectation)])
        server.begin()
        server.say(Array(answer.bytes[..<cut]))
        server.say(Array(answer.bytes[cut...]))
        // The next message is answered as if nothing had been.
        server.stage.run(for: .milliseconds(999))
        server.say(Frame.text("0123456789"))
        #expect(
          server.outcomes() == (answer.isRight ? [2, 2, 0, 0, 0, 0] : [2, 1, 1, 0, 0, 0]),
          "\(expectation) cut \(cut)")
        #expect(server.stage.clientBoard[.unasked] == 0, "\(expectation) cut \(cut)")
        #expect(server.failures == [])
      }
    }
  }

  @Test(arguments: [9, 10, 11])
  func `an answer of so many bytes is a message of as many`(count: Int) throws {
    let server = try WebSocketServerByHand.open(
      .test(), [.test(every: .seconds(1), expect: .bytes(10))])
    server.begin()
    server.say(Frame.bytes(.binary, [UInt8](repeating: 0xFF, count: count)))
    #expect(server.outcomes() == (count == 10 ? [1, 1, 0, 0, 0, 0] : [1, 0, 1, 0, 0, 0]))
  }

  @Test(arguments: [125, 126, 127, 65_535, 65_536, 200_000])
  func `lengths of every width go both ways`(count: Int) throws {
    let text = String(repeating: "x", count: count)
    let server = try WebSocketServerByHand.open(.test(), [.test(text, every: .seconds(1))])
    server.stage.order(.begin, phase: 1)
    var bytes: [UInt8] = []
    for _ in 0..<100 {
      server.stage.run(for: .milliseconds(1))
      bytes += server.peer.receive(server.socket)
    }
    #expect(HeardFrames(bytes, by: .server).items == [.text(text)])
    server.say(Frame.text(text))
    #expect(server.outcomes() == [1, 1, 0, 0, 0, 0])
  }

  @Test func `an answer that comes late is told from the next one`() throws {
    for expectation in [
      .echo, .bytes(10), .framed(.message, .text(Array("0".utf8))),
    ] as [MessagePattern.Expectation] {
      let server = try WebSocketServerByHand.open(
        .test(), [.test(every: .seconds(2), expect: expectation)])
      server.begin(for: .milliseconds(2001))
      // The first one is owed by now.
      server.say(Frame.text("01234", isFinal: false) + Frame.bytes(.ping, []))
      server.say(Frame.bytes(.continuation, Array("56789".utf8)) + Frame.text("0123456789"))
      #expect(server.outcomes() == [2, 1, 0, 0, 1, 0], "\(expectation)")
    }
  }

  private static let wholes: [MessagePattern.Expectation] = [
    .echo, .text(Array("0123456789".utf8)), .bytes(10),
    .framed(.message, .matches(try! BytePattern("^[0-9]{10}$"))),
  ]

  @Test func `the rest of a message that began before is no answer to the one under way`() throws {
    for expectation in Self.wholes {
      let server = try WebSocketServerByHand.open(
        .test(), [.test(every: .seconds(1), expect: expectation)])
      server.begin()
      // Wrong, and so long without an end that the next message is sent. A framed one is under way still, and owed.
      server.say(Frame.text(String(repeating: "x", count: 11), isFinal: false))
      server.stage.run(for: .milliseconds(1000))
      #expect(server.outcomes()[0] == 2)
      server.say(Frame.bytes(.continuation, Array("ng".utf8), isFinal: false))
      server.say(Frame.bytes(.continuation, Array("!".utf8)))
      server.say(Frame.text("0123456789"))
      #expect(server.outcomes() == [2, 1, 1, 0, 0, 0], "\(expectation)")
      #expect(server.stage.clientBoard[.unasked] == 0, "\(expectation)")
    }
  }

  @Test func `the rest of a wrong answer that comes when nothing is waited for is not unasked`()
    throws
  {
    let server = try WebSocketServerByHand.open(.test(), [.test(every: .seconds(1))])
    server.begin()
    server.say(Frame.text("wro", isFinal: false))
    server.stage.run(for: .milliseconds(500))
    server.say(Frame.bytes(.continuation, Array("ng".utf8)))
    #expect(server.outcomes() == [1, 0, 1, 0, 0, 0])
    #expect(server.stage.clientBoard[.unasked] == 0)
    server.stage.run(for: .milliseconds(499))
    server.say(Frame.text("0123456789"))
    #expect(server.outcomes() == [2, 1, 1, 0, 0, 0])
  }

  @Test func `the rest of what came unasked is no answer, and counts as the rest of it`() throws {
    let server = try WebSocketServerByHand.open(.test(), [.test(every: .seconds(1))])
    server.say(Frame.text("he", isFinal: false))
    server.say(Frame.bytes(.continuation, Array("l".utf8), isFinal: false))
    #expect(server.stage.clientBoard[.unexpectedBytes] == 3)
    server.begin()
    server.say(Frame.bytes(.continuation, Array("lo".utf8)) + Frame.text("0123456789"))
    #expect(server.outcomes() == [1, 1, 0, 0, 0, 0])
    #expect(server.stage.clientBoard[.unasked] == 1)
  }

  @Test func `what an owed answer is not is wrong, and the next one counts`() throws {
    let server = try WebSocketServerByHand.open(.test(), [.test(every: .seconds(2))])
    server.begin(for: .milliseconds(2001))
    server.say(Frame.text("0123456789x"))
    // Of the two that wait, the one under way.
    #expect(server.outcomes()[2] == 1)
    server.stage.run(for: .seconds(2))
    server.say(Frame.text("0123456789"))
    #expect(server.outcomes()[1] == 1)
  }

  // MARK: Control frames

  @Test func `pings are answered with what they brought, cut anywhere`() throws {
    let payload = Array("are you there?".utf8)
    let ping = Frame.bytes(.ping, payload) + Frame.bytes(.ping, [])
    for cut in 0...ping.count {
      let server = try WebSocketServerByHand.open()
      server.say(Array(ping[..<cut]))
      server.say(Array(ping[cut...]))
      #expect(server.heard() == [.pong(payload), .pong([])], "cut \(cut)")
      #expect(server.stage.held == 1)
      #expect(server.stage.clientBoard[.unasked] == 0)
    }
  }

  @Test func `a flood of pings holds nothing up, and is answered as far as it is read`() throws {
    let server = try WebSocketServerByHand.open(dials: .init(latency: 1000, bufferSize: 2000))
    let ping = Frame.bytes(.ping, [UInt8](repeating: 1, count: 125))
    server.stage.order(.begin, phase: 1)
    for _ in 0..<300 { server.say(ping, for: .zero) }
    server.stage.run(for: .seconds(1))
    // It has read none of the answers.
    #expect(server.stage.held == 1)
    var bytes: [UInt8] = []
    for _ in 0..<20 {
      bytes += server.peer.receive(server.socket)
      server.stage.run(for: .milliseconds(10))
    }
    let items = HeardFrames(bytes, by: .server).items
    #expect(items.contains(.text("0123456789")))
    #expect(items.filter { if case .pong = $0 { true } else { false } }.count > 10)
    #expect(!items.contains { if case .wrong = $0 { true } else { false } })
  }

  @Test(arguments: [40, 100, 130, 150, 200])
  func `frames stay whole where messages, pongs and room come at any time`(buffer: Int) throws {
    let text = String(repeating: "0123456789", count: 9)
    let server = try WebSocketServerByHand.open(
      .test(), [.test(text, every: .microseconds(7), expect: .none)],
      dials: .init(latency: 1000, bufferSize: buffer))
    let ping = Frame.bytes(.ping, [UInt8](repeating: 1, count: 60))
    server.stage.order(.begin, phase: 1)
    var bytes: [UInt8] = []
    var rest: [UInt8] = []
    for round in 0..<3000 {
      if rest.isEmpty, round % 12 == 0 { rest = ping }
      if case .moved(let count) = server.peer.send(server.socket, rest) { rest.removeFirst(count) }
      server.stage.run(for: .microseconds(1 + round % 5))
      if round % 4 < 2 { bytes += server.peer.receive(server.socket) }
      if round % 4 == 1 { server.stage.turnClient() }
    }
    let items = HeardFrames(bytes, by: .server).items
    let pongs = items.filter { if case .pong = $0 { true } else { false } }
    #expect(!pongs.isEmpty)
    #expect(items.filter { $0 == .text(text) }.count > 20)
    #expect(items.count == pongs.count + items.filter { $0 == .text(text) }.count)
  }

  @Test(arguments: [7, 50, 300])
  func `a pong waits for the message under way`(buffer: Int) throws {
    let text = String(repeating: "0123456789", count: 100)
    let server = try WebSocketServerByHand.open(
      .test(), [.test(text, every: .seconds(1))],
      dials: .init(latency: 1000, bufferSize: buffer))
    server.begin(for: .microseconds(100))
    server.say(Frame.bytes(.ping, [5]), for: .zero)
    var bytes: [UInt8] = []
    for _ in 0..<1000 {
      bytes += server.peer.receive(server.socket)
      server.stage.run(for: .microseconds(10))
    }
    #expect(HeardFrames(bytes, by: .server).items == [.text(text), .pong([5])])
    server.say(Frame.text(text))
    #expect(server.outcomes()[1] == 1)
  }

  @Test func `a pong that nobody asked for means nothing`() throws {
    let server = try WebSocketServerByHand.open()
    server.say(Frame.bytes(.pong, []) + Frame.bytes(.pong, [1, 2, 3, 4]))
    #expect(server.stage.held == 1)
    #expect(server.heard() == [])
    #expect(server.stage.clientBoard[.unasked] == 0)
  }

  @Test func `messages that nobody asked for are counted by their content`() throws {
    let server = try WebSocketServerByHand.open()
    server.say(Frame.text("hello") + Frame.text("world"))
    #expect(server.stage.clientBoard[.unasked] == 1)
    #expect(server.stage.clientBoard[.unexpectedBytes] == 10)
    #expect(server.stage.clientBoard.unasked == Array("hello".utf8))
  }
}
