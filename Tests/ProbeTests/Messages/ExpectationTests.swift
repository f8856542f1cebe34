import Linux
import Messages
import Probe
import SystemPackage
import Testing

@testable import Simulation

/// The ways to recognise an answer. The outcomes are sent, received, wrong, short, late, missing.
@Suite struct ExpectationTests {
  private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

  @Test func `what wrong answers say is kept, and nothing of right ones`() throws {
    let stage = try Stage([
      .test(every: .seconds(1), expect: .text(bytes("yes\n"))),
      .test(every: .seconds(1), expect: .none),
    ])
    stage.begin()
    stage.say(bytes("yes\n"))
    #expect(stage.client.board.wrongAnswers(0).isEmpty)
    stage.world.run(for: .seconds(1))
    stage.say(bytes("no\n"))
    #expect(stage.client.board.wrongAnswers(0) == [bytes("no\n")])
    #expect(stage.client.board.wrongAnswers(1).isEmpty)
  }

  @Test func `without an expectation a message is done when it is sent`() throws {
    let stage = try Stage([.test(every: .seconds(1), expect: .none)])
    stage.begin(for: .milliseconds(4_500))
    #expect(stage.outcomes() == [5, 5, 0, 0, 0, 0])
    #expect(stage.heard().count == 50)
    #expect(stage.count(.unanswered) == 0)
    #expect(stage.client.board.population(of: .roundTrip) == 0)
    #expect(stage.client.board.population(of: .drift) == 5)
    stage.say([1])
    #expect(stage.count(.unexpectedBytes) == 1)
  }

  @Test func `without an expectation a message that nobody reads is missing`() throws {
    let stage = try Stage(
      [.test(every: .seconds(3), expect: .none)], dials: .init(bufferSize: 4))
    stage.begin(for: .seconds(2))
    #expect(stage.outcomes() == [1, 0, 0, 0, 0, 1])
    #expect(stage.heard().count == 4)
    stage.world.run(for: .microseconds(1))
    #expect(stage.heard().count == 4)
    stage.world.run(for: .microseconds(1))
    #expect(stage.outcomes() == [1, 0, 0, 0, 1, 0])
  }

  @Test(arguments: [1, 2, 7, 10])
  func `so many bytes are an answer, whatever they are`(limit: Int) throws {
    let stage = try Stage([.test(expect: .bytes(10))]) { $0.receiveLimit = limit }
    stage.begin()
    stage.say(bytes("abcdefghi"))
    #expect(stage.outcomes() == [1, 0, 0, 0, 0, 0])
    stage.say(bytes("jkl"))
    #expect(stage.outcomes() == [1, 1, 0, 0, 0, 0])
    #expect(stage.count(.unexpectedBytes) == 2)
  }

  @Test(arguments: [1, 2, 3, 4])
  func `a text is an answer, byte for byte`(limit: Int) throws {
    let stage = try Stage([.test(every: .seconds(1), expect: .text(bytes("pong")))]) {
      $0.receiveLimit = limit
    }
    stage.begin()
    stage.say(bytes("pong"))
    #expect(stage.outcomes() == [1, 1, 0, 0, 0, 0])
    stage.world.run(for: .seconds(1))
    stage.say(bytes("pony"))
    #expect(stage.outcomes() == [2, 1, 1, 0, 0, 0])
    #expect(stage.count(.unexpectedBytes) == 0)
  }

  @Test func `an answer may come before its question has been written`() throws {
    let stage = try Stage(
      [.test(every: .seconds(100), expect: .text(bytes("ok")))], dials: .init(bufferSize: 4))
    stage.begin()
    stage.say(bytes("ok!"))
    #expect(stage.outcomes() == [1, 0, 0, 0, 0, 0])
    #expect(stage.count(.unexpectedBytes) == 1)
    for _ in 0..<4 {
      _ = stage.heard()
      stage.world.run(for: .microseconds(1))
    }
    #expect(stage.outcomes() == [1, 1, 0, 0, 0, 0])
  }

  @Test(arguments: [1, 3, 100])
  func `an expression is looked for in all that has come`(limit: Int) throws {
    let stage = try Stage([.test(expect: .matches(BytePattern("o+k.*end$")))]) {
      $0.receiveLimit = limit
    }
    stage.begin()
    stage.say(bytes("well, ook, and so on"))
    #expect(stage.outcomes() == [1, 0, 0, 0, 0, 0])
    stage.say(bytes(" to the end"))
    #expect(stage.outcomes() == [1, 1, 0, 0, 0, 0])
    // Where it ends nobody knows: until the next message is sent, more of it may come.
    stage.say(bytes("more"))
    #expect(stage.count(.unexpectedBytes) == 0)
  }

  @Test func `each connection's answer is searched by itself`() throws {
    let stage = try Stage(
      connections: 2, [.test(every: .seconds(1), expect: .matches(BytePattern("^ab$")))])
    stage.begin(for: .milliseconds(600))
    #expect(stage.outcomes()[0] == 2)
    stage.say(bytes("a"), on: 0)
    stage.say(bytes("a"), on: 1)
    stage.say(bytes("b"), on: 0)
    #expect(stage.outcomes() == [2, 1, 0, 0, 0, 0])
    stage.say(bytes("b"), on: 1)
    #expect(stage.outcomes() == [2, 2, 0, 0, 0, 0])
    // What was found in the answer to the first message counts for it alone.
    stage.world.run(for: .milliseconds(600))
    stage.say(bytes("ab"), on: 0)
    #expect(stage.outcomes()[1] == 3)
  }

  @Test func `an answer is looked at once, byte by byte, however long it is`() throws {
    let stage = try Stage([
      .test(every: .seconds(100), expect: .matches(BytePattern("(a|b)*z$")), timeout: .seconds(50))
    ]) { $0.receiveLimit = 1 }
    stage.begin()
    for _ in 0..<64 { stage.say([UInt8](repeating: 97, count: 1024)) }
    #expect(stage.outcomes() == [1, 0, 0, 0, 0, 0])
    #expect(stage.client.looks == 65_536)
    stage.say(bytes("z"))
    #expect(stage.outcomes() == [1, 1, 0, 0, 0, 0])
    #expect(stage.client.looks == 65_537)
  }

  @Test(arguments: [1, 5, 1000])
  func `an answer that is not what was looked for is wrong when its time is up`(limit: Int) throws {
    let stage = try Stage([.test(expect: .matches(BytePattern("^HTTP/1.1 200 ")))]) {
      $0.receiveLimit = limit
    }
    stage.begin(for: .milliseconds(500))
    stage.say(bytes("HTTP/1.1 404 Not Found\r\n\r\nnothing here"))
    #expect(stage.outcomes() == [1, 0, 0, 0, 0, 0])
    stage.world.run(for: .milliseconds(600))
    #expect(stage.outcomes() == [1, 0, 1, 0, 0, 0])
    // It was answered, if not as it should have been.
    #expect(stage.count(.unanswered) == 0)
    stage.world.run(for: .seconds(9))
    stage.say(bytes("HTTP/1.1 200 OK"))
    #expect(stage.outcomes() == [2, 1, 1, 0, 0, 0])
  }

  @Test func `a flood does not keep the others waiting`() throws {
    let stage = try Stage(connections: 2, [.test(every: .seconds(1))]) { $0.receiveLimit = 10 }
    stage.begin(for: .milliseconds(501))
    stage.say(stage.heard(on: 1), on: 1)
    #expect(stage.outcomes() == [2, 1, 0, 0, 0, 0])
    // Two reads of ten bytes, and then somebody else's turn.
    _ = stage.peer.send(stage.socket, [UInt8](repeating: 0, count: 4000))
    let before = stage.client.process.count(of: .receive)
    stage.world.round()
    #expect(stage.client.process.count(of: .receive) - before == 2)
    #expect(stage.client.process.count(of: .rewatch) == 1)
    stage.world.run(for: .milliseconds(1))
    #expect(stage.count(.bytesReceived) == 4010)
    #expect(stage.outcomes() == [2, 1, 1, 0, 0, 0])
    #expect(stage.client.held == 2)
  }

  @Test func `a flooded socket that cannot be watched any more is given up`() throws {
    let stage = try Stage([.test()]) {
      $0.receiveLimit = 1
      $0.faults = [.once(.rewatch, .noMemory)]
    }
    stage.say([UInt8](repeating: 0, count: 100))
    #expect(stage.client.held == 0)
    #expect(stage.client.failures.map(\.call) == [.epollControl])
    #expect(stage.client.failures.map(\.errno) == [.noMemory])
  }
}
