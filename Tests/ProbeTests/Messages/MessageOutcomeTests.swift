import Linux
import Messages
import Probe
import SystemPackage
import Testing

@testable import Simulation

/// What becomes of a message, against a server that a test plays by hand. The outcomes are sent,
/// received, wrong, short, late and missing, in this order.
@Suite struct MessageOutcomeTests {
  private static let text = Array("0123456789".utf8)

  @Test func `an echo that is right is received`() throws {
    let stage = try Stage([.test()])
    stage.begin()
    #expect(stage.outcomes() == [1, 0, 0, 0, 0, 0])
    #expect(stage.count(.unanswered) == 1)
    stage.echo()
    #expect(stage.outcomes() == [1, 1, 0, 0, 0, 0])
    #expect(stage.count(.unanswered) == 0)
    #expect(stage.count(.bytesSent) == 10)
    #expect(stage.count(.bytesReceived) == 10)
    #expect(stage.count(.unexpectedBytes) == 0)
    // It has been answered once, so it is none of those that never were.
    stage.world.run(for: .seconds(10))
    #expect(stage.outcomes() == [2, 1, 0, 0, 0, 0])
    #expect(stage.count(.unanswered) == 0)
  }

  @Test(arguments: 0..<10)
  func `an echo with one other byte is wrong, wherever it is`(place: Int) throws {
    let stage = try Stage([.test()])
    stage.begin()
    var answer = stage.heard()
    answer[place] ^= 1
    stage.say(answer)
    #expect(stage.outcomes() == [1, 0, 1, 0, 0, 0])
    #expect(stage.count(.unexpectedBytes) == 0)
    #expect(stage.count(.unanswered) == 0)
    // The connection goes on, with a message that is answered rightly.
    stage.world.run(for: .seconds(10))
    stage.echo()
    #expect(stage.outcomes() == [2, 1, 1, 0, 0, 0])
    #expect(stage.client.held == 1)
  }

  @Test func `all that comes with a wrong answer is thrown away`() throws {
    let stage = try Stage([.test()]) { $0.receiveLimit = 7 }
    stage.begin()
    stage.say([UInt8](repeating: 1, count: 70))
    #expect(stage.outcomes() == [1, 0, 1, 0, 0, 0])
    #expect(stage.count(.bytesReceived) == 70)
    #expect(stage.count(.unexpectedBytes) == 0)
  }

  @Test(arguments: 1..<10)
  func `an answer may be split anywhere`(place: Int) throws {
    let stage = try Stage([.test()])
    stage.begin()
    stage.say(Self.text[..<place])
    #expect(stage.outcomes() == [1, 0, 0, 0, 0, 0])
    stage.say(Self.text[place...])
    #expect(stage.outcomes() == [1, 1, 0, 0, 0, 0])
  }

  @Test(arguments: 1...11)
  func `an answer may be read in pieces of any size`(limit: Int) throws {
    let stage = try Stage([.test()]) { $0.receiveLimit = limit }
    stage.begin()
    stage.echo()
    #expect(stage.outcomes() == [1, 1, 0, 0, 0, 0])
  }

  @Test(arguments: 1...11)
  func `a message may be written in pieces of any size`(limit: Int) throws {
    let stage = try Stage([.test()]) { $0.sendLimit = limit }
    stage.begin()
    #expect(stage.heard() == Self.text)
    stage.say(Self.text)
    #expect(stage.outcomes() == [1, 1, 0, 0, 0, 0])
  }

  @Test(arguments: 1...64)
  func `a message that does not fit is written as there is room`(size: Int) throws {
    let parts: [MessageTemplate.Part] = [.random(50), .connection, .sequence, .source, .port]
    let stage = try Stage([.test(parts: parts)], dials: .init(bufferSize: size), seed: 7)
    stage.begin()
    var message: [UInt8] = []
    for _ in 0..<100 {
      message += stage.heard()
      stage.world.run(for: .microseconds(1))
    }
    var sent = 0
    while sent < message.count {
      let end = min(sent + size, message.count)
      stage.say(message[sent..<end])
      sent = end
    }
    #expect(stage.outcomes() == [1, 1, 0, 0, 0, 0])
    #expect(message.suffix(15) == ArraySlice("00127.0.0.21024".utf8))
  }

  @Test func `a message is echoed while it is still being written`() throws {
    let stage = try Stage([.test()], dials: .init(bufferSize: 3))
    stage.begin()
    for _ in 0..<20 { stage.echo() }
    #expect(stage.outcomes() == [1, 1, 0, 0, 0, 0])
    #expect(stage.count(.bytesReceived) == 10)
  }

  @Test func `a message that was refuted half way is written to its end all the same`() throws {
    let stage = try Stage([.test(every: .seconds(1))], dials: .init(bufferSize: 4))
    stage.begin()
    stage.say([0])
    #expect(stage.outcomes() == [1, 0, 1, 0, 0, 0])
    var heard: [UInt8] = []
    for _ in 0..<5 {
      heard += stage.heard()
      stage.world.run(for: .microseconds(1))
    }
    #expect(heard == Self.text)
    stage.world.run(for: .seconds(1))
    #expect(stage.heard() == Array(Self.text[..<4]))
    #expect(stage.outcomes() == [2, 0, 1, 0, 0, 0])
  }

  @Test func `no answer in time is missing, and then late`() throws {
    let stage = try Stage([.test()])
    stage.begin(for: .milliseconds(999))
    #expect(stage.outcomes() == [1, 0, 0, 0, 0, 0])
    stage.world.run(for: .milliseconds(2))
    #expect(stage.outcomes() == [1, 0, 0, 0, 0, 1])
    // The connection goes on all the same.
    for round in 1...3 {
      stage.world.run(for: .seconds(10))
      #expect(stage.outcomes() == [1 + round, 0, 0, 0, 0, 1 + round])
    }
    // Each answer is that of its own message, however late.
    let heard = stage.heard()
    #expect(heard.count == 40)
    for late in 1...4 {
      stage.say(heard[(late - 1) * 10..<late * 10])
      #expect(stage.outcomes() == [4, 0, 0, 0, late, 4 - late])
      #expect(stage.client.board.population(of: .roundTrip) == late)
    }
    #expect(abs(stage.client.board.largest(.roundTrip) - 31e9) < 4e8)
    stage.world.run(for: .seconds(9))
    stage.echo()
    #expect(stage.outcomes() == [5, 1, 0, 0, 4, 0])
    #expect(stage.client.messages(.unsent) == 0)
  }

  @Test func `a wrong answer that comes late is wrong, not missing`() throws {
    let stage = try Stage([.test(every: .seconds(100))])
    stage.begin(for: .seconds(5))
    #expect(stage.outcomes() == [1, 0, 0, 0, 0, 1])
    stage.say([1, 2, 3])
    #expect(stage.outcomes() == [1, 0, 1, 0, 0, 0])
  }

  @Test(arguments: [true, false], 0..<10)
  func `a connection that ends before the whole answer has cut it short`(
    reset: Bool, count: Int
  ) throws {
    let stage = try Stage([.test()], dials: .init(latency: 1_000_000))
    stage.begin(for: .milliseconds(5))
    _ = stage.heard()
    stage.say(Self.text[..<count], for: .milliseconds(5))
    try stage.peer.close(stage.socket, reset: reset)
    stage.world.run(for: .milliseconds(5))
    #expect(stage.outcomes() == [1, 0, 0, 1, 0, 0])
    #expect(stage.client.held == 0)
    #expect(stage.count(.unanswered) == 0)
    #expect(stage.client.failures.map(\.call) == [.closed])
    #expect(stage.client.failures.map(\.errno) == [reset ? .connectionReset : nil])
  }

  @Test func `a whole answer counts, though the end comes right behind it`() throws {
    let stage = try Stage([.test()])
    stage.begin()
    _ = stage.heard()
    _ = stage.peer.send(stage.socket, Self.text)
    try stage.peer.close(stage.socket, reset: false)
    stage.world.run(for: .milliseconds(1))
    #expect(stage.outcomes() == [1, 1, 0, 0, 0, 0])
    #expect(stage.client.held == 0)
  }

  @Test func `a missing answer stays missing when the connection ends`() throws {
    let stage = try Stage([.test()])
    stage.begin(for: .seconds(5))
    try stage.peer.close(stage.socket, reset: true)
    stage.world.run(for: .milliseconds(1))
    #expect(stage.outcomes() == [1, 0, 0, 0, 0, 1])
  }

  /// Messages that are made up for are begun later than they were due, behind some that are due later.
  @Test func `an answer is missing at its message's own instant, whichever was begun before`()
    throws
  {
    let stage = try Stage(
      connections: 2,
      [
        .test("p", every: .seconds(2), timeout: .milliseconds(1500)),
        .test("q", every: .seconds(100), timeout: .seconds(100)),
      ])
    stage.begin()
    // Each connection is asked p, at 0 s and at 1 s, and then what it has been due since.
    stage.say("p".utf8, on: 0)
    stage.world.run(for: .milliseconds(1010))
    stage.say("p".utf8, on: 1)
    stage.world.run(for: .milliseconds(2190))
    // The p of 2 s begins at 3.2 s, behind that of 3 s.
    stage.say("q".utf8, on: 0)
    stage.world.run(for: .milliseconds(400))
    #expect(stage.outcomes() == [4, 2, 0, 0, 0, 1])
    stage.world.run(for: .milliseconds(1000))
    #expect(stage.outcomes()[5] == 2)
  }

  @Test func `a connection that is reset under a message is lost with it`() throws {
    let stage = try Stage([.test()])
    try stage.peer.close(stage.socket, reset: true)
    stage.world.order(.begin, phase: 1)
    stage.world.run(for: .milliseconds(1))
    #expect(stage.client.held == 0)
    #expect(stage.outcomes()[0] == stage.outcomes()[3])
    #expect(stage.client.failures.map(\.count) == [1])
  }

  @Test func `a write that fails loses the connection`() throws {
    let stage = try Stage([.test()]) { $0.faults = [.once(.send, .brokenPipe)] }
    stage.begin()
    #expect(stage.outcomes() == [1, 0, 0, 1, 0, 0])
    #expect(stage.client.failures.map(\.errno) == [.brokenPipe])
    #expect(stage.client.held == 0)
  }

  @Test func `more than the answer is right, and counted`() throws {
    let stage = try Stage([.test()])
    stage.begin()
    stage.say(Self.text + [1, 2, 3])
    #expect(stage.outcomes() == [1, 1, 0, 0, 0, 0])
    #expect(stage.count(.unexpectedBytes) == 3)
    stage.say([4, 5])
    #expect(stage.count(.unexpectedBytes) == 5)
    #expect(stage.outcomes() == [1, 1, 0, 0, 0, 0])
  }

  @Test func `bytes that nobody asked for are counted, and harm nobody`() throws {
    let stage = try Stage([.test(every: .seconds(10))])
    stage.say([1, 2, 3])
    #expect(stage.count(.unexpectedBytes) == 3)
    stage.begin()
    stage.echo()
    #expect(stage.outcomes() == [1, 1, 0, 0, 0, 0])
  }
}
