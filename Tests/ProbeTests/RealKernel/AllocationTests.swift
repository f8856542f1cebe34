import CAllocations
import Linux
import Messages
import Protocols
import Testing

@testable import Probe

/// What the loops allocate while they run, on the real kernel: nothing.
@Suite(
  .tags(.realKernel), .timeLimit(.minutes(10)),
  .enabled(if: allocations_are_counted(), "a sanitizer counts no allocations"))
struct AllocationTests {
  private func allocations(_ body: () throws -> Void) rethrows -> UInt64 {
    let before = allocations_of_this_thread()
    try body()
    return allocations_of_this_thread() - before
  }

  @Test func `the counter counts`() {
    var kept: [[Int]] = []
    #expect(allocations { kept = (0..<100).map { [$0] } } >= 100)
    #expect(kept.count == 100)
  }

  private func pair(
    _ tasks: [ClientTask], host: UInt8, pace: MessagePattern.Pace, _ parts: [MessageTemplate.Part]
  ) throws -> RealPair {
    let pattern = MessagePattern(
      name: "test", pace: pace, template: MessageTemplate(parts: parts), expectation: .echo,
      timeout: 10_000_000_000)
    return try RealPair(
      tasks, host: host, ports: 20_000...29_999,
      messages: Messages(patterns: [pattern], patternsOfPhase: [[], [0]], seed: 5))
  }

  @Test func `a hundred thousand turns with messages allocate nothing`() throws {
    let pair = try pair(
      [.open(goal: 4, rate: nil), .keep], host: 21, pace: .unlimited,
      [.connection, .sequence, .random(56)])
    try expectNone(of: pair)
  }

  @Test(arguments: [56, 300])
  func `neither do they over WebSockets`(count: Int) throws {
    let pattern = MessagePattern(
      name: "test", pace: .unlimited, template: MessageTemplate(parts: [.random(count)]),
      expectation: .echo, timeout: 10_000_000_000)
    let pair = try KernelPair<WebSocketKernel<SteppedKernel>>(
      [.open(goal: 4, rate: nil), .keep], host: 23, ports: 20_000...29_999,
      messages: Messages(patterns: [pattern], patternsOfPhase: [[], [0]], seed: 5),
      webSocket: .test()
    ) { kernel, isServer in
      try WebSocketKernel(kernel, .test(), isServer: isServer, descriptors: 20_000)
    }
    try expectNone(of: pair)
  }

  @Test(arguments: [MQTTVersion.v311, .v5])
  func `neither do they over MQTT`(version: MQTTVersion) throws {
    let pattern = MessagePattern(
      name: "test", pace: .unlimited, template: MessageTemplate(parts: [.random(56)]),
      expectation: .echo, timeout: 10_000_000_000)
    let topic = MessageTemplate(parts: [.bytes([UInt8(ascii: "t")]), .connection])
    let terms = MQTTTerms(
      version: version, subscriptions: [topic],
      publications: [MessagePublication(topic: topic, qos: .atLeastOnce)])
    let pair = try KernelPair<MQTTKernel<SteppedKernel>>(
      [.open(goal: 4, rate: nil), .keep], host: 24, ports: 20_000...29_999,
      messages: Messages(patterns: [pattern], patternsOfPhase: [[], [0]], seed: 5), mqtt: terms
    ) { kernel, isServer in
      try MQTTKernel(kernel, terms, isServer: isServer, descriptors: 20_000)
    }
    try expectNone(of: pair)
  }

  @Test func `neither do conversations with lengths, and with answers that may be anything`() throws
  {
    let said = "*2\r\n$3\r\nGET\r\n$5\r\na:key\r\n+now\r\n"
    let heard = Array(said.utf8)
    let pattern = try MessagePattern.playing(
      [
        .says(said),
        .init(.receive(heard, anything: [heard.count - 5..<heard.count - 2]), after: 0),
      ],
      pace: .unlimited,
      substitutions: [
        Substitution("key", .connection, .sequence), Substitution("now", .random(20)),
      ],
      timeout: .seconds(10))
    let pair = try RealPair(
      [.open(goal: 4, rate: nil), .keep], host: 25, ports: 20_000...29_999,
      messages: Messages(patterns: [pattern], patternsOfPhase: [[], [0]], seed: 5))
    try expectNone(of: pair)
  }

  private func expectNone<System: Kernel & ~Copyable>(of pair: KernelPair<System>) throws {
    #expect(pair.play(0))
    #expect(pair.play(1))
    // What is set up once, such as Swift's own tables of types.
    #expect(pair.run { pair.messages(.received) > 1_000 })
    let before = pair.messages(.received)
    let made = allocations {
      // Each is a turn of the client and one of the server.
      for _ in 0..<50_000 { pair.turn() }
    }
    #expect(made == 0)
    #expect(pair.messages(.received) > before + 50_000)
    #expect(pair.messages(.wrong) == 0)
  }

  @Test func `a connection allocates nothing, opened or closed`() throws {
    let pair = try pair(
      [.open(goal: 100, rate: nil), .open(goal: 5_000, rate: nil), .close(rate: nil, reset: true)],
      host: 22, pace: .once, [.connection])
    #expect(pair.play(0))
    #expect(pair.run { pair.serverBoard[.held] == 100 })
    for (phase, goal) in [(1, 5_000), (2, 0)] as [(Int, UInt64)] {
      pair.post(.begin, phase)
      var made: UInt64 = 0
      // The turns alone, since what is around them may allocate.
      let isDone = pair.run(each: { made += allocations { pair.turn() } }) {
        pair.hasSettled && pair.serverBoard[.held] == goal
      }
      #expect(isDone)
      // An order may, and Swift's tables of types when they are first used.
      #expect(made < 100)
    }
    #expect(pair.messages(.received) == 5_000)
  }
}
