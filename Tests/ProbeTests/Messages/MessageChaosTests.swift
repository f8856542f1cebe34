import GoldenFiles
import Linux
import Messages
import Probe
import SystemPackage
import Testing

@testable import Simulation

/// Whole runs with messages in which everything goes wrong that can. The argument is the seed: the
/// same one gives the same run again. The books are checked after every round: each message has
/// one outcome, and each row is in the list of its state.
@Suite struct MessageChaosTests {
  private struct Scene {
    var generator: SeededGenerator
    let world: World
    let peer: ScriptedPeer
    var sockets: [FileDescriptor] = []
    let tasks: [ClientTask]

    init(seed: UInt64) throws {
      var generator = SeededGenerator(seed: seed)
      var dials = SimulatedNetwork.Dials()
      dials.latency = [0, 50_000, 5_000_000].randomElement(using: &generator)!
      dials.costPerCall = [0, 0, 1000].randomElement(using: &generator)!
      dials.bufferSize = [3, 16, 65_536].randomElement(using: &generator)!
      world = World(dials, seed: seed)
      peer = ScriptedPeer(world.network, at: .first)
      try peer.listen()
      let count = Int.random(in: 1...4, using: &generator)
      let patterns = try (0..<count).map { _ in try Self.pattern(&generator) }
      let some = { (generator: inout SeededGenerator) in
        patterns.indices.filter { _ in generator.chance(0.7) }
      }
      tasks = [
        .open(goal: .random(in: 1...40, using: &generator), rate: 50),
        .keep,
        .churn(
          rate: 20, lifetime: 300_000_000, span: 1_000_000_000,
          reset: Bool.random(using: &generator)),
        .seek(most: 50, rate: nil),
        .close(rate: nil, reset: Bool.random(using: &generator)),
      ]
      let clients = Int.random(in: 1...2, using: &generator)
      for index in 0..<clients {
        try world.addClient(
          tasks, share: WorkerShare(index: index, count: clients), timeout: .seconds(2),
          messages: Messages(
            patterns: patterns, patternsOfPhase: tasks.map { _ in some(&generator) },
            pushed: generator.chance(0.2) ? [1, 2, 3] : nil, seed: seed))
      }
      let probability = [0, 0.001].randomElement(using: &generator)!
      for client in world.clients {
        client.process.chaos = Chaos(seed: generator.next(), probability: probability)
        if generator.chance(0.3) { client.process.sendLimit = 3 }
        if generator.chance(0.3) { client.process.receiveLimit = 3 }
      }
      self.generator = generator
    }

    private static func pattern(_ generator: inout SeededGenerator) throws -> MessagePattern {
      if generator.chance(0.4) { return try conversation(&generator) }
      let expectations: [MessagePattern.Expectation] = [
        .echo, .echo, .none, .bytes(5), .text([1, 2, 3]), .matches(try BytePattern("[0-9]x")),
        .framed(.delimiter([7]), nil), .framed(.delimiter([6, 7]), .text([3])),
        .framed(.delimiter([7]), .matches(try BytePattern("[4-5]"))),
        .framed(.length(LengthField(at: 2, size: 1, order: .big, plus: 4)), nil),
      ]
      let paces: [MessagePattern.Pace] = [.every(100_000_000), .every(370_000_000), .rate(60)]
      return MessagePattern(
        name: "test", pace: paces.randomElement(using: &generator)!,
        template: MessageTemplate(
          parts: Bool.random(using: &generator)
            ? [.bytes([1, 2, 3, 4, 5, 6, 7])] : [.connection, .bytes([65]), .sequence, .random(9)]),
        expectation: expectations.randomElement(using: &generator)!,
        timeout: [50_000_000, 400_000_000].randomElement(using: &generator)!)
    }

    /// One or two conversations in which the server mostly gives back what it hears.
    private static func conversation(_ generator: inout SeededGenerator) throws -> MessagePattern {
      let delays: [Duration] = [.zero, .zero, .milliseconds(1), .milliseconds(90)]
      var talks: [RecordedConversation] = []
      for _ in 0..<Int.random(in: 1...2, using: &generator) {
        var steps: [RecordedConversation.Step] = []
        for text in ["one", "two {}", "three"].prefix(.random(in: 1...3, using: &generator)) {
          steps.append(.says(text, after: delays.randomElement(using: &generator)!))
          if generator.chance(0.8) { steps.append(.hears(text)) }
          if generator.chance(0.1) { steps.append(.hears(text)) }
        }
        if generator.chance(0.2) { steps.append(.clientCloses(after: .milliseconds(2))) }
        if generator.chance(0.1) { steps.append(.hears("end")) }
        if generator.chance(0.1) { steps.append(.serverCloses()) }
        talks.append(RecordedConversation(client: "", steps: steps))
      }
      let expectations = ConversationPattern.Expectation.allCases
      let paces: [MessagePattern.Pace] = [.once, .once, .every(370_000_000), .rate(60)]
      return MessagePattern(
        name: "talk", pace: paces.randomElement(using: &generator)!,
        conversation: try ConversationPattern(
          file: "", talks, expectation: expectations.randomElement(using: &generator)!,
          keepsDelays: generator.chance(0.7),
          substitutions: generator.chance(0.5) ? [Substitution("one", .random(5), .source)] : []),
        timeout: [50_000_000, 400_000_000].randomElement(using: &generator)!)
    }

    /// A server that answers, mostly: rightly, by halves, with garbage, or by going away.
    mutating func answer() throws {
      while let socket = try peer.accept() { sockets.append(socket) }
      for (index, socket) in sockets.enumerated().reversed() {
        switch Int.random(in: 0..<20, using: &generator) {
        case 0..<12: _ = peer.send(socket, peer.receive(socket))
        case 12: _ = peer.send(socket, peer.receive(socket).dropLast())
        case 13: _ = peer.send(socket, [1, 2, 3])
        case 14: _ = peer.send(socket, Array("9x".utf8))
        case 15 where generator.chance(0.1): _ = peer.send(socket, Array(repeating: 7, count: 500))
        case 16 where generator.chance(0.1):
          try peer.close(socket, reset: Bool.random(using: &generator))
          sockets.remove(at: index)
        case 17: _ = peer.receive(socket)
        default: break
        }
      }
    }
  }

  /// Plays a seed's run to its end and returns how often there was each outcome.
  ///
  /// - Parameter look: is called at the end of some phases.
  @discardableResult
  private func play(
    _ seed: UInt64, look: (World) -> Void = { _ in }
  ) throws -> [MessageCounter: Int] {
    var scene = try Scene(seed: seed)
    let world = scene.world
    world.check = { [unowned world] in world.expectConsistency(goal: 60, "with seed \(seed)") }
    for phase in scene.tasks.indices {
      let goals = (0..<2).map { _ in Int.random(in: 0...50, using: &scene.generator) }
      world.order(.begin, phase: phase, goal: goals[0])
      if phase == 3, Bool.random(using: &scene.generator) {
        world.run(for: .milliseconds(20))
        world.order(.begin, phase: 3, goal: goals[1])
      }
      for _ in 0..<25 {
        world.run(for: .milliseconds(20))
        try scene.answer()
      }
      if phase != 4 { world.order(.settle, phase: phase) }
      for _ in 0..<200 where !world.hasSettled(phase) {
        world.run(for: .milliseconds(20))
        try scene.answer()
      }
      #expect(world.hasSettled(phase), "phase \(phase) of seed \(seed) never settled")
      let left = world.clients.flatMap(\.audit.underWay).reduce(0, +)
      #expect(left == 0, "phase \(phase) of seed \(seed)")
      if phase == 1 || phase == 3 { look(world) }
    }
    #expect(world.clients.allSatisfy { $0.held == 0 }, "seed \(seed)")
    end(world, seed)
    var outcomes: [MessageCounter: Int] = [:]
    for client in world.clients {
      for counter in MessageCounter.allCases {
        for pattern in 0..<client.patterns {
          outcomes[counter, default: 0] += client.messages(counter, of: pattern)
        }
      }
    }
    return outcomes
  }

  private func end(_ world: World, _ seed: UInt64) {
    for process in world.network.processes { process.chaos = nil }
    world.order(.quit, phase: 4)
    world.run(for: .seconds(1))
    for process in world.network.processes { process.exit() }
    world.network.advance(to: world.network.now + 600_000_000_000)
    #expect(world.network.sockets == 0, "seed \(seed)")
    #expect(world.network.watches == 0, "seed \(seed)")
  }

  @Test(arguments: 0..<200 as Range<UInt64>)
  func `whatever is answered, every message has one outcome`(seed: UInt64) throws {
    try play(seed)
  }

  @Test func `the runs of some seeds read as they did`() throws {
    var lines: [String] = []
    for seed in 0..<40 as Range<UInt64> {
      lines.append("seed \(seed)")
      try play(seed) { world in lines += ["  at \(world.network.now)"] + world.story }
    }
    #expect(try difference("message-chaos.txt", lines.joined(separator: "\n") + "\n") == nil)
  }

  /// Of more seeds only sums are kept; the test above shows how to see a run of one.
  @Test func `the runs of more seeds come to what they did`() throws {
    var lines: [String] = []
    for seed in 40..<160 as Range<UInt64> {
      var told: [String] = []
      try play(seed) { world in told += ["at \(world.network.now)"] + world.story }
      lines.append("seed \(seed): \(digest(told))")
    }
    #expect(try difference("message-chaos-sums.txt", lines.joined(separator: "\n") + "\n") == nil)
  }

  @Test func `the runs have every outcome in them, and are the same again`() throws {
    let outcomes = try (0..<10 as Range<UInt64>).map { try play($0) }
    for counter in MessageCounter.allCases {
      #expect(outcomes.reduce(0) { $0 + ($1[counter] ?? 0) } > 0, "\(counter)")
    }
    #expect(try play(7) == outcomes[7])
  }
}
