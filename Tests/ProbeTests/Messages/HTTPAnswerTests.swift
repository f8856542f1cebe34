import Messages
import Probe
import Protocols
import Testing

@testable import Simulation

/// Answers that are responses of HTTP/1.1. The outcomes are sent, received, wrong, short, late, missing.
@Suite struct HTTPAnswerTests {
  private static let limits = [1, 2, 100]

  private func stage(
    _ content: MessagePattern.Content? = nil, method: HTTPMethod = .get,
    statuses: [ClosedRange<UInt16>] = HTTPAnswer.success, limit: Int = 100,
    dials: SimulatedNetwork.Dials = .init()
  ) throws -> Stage {
    let answer = HTTPAnswer(method: method, statuses: statuses)
    return try Stage(
      [.test(every: .seconds(1), expect: .framed(.http(answer), content))], dials: dials
    ) {
      $0.receiveLimit = limit
    }
  }

  /// Reads before it closes: to close with unread bytes is a reset.
  private func closeInOrder(_ stage: Stage) throws {
    _ = stage.heard()
    try stage.peer.close(stage.socket, reset: false)
  }

  private static func response(
    _ status: Int = 200, _ fields: String = "", body: String = "hello"
  ) -> String {
    "HTTP/1.1 \(status) x\r\n\(fields)Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
  }

  private static let chunked =
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;a=b\r\nlo\r\n0\r\nX: y\r\n\r\n"

  @Test(arguments: limits)
  func `a response ends where it says`(limit: Int) throws {
    let responses = [
      Self.response(), Self.chunked, "HTTP/1.1 204 No Content\r\n\r\n",
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nLink: x\r\n\r\n" + Self.response(201),
    ]
    for response in responses {
      let stage = try stage(limit: limit)
      stage.begin()
      stage.say(response.utf8.dropLast())
      #expect(stage.outcomes() == [1, 0, 0, 0, 0, 0])
      stage.say(response.utf8.suffix(1))
      #expect(stage.outcomes() == [1, 1, 0, 0, 0, 0])
      #expect(stage.count(.unexpectedBytes) == 0)
      stage.say("!".utf8)
      #expect(stage.count(.unexpectedBytes) == 1)
    }
  }

  @Test(arguments: limits)
  func `a status that was not asked for is wrong, and the connection goes on`(limit: Int) throws {
    let stage = try stage(limit: limit)
    stage.begin()
    for (round, status) in [404, 200, 301, 200, 503].enumerated() {
      stage.say(Self.response(status).utf8)
      #expect(stage.outcomes() == [1 + round, (round + 1) / 2, round / 2 + 1, 0, 0, 0])
      stage.world.run(for: .seconds(1))
    }
    #expect(stage.count(.waits) == 0)
    #expect(stage.count(.unexpectedBytes) == 0)
  }

  private func wrongTexts(_ stage: Stage) -> [String] {
    stage.client.board.wrongAnswers(0).map { String(decoding: $0, as: UTF8.self) }
  }

  @Test func `what a wrong response says begins with its status line, however it is cut`() throws {
    let response = Self.response(404)
    let head = response.utf8.count - 5
    for cut in ["HTTP/1.1 404 x\r\n".utf8.count, head - 2, head, head + 2, head + 5] {
      let stage = try stage()
      stage.begin()
      stage.say(response.utf8.prefix(cut))
      stage.say(response.utf8.dropFirst(cut))
      #expect(stage.outcomes() == [1, 0, 1, 0, 0, 0])
      #expect(wrongTexts(stage).count == 1, "\(cut)")
      #expect(wrongTexts(stage).first?.hasPrefix("HTTP/1.1 404 x\r\n") == true, "\(cut)")
    }
  }

  @Test func `what a wrong response says is kept where it is late, and where a close ends it`()
    throws
  {
    let untilClose = "HTTP/1.0 500 x\r\n\r\nbody"
    for isLate in [false, true] {
      for (response, closes) in [(Self.response(503), false), (untilClose, true)] {
        let stage = try stage()
        stage.begin(for: .milliseconds(isLate ? 1_500 : 1))
        stage.say(response.utf8.prefix(response.utf8.count - 4))
        stage.say(response.utf8.suffix(4))
        if closes {
          try closeInOrder(stage)
          stage.world.run(for: .milliseconds(1))
        }
        #expect(stage.outcomes()[2] == 1)
        #expect(wrongTexts(stage).count == 1)
        #expect(wrongTexts(stage).first?.hasPrefix(String(response.prefix(14))) == true)
      }
    }
  }

  @Test func `any of the statuses that are asked for is right`() throws {
    let stage = try stage(statuses: [200...204, 404...404, 599...599])
    stage.begin()
    for status in [200, 204, 404, 599, 205, 403, 598] {
      stage.say((status == 204 ? "HTTP/1.1 204 x\r\n\r\n" : Self.response(status)).utf8)
      stage.world.run(for: .seconds(1))
    }
    #expect(stage.outcomes() == [8, 4, 3, 0, 0, 0])
  }

  @Test(arguments: limits)
  func `a response to HEAD has no body`(limit: Int) throws {
    let stage = try stage(method: .head, limit: limit)
    stage.begin()
    stage.say("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n".utf8)
    #expect(stage.outcomes() == [1, 1, 0, 0, 0, 0])
  }

  @Test(arguments: limits)
  func `a content is looked for in the body alone, without what chunks put around it`(limit: Int)
    throws
  {
    let rights: [(MessagePattern.Content, String)] = [
      (.text(Array("hello".utf8)), Self.chunked),
      (.matches(try BytePattern("^hello$")), Self.chunked),
      (.matches(try BytePattern("o$")), Self.response()),
      (.matches(try BytePattern("^$")), Self.response(body: "")),
    ]
    for (content, response) in rights {
      let stage = try stage(content, limit: limit)
      stage.begin()
      stage.say(response.utf8)
      #expect(stage.outcomes() == [1, 1, 0, 0, 0, 0])
    }
    let wrongs: [(MessagePattern.Content, String)] = [
      (.text(Array("HTTP".utf8)), Self.response()), (.text(Array("X: y".utf8)), Self.chunked),
      (.matches(try BytePattern("l$")), Self.response()),
      (.matches(try BytePattern("^$")), Self.response()),
      (.text(Array("hello".utf8)), "HTTP/1.1 204 hello\r\n\r\n"),
    ]
    for (content, response) in wrongs {
      let stage = try stage(content, limit: limit)
      stage.begin()
      stage.say(response.utf8)
      stage.world.run(for: .seconds(1))
      stage.say(Self.response(body: "HTTP X: y l").utf8)
      #expect(stage.outcomes()[2] >= 1)
      #expect(stage.count(.waits) == 0)
    }
  }

  @Test(arguments: ["SSH-2.0-OpenSSH\r\n", "HTTP/2 200\r\n", "HTTP/1.1 101 Switching\r\n\r\n"])
  func `what is no response is wrong, and has no end`(answer: String) throws {
    for limit in Self.limits {
      let stage = try stage(limit: limit)
      stage.begin()
      stage.say(answer.utf8)
      stage.say("more of it".utf8)
      #expect(stage.outcomes() == [1, 0, 1, 0, 0, 0])
      #expect(stage.count(.waits) == 1)
      #expect(stage.count(.unexpectedBytes) == 0)
    }
  }

  // MARK: The connection's end

  private static let open = "HTTP/1.1 200 OK\r\n\r\nup to the end"

  @Test(arguments: limits)
  func `a response may go on to the close`(limit: Int) throws {
    for (status, outcomes) in [(200, [1, 1, 0, 0, 0, 0]), (500, [1, 0, 1, 0, 0, 0])] {
      let stage = try stage(limit: limit)
      stage.begin()
      stage.say(Self.open.replacing("200", with: "\(status)").utf8)
      #expect(stage.outcomes() == [1, 0, 0, 0, 0, 0])
      try closeInOrder(stage)
      stage.world.run(for: .milliseconds(1))
      #expect(stage.outcomes() == outcomes)
      #expect(stage.count(.closedByPeer) == 1)
      #expect(stage.client.held == 0)
    }
  }

  @Test func `a content is looked for up to the close`() throws {
    for (expression, isRight) in [("end$", true), ("the$", false)] {
      let stage = try stage(.matches(BytePattern(expression)))
      stage.begin()
      stage.say(Self.open.utf8)
      try closeInOrder(stage)
      stage.world.run(for: .milliseconds(1))
      #expect(stage.outcomes() == (isRight ? [1, 1, 0, 0, 0, 0] : [1, 0, 1, 0, 0, 0]))
    }
  }

  @Test(arguments: limits)
  func `a response that a close cuts off is short`(limit: Int) throws {
    for (response, reset) in [(Self.response(), false), (Self.chunked, false), (Self.open, true)] {
      let stage = try stage(limit: limit)
      stage.begin()
      stage.say(response.utf8.dropLast())
      _ = stage.heard()
      try stage.peer.close(stage.socket, reset: reset)
      stage.world.run(for: .milliseconds(1))
      #expect(stage.outcomes() == [1, 0, 0, 1, 0, 0])
    }
  }

  @Test(arguments: [MessagePattern.Pace.unlimited, .every(1_000_000)])
  func `behind the last response no message is begun`(pace: MessagePattern.Pace) throws {
    for closing in ["Connection: close\r\n", "Connection: Close, x\r\n"] {
      var pattern = MessagePattern.test(expect: .framed(.http(HTTPAnswer(method: .get)), nil))
      pattern.pace = pace
      let stage = try Stage([pattern])
      stage.begin()
      stage.say(Self.response().utf8)
      let sent = stage.outcomes()[0]
      #expect(sent >= 2)
      stage.say(Self.response(200, closing).utf8, for: .milliseconds(50))
      #expect(stage.outcomes() == [sent, 2, 0, 0, 0, 0])
      try closeInOrder(stage)
      stage.world.run(for: .milliseconds(1))
      #expect(stage.outcomes() == [sent, 2, 0, 0, 0, 0])
      #expect(stage.count(.closedByPeer) == 1)
      #expect(stage.count(.waits) == 0)
    }
  }

  @Test func `a server that announces a close and does not keep its word is asked again`() throws {
    let stage = try stage()
    stage.begin()
    stage.say(Self.response(404, "Connection: close\r\n").utf8)
    #expect(stage.outcomes() == [1, 0, 1, 0, 0, 0])
    stage.world.run(for: .seconds(1))
    #expect(stage.outcomes() == [2, 0, 1, 0, 0, 0])
    stage.say(Self.response().utf8)
    #expect(stage.outcomes() == [2, 1, 1, 0, 0, 0])
  }

  @Test func `HTTP/1.0 closes unless it says otherwise`() throws {
    for (fields, waits) in [("", true), ("Connection: keep-alive\r\n", false)] {
      var pattern = MessagePattern.test(expect: .framed(.http(HTTPAnswer(method: .get)), nil))
      pattern.pace = .unlimited
      let stage = try Stage([pattern])
      stage.begin()
      stage.say(Self.response(200, fields).replacing("HTTP/1.1", with: "HTTP/1.0").utf8)
      #expect(stage.outcomes() == [waits ? 1 : 2, 1, 0, 0, 0, 0])
    }
  }

  // MARK: Late and early ones

  @Test(arguments: limits)
  func `a late response is its own message's`(limit: Int) throws {
    let stage = try stage(limit: limit)
    stage.begin()
    let late = Self.response(200, "X: 1\r\n")
    stage.say(late.utf8.prefix(30))
    stage.world.run(for: .milliseconds(2_500))
    #expect(stage.outcomes() == [3, 0, 0, 0, 0, 2])
    stage.say(late.utf8.dropFirst(30))
    #expect(stage.outcomes() == [3, 0, 0, 0, 1, 1])
    stage.say((Self.response(404) + Self.response()).utf8)
    #expect(stage.outcomes() == [3, 1, 1, 0, 1, 0])
    #expect(stage.count(.unexpectedBytes) == 0)
  }

  @Test func `a late response may go on to the close`() throws {
    for (status, outcomes) in [(200, [2, 0, 0, 1, 1, 0]), (500, [2, 0, 1, 1, 0, 0])] {
      let stage = try stage()
      stage.begin(for: .milliseconds(1_500))
      stage.say(Self.open.replacing("200", with: "\(status)").utf8)
      #expect(stage.outcomes() == [2, 0, 0, 0, 0, 1])
      try closeInOrder(stage)
      stage.world.run(for: .milliseconds(1))
      #expect(stage.outcomes() == outcomes)
    }
  }

  @Test func `a late response that is the last one leaves the next message without an answer`()
    throws
  {
    let stage = try stage()
    stage.begin(for: .milliseconds(1_500))
    stage.say(Self.response(200, "Connection: close\r\n").utf8)
    #expect(stage.outcomes() == [2, 0, 0, 0, 1, 0])
    try closeInOrder(stage)
    stage.world.run(for: .milliseconds(1))
    #expect(stage.outcomes() == [2, 0, 0, 1, 1, 0])
  }

  @Test func `a response may come before its request has been written`() throws {
    for (response, outcomes) in [
      (Self.response(), [1, 1, 0, 0, 0, 0]), (Self.response(413), [1, 0, 1, 0, 0, 0]),
      (Self.response(200, "Connection: close\r\n"), [1, 1, 0, 0, 0, 0]),
    ] {
      let stage = try stage(dials: .init(bufferSize: 4))
      stage.begin()
      stage.say(response.utf8.prefix(4))
      var rest = response.utf8.dropFirst(4)
      while !rest.isEmpty {
        stage.say(rest.prefix(4))
        rest = rest.dropFirst(4)
      }
      for _ in 0..<4 {
        _ = stage.heard()
        stage.world.run(for: .microseconds(1))
      }
      #expect(stage.outcomes() == outcomes)
    }
  }

  @Test func `what is to close after its message closes as planned at the response's end`() throws {
    let world = World()
    let peer = ScriptedPeer(world.network, at: .first)
    try peer.listen()
    var pattern = MessagePattern.test(expect: .framed(.http(HTTPAnswer(method: .get)), nil))
    pattern.pace = .unlimited
    try world.addClient(
      [.churn(rate: 1, lifetime: 100_000_000, span: 500_000_000, reset: true)],
      messages: Messages(patterns: [pattern], patternsOfPhase: [[0]], pushed: nil, seed: 0))
    world.check = { [unowned world] in world.expectConsistency() }
    world.order(.begin)
    world.run(for: .milliseconds(50))
    let socket = try #require(try peer.accept())
    world.run(for: .milliseconds(150))
    let client = world.client
    #expect(!peer.receive(socket).isEmpty)
    _ = peer.send(socket, Self.open.utf8)
    try peer.close(socket, reset: false)
    world.run(for: .milliseconds(1))
    #expect(client.messages(.received) == 1)
    #expect(client.board[.churned] == 1)
    #expect(client.board[.closedByPeer] == 0)
    #expect(client.failures.isEmpty)
  }
}
