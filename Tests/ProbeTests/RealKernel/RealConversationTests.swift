import Linux
import Messages
import Probe
import SystemPackage
import Testing

/// Conversations on the real kernel, both ends stepped in one thread.
@Suite(.tags(.realKernel), .timeLimit(.minutes(10))) struct RealConversationTests {
  @Test func `a thousand connections play one at once with a server that echoes`() throws {
    let pattern = try MessagePattern.playing(
      [
        .says("hello key\n"), .hears("hello key\n"),
        .says("more", after: .milliseconds(20)), .says(" of key\n", after: .milliseconds(1)),
        .hears("more of key\n"),
      ],
      substitutions: [Substitution("key", .bytes(Array("k".utf8)), .connection)],
      timeout: .seconds(10))
    let pair = try RealPair(
      [.open(goal: 1000, rate: nil), .keep], host: 21, ports: 20_000...21_999,
      messages: Messages(patterns: [pattern], patternsOfPhase: [[], [0]]))
    #expect(pair.play(0))
    #expect(pair.play(1))
    #expect(pair.run { pair.messages(.received) == 1000 })
    #expect(pair.order(.settle, 1))
    #expect(pair.messages(.sent) == 1000)
    #expect(pair.clientBoard.population(of: .roundTrip) == 2000)
    #expect(pair.clientBoard[.bytesReceived] == pair.clientBoard[.bytesSent])
    #expect(pair.clientBoard[.unexpectedBytes] == 0)
    #expect(pair.clientBoard[.failures] == 0)
  }

  @Test func `one that closes its connections leaves no failure at either end`() throws {
    let pattern = try MessagePattern.playing(
      [.says("bye"), .hears("bye"), .clientCloses()], timeout: .seconds(10))
    let pair = try RealPair(
      [.open(goal: 100, rate: nil), .keep], host: 22, ports: 20_000...20_999,
      messages: Messages(patterns: [pattern], patternsOfPhase: [[], [0]]))
    #expect(pair.play(0))
    #expect(pair.play(1))
    #expect(pair.run { pair.clientBoard[.held] == 0 && pair.serverBoard[.held] == 0 })
    #expect(pair.messages(.received) == 100)
    #expect(pair.clientBoard[.closedAsRecorded] == 100)
    #expect(pair.clientBoard[.failures] == 0)
    #expect(pair.serverBoard[.failures] == 0)
  }

  @Test func `a client that has said everything hears the rest`() throws {
    // The server sees the end behind the text, gives the text back and closes.
    let pattern = try MessagePattern.playing(
      [.says("all"), .clientCloses(), .hears("all"), .serverCloses()], timeout: .seconds(10))
    let pair = try RealPair(
      [.open(goal: 50, rate: nil), .keep], host: 23, ports: 20_000...20_999,
      messages: Messages(patterns: [pattern], patternsOfPhase: [[], [0]]))
    #expect(pair.play(0))
    #expect(pair.play(1))
    #expect(pair.run { pair.clientBoard[.held] == 0 })
    #expect(pair.messages(.received) == 50)
    #expect(pair.clientBoard[.failures] == 0)
  }
}
