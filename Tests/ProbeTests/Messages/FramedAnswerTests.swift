import Messages
import Probe
import Testing

@testable import Simulation

/// Answers that end with a delimiter. The outcomes are sent, received, wrong, short, late, missing.
@Suite struct FramedAnswerTests {
  private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

  private func stage(
    _ until: String, _ content: MessagePattern.Content? = nil, limit: Int = 1000
  ) throws -> Stage {
    try Stage([.test(every: .seconds(1), expect: .framed(.delimiter(bytes(until)), content))]) {
      $0.receiveLimit = limit
    }
  }

  @Test(arguments: [1, 2, 3, 100])
  func `an answer is all that comes up to the delimiter`(limit: Int) throws {
    let stage = try stage("\r\n", limit: limit)
    stage.begin()
    stage.say(bytes("one\rtwo\n\r"))
    #expect(stage.outcomes() == [1, 0, 0, 0, 0, 0])
    stage.say(bytes("\r\n"))
    #expect(stage.outcomes() == [1, 1, 0, 0, 0, 0])
    #expect(stage.count(.unexpectedBytes) == 0)
    stage.say(bytes("?"))
    #expect(stage.count(.unexpectedBytes) == 1)
  }

  @Test(arguments: [1, 2, 3, 7, 100])
  func `the round trip goes on to its end`(limit: Int) throws {
    let stage = try stage("\n", .text(bytes("OK")), limit: limit)
    stage.begin()
    stage.say(bytes("OK and more"), for: .milliseconds(300))
    #expect(stage.outcomes() == [1, 0, 0, 0, 0, 0])
    stage.say(bytes("\n"))
    #expect(stage.outcomes() == [1, 1, 0, 0, 0, 0])
    #expect(stage.client.board.largest(.roundTrip) > 2.9e8)
  }

  @Test(arguments: [1, 2, 3, 7, 100])
  func `after a wrong answer the next one is right again`(limit: Int) throws {
    let stage = try stage("\r\n", .text(bytes("+PONG")), limit: limit)
    stage.begin()
    // Longer than the right one: today's rest is not tomorrow's beginning.
    stage.say(bytes("-ERR unknown command 'PNIG', with args beginning with:\r\n"))
    #expect(stage.outcomes() == [1, 0, 1, 0, 0, 0])
    for round in 1...5 {
      stage.world.run(for: .seconds(1))
      stage.say(bytes("+PONG\r\n"))
      #expect(stage.outcomes() == [1 + round, round, 1, 0, 0, 0])
    }
    // Its end is known, so there is nothing to wait for.
    #expect(stage.count(.waits) == 0)
    #expect(stage.count(.unexpectedBytes) == 0)
    #expect(stage.count(.unanswered) == 0)
  }

  @Test(arguments: [
    ("^OK$", "OK\n", true), ("^OK\n$", "OK\n", true), ("^OK$", "OKAY\n", false),
    ("^$", "\n", true), ("^$", "a\n", false), ("b+", "aabb\n", true), ("b$", "ba\n", false),
    ("x*", "\n", true), ("\\d{3}$", "code 200\n", true),
  ])
  func `an expression is looked for between the delimiters`(
    expression: String, answer: String, isRight: Bool
  ) throws {
    for limit in [1, 2, 100] {
      let stage = try stage("\n", .matches(BytePattern(expression)), limit: limit)
      stage.begin()
      stage.say(bytes(answer))
      #expect(stage.outcomes() == (isRight ? [1, 1, 0, 0, 0, 0] : [1, 0, 1, 0, 0, 0]))
    }
  }

  @Test func `a dollar stands before a delimiter of several bytes too`() throws {
    let end = "\r\n\r\n"
    for limit in 1...6 {
      let stage = try stage(end, .matches(BytePattern("ok$")), limit: limit)
      stage.begin()
      stage.say(bytes("head\r\nok" + end))
      stage.world.run(for: .seconds(1))
      stage.say(bytes("ok then" + end))
      #expect(stage.outcomes() == [2, 1, 1, 0, 0, 0])
    }
  }

  @Test func `what has begun and not ended in time is missing, and late when it ends`() throws {
    let stage = try Stage([.test(expect: .framed(.delimiter(bytes("\n")), nil))])
    stage.begin()
    stage.say(bytes("half"), for: .seconds(2))
    #expect(stage.outcomes() == [1, 0, 0, 0, 0, 1])
    stage.say(bytes(" and half\n"))
    #expect(stage.outcomes() == [1, 0, 0, 0, 1, 0])
  }

  @Test func `an answer may come before its question has been written`() throws {
    let stage = try Stage(
      [.test(every: .seconds(100), expect: .framed(.delimiter(bytes("\n")), .text(bytes("k"))))],
      dials: .init(bufferSize: 4))
    stage.begin()
    stage.say(bytes("ok\n!"))
    #expect(stage.outcomes() == [1, 0, 0, 0, 0, 0])
    for _ in 0..<4 {
      _ = stage.heard()
      stage.world.run(for: .microseconds(1))
    }
    #expect(stage.outcomes() == [1, 1, 0, 0, 0, 0])
    #expect(stage.count(.unexpectedBytes) == 1)
  }

  @Test func `connections have each a search of their own`() throws {
    let stage = try Stage(
      connections: 2,
      [.test(every: .seconds(1), expect: .framed(.delimiter([10]), .text(bytes("abc"))))])
    stage.begin(for: .milliseconds(600))
    stage.say(bytes("xab"), on: 0)
    stage.say(bytes("ab"), on: 1)
    stage.say(bytes("c\n"), on: 0)
    stage.say(bytes("\n"), on: 1)
    #expect(stage.outcomes() == [2, 1, 1, 0, 0, 0])
  }
}

/// What becomes of a connection after an answer whose end is not known was wrong.
@Suite struct QuietTests {
  @Test func `it waits until nothing has come for a tenth of a second`() throws {
    let stage = try Stage([.test(every: .milliseconds(50), expect: .text([1, 2, 3]))])
    stage.begin()
    stage.say([9])
    #expect(stage.outcomes() == [1, 0, 1, 0, 0, 0])
    #expect(stage.count(.waits) == 1)
    // More of the wrong answer, which would be taken for the next one's: right and wrong bytes.
    for _ in 0..<10 { stage.say([1, 2, 3, 7], for: .milliseconds(60)) }
    #expect(stage.outcomes() == [1, 0, 1, 0, 0, 0])
    #expect(stage.count(.unexpectedBytes) == 0)
    stage.world.run(for: .milliseconds(45))
    // What became due meanwhile is sent now, one after the other.
    for round in 1...5 {
      #expect(stage.outcomes()[0] == 1 + round)
      stage.say([1, 2, 3])
      #expect(stage.outcomes()[1] == round)
    }
    #expect(stage.count(.waits) == 1)
  }

  @Test func `a phase does not wait for it`() throws {
    let stage = try Stage([.test(expect: .text([1]))])
    stage.begin()
    stage.say([9])
    stage.world.order(.settle, phase: 1)
    stage.world.run(for: .milliseconds(1))
    #expect(stage.world.hasSettled(1))
  }

  @Test func `it may end meanwhile`() throws {
    let stage = try Stage([.test(expect: .text([1]))])
    stage.begin()
    stage.say([9])
    try stage.peer.close(stage.socket, reset: true)
    stage.world.run(for: .seconds(1))
    #expect(stage.client.held == 0)
    #expect(stage.outcomes() == [1, 0, 1, 0, 0, 0])
  }

  @Test func `without a pace the next message waits as well`() throws {
    var pattern = MessagePattern.test(expect: .text([1]))
    pattern.pace = .unlimited
    let stage = try Stage([pattern])
    stage.begin()
    stage.say([9], for: .milliseconds(99))
    #expect(stage.outcomes() == [1, 0, 1, 0, 0, 0])
    stage.world.run(for: .milliseconds(2))
    #expect(stage.outcomes() == [2, 0, 1, 0, 0, 0])
  }
}
