import Addressing
import Linux
import Messages
import Probe
import SystemPackage
import Testing

/// Messages on the real kernel, both ends stepped in one thread.
@Suite(.tags(.realKernel), .timeLimit(.minutes(10))) struct RealMessageTests {
  /// Bytes of a message that is written and read in many pieces.
  private static let long = 300_000

  private func pattern(
    _ parts: [MessageTemplate.Part], _ pace: MessagePattern.Pace,
    _ expectation: MessagePattern.Expectation = .echo
  ) -> MessagePattern {
    MessagePattern(
      name: "test", pace: pace, template: MessageTemplate(parts: parts), expectation: expectation,
      timeout: 10_000_000_000)
  }

  @Test func `several patterns on three hundred connections come back right`() throws {
    let patterns = [
      pattern(
        [.connection, .bytes([32]), .sequence, .bytes([32]), .source, .port, .random(40)],
        .every(100_000_000)),
      pattern([.bytes(Array("tock\n".utf8))], .rate(2_000)),
    ]
    let pair = try RealPair(
      [.open(goal: 300, rate: 5_000), .keep], host: 11, ports: 20_000...21_999,
      messages: Messages(patterns: patterns, patternsOfPhase: [[0], [0, 1]], seed: 5))
    #expect(pair.play(0))
    #expect(pair.play(1))
    #expect(pair.run { pair.messages(.received) > 2_000 && pair.messages(.received, of: 1) > 500 })
    #expect(pair.order(.settle, 1))
    for pattern in 0..<2 {
      #expect(pair.messages(.received, of: pattern) == pair.messages(.sent, of: pattern))
    }
    #expect(pair.clientBoard[.bytesSent] == pair.serverBoard[.bytesReceived])
    #expect(pair.clientBoard[.bytesReceived] == pair.clientBoard[.bytesSent])
    #expect(pair.clientBoard[.unexpectedBytes] == 0)
    #expect(pair.clientBoard[.unanswered] == 0)
    #expect(pair.clientBoard[.failures] == 0)
    // Nothing more goes out.
    let sent = pair.clientBoard[.bytesSent]
    #expect(pair.order(.verify, 1))
    #expect(pair.run { pair.clientBoard[.verified] == 300 })
    #expect(pair.clientBoard[.bytesSent] == sent + 300)
  }

  @Test func `a message larger than any buffer goes there and back`() throws {
    let pair = try RealPair(
      [.open(goal: 3, rate: nil), .keep], host: 12, ports: 20_000...20_099,
      messages: Messages(
        patterns: [pattern([.random(Self.long)], .rate(3))],
        patternsOfPhase: [[], [0]]))
    #expect(pair.play(0))
    #expect(pair.play(1))
    #expect(pair.run { pair.messages(.received) >= 3 })
    #expect(pair.order(.settle, 1))
    #expect(pair.messages(.received) == pair.messages(.sent))
    #expect(
      pair.clientBoard[.bytesReceived]
        == UInt64(pair.messages(.sent) * Self.long))
  }

  @Test func `everybody gets what a server pushes`() throws {
    let text = Array("tick\n".utf8)
    let pair = try RealPair(
      [.open(goal: 200, rate: nil)], host: 13, ports: 20_000...20_999,
      reply: .push(every: 50_000_000, text), messages: Messages(pushed: text))
    #expect(pair.play(0))
    #expect(pair.run { pair.clientBoard[.pushed] >= 1_000 })
    #expect(pair.clientBoard[.pushedWrong] == 0)
    #expect(pair.clientBoard[.unexpectedBytes] == 0)
    #expect(pair.serverBoard[.pushed] >= pair.clientBoard[.pushed])
  }

  @Test(arguments: [true, false])
  func `a churn comes and goes beside a base that stays`(reset: Bool) throws {
    let churn = ClientTask.churn(
      rate: 1_000, lifetime: 50_000_000, span: 300_000_000, reset: reset)
    let pair = try RealPair(
      [.open(goal: 50, rate: nil), churn], host: reset ? 14 : 15, ports: 20_000...20_999,
      reply: .send(Array("pong".utf8)),
      messages: Messages(
        patterns: [pattern([.bytes([1])], .rate(500), .text(Array("pong".utf8)))],
        patternsOfPhase: [[], [0]]))
    #expect(pair.play(0))
    #expect(pair.play(1))
    #expect(pair.clientBoard[.churned] == 300)
    #expect(pair.order(.settle, 1))
    #expect(pair.clientBoard[.held] == 50)
    #expect(pair.run { pair.serverBoard[.held] == 50 })
    #expect(pair.messages(.received) == pair.messages(.sent))
    #expect(pair.clientBoard[.failures] == 0)
  }

  @Test func `a search goes up and down`() throws {
    let pair = try RealPair(
      [.seek(most: 300, rate: 10_000)], host: 16, ports: 20_000...20_999)
    for goal in [100, 300, 40, 90] {
      #expect(pair.order(.begin, 0, goal: goal))
      #expect(pair.clientBoard[.held] == UInt64(goal))
      #expect(pair.run { pair.serverBoard[.held] == UInt64(goal) })
    }
    #expect(pair.clientBoard[.failures] == 0)
  }
}
