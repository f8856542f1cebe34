import Addressing
import GoldenFiles
import Linux
import Probe
import SystemPackage
import Testing

@testable import Simulation

/// Whole runs in which anything fails at any time. The test case's argument is the seed: the same
/// one gives the same run again.
@Suite struct ChaosTests {
  /// What one seed makes of a run.
  private struct Scene {
    var generator: SeededGenerator
    let world: World
    let goals: [Int]
    let endpoints: [SocketAddress]

    init(seed: UInt64) throws {
      var generator = SeededGenerator(seed: seed)
      var dials = SimulatedNetwork.Dials()
      dials.latency = [0, 0, 50_000, 5_000_000].randomElement(using: &generator)!
      dials.costPerCall = [0, 0, 1000, 100_000].randomElement(using: &generator)!
      dials.bufferSize = [16, 65_536].randomElement(using: &generator)!
      if generator.chance(0.3) { dials.loss = 0.1 }
      if generator.chance(0.3) { dials.watches = .random(in: 10...200, using: &generator) }
      if generator.chance(0.2) { dials.sockets = .random(in: 10...200, using: &generator) }
      if generator.chance(0.3) {
        dials.takenPorts = Set((0..<5).map { _ in .random(in: 3000...3199, using: &generator) })
      }
      if generator.chance(0.2) { dials.silentEndpoints = [.second] }
      if generator.chance(0.2) { dials.refusals = [.second: .noRouteToHost] }
      let world = World(dials, seed: seed)
      let hasTwo = Bool.random(using: &generator)
      endpoints = hasTwo ? [.first, .second] : [.first]
      for endpoint in endpoints {
        try world.addServer(
          endpoint, backlog: .random(in: 0...100, using: &generator),
          readiness: Bool.random(using: &generator) ? .direct : .rearm,
          descriptorLimit: .random(in: 10...300, using: &generator),
          rows: generator.chance(0.3) ? .random(in: 10...300, using: &generator) : nil)
      }
      goals = (0..<3).map { _ in .random(in: 0...300, using: &generator) }
      let rates: [Double?] = [nil, 100, 5000]
      let tasks: [ClientTask] = [
        .open(goal: goals[0], rate: rates.randomElement(using: &generator)!),
        .keep,
        .open(goal: goals[1], rate: rates.randomElement(using: &generator)!),
        .close(
          rate: rates.randomElement(using: &generator)!, reset: Bool.random(using: &generator)),
        .open(goal: goals[2], rate: nil),
      ]
      let clients = Int.random(in: 1...3, using: &generator)
      for index in 0..<clients {
        try world.addClient(
          tasks, share: WorkerShare(index: index, count: clients), ports: 3000...3199,
          endpoints: endpoints, timeout: .seconds(2),
          retries: .random(in: 0...3, using: &generator),
          descriptorLimit: .random(in: 10...300, using: &generator))
      }
      if generator.chance(0.3) {
        world.network.dials.descriptors =
          world.network.descriptors + .random(in: 0...400, using: &generator)
      }
      let probability = [0, 0.001, 0.02].randomElement(using: &generator)!
      for process in world.network.processes {
        process.chaos = Chaos(seed: generator.next(), probability: probability)
        if generator.chance(0.2) { process.sendLimit = 3 }
        if generator.chance(0.2) { process.receiveLimit = 3 }
      }
      self.generator = generator
      self.world = world
    }

    /// A stranger's traffic between the turns: it talks, stays, and goes as it likes.
    mutating func keepDraining(_ peer: ScriptedPeer, _ sockets: inout [FileDescriptor]) {
      switch Int.random(in: 0..<6, using: &generator) {
      case 0 where sockets.count < 50:
        if let socket = try? peer.connect(offset: UInt16(sockets.count)) { sockets.append(socket) }
      case 1:
        if let socket = sockets.randomElement(using: &generator) {
          _ = peer.send(socket, Array(repeating: 1, count: 40))
        }
      case 2:
        if let socket = sockets.randomElement(using: &generator) { _ = peer.receive(socket) }
      case 3 where generator.chance(0.2):
        if let socket = sockets.popLast() {
          try? peer.close(socket, reset: Bool.random(using: &generator))
        }
      default: break
      }
    }
  }

  @Test(arguments: 0..<200 as Range<UInt64>)
  func `whatever fails, the books are right, nothing leaks, nothing spins`(seed: UInt64) throws {
    try play(seed)
  }

  @Test func `the runs of some seeds read as they did`() throws {
    var lines: [String] = []
    for seed in 0..<20 as Range<UInt64> {
      lines.append("seed \(seed)")
      try play(seed) { world in lines += ["  at \(world.network.now)"] + world.story }
    }
    #expect(try difference("chaos.txt", lines.joined(separator: "\n") + "\n") == nil)
  }

  /// Of more seeds only sums are kept; the test above shows how to see a run of one.
  @Test func `the runs of more seeds come to what they did`() throws {
    var lines: [String] = []
    for seed in 20..<100 as Range<UInt64> {
      var told: [String] = []
      try play(seed) { world in told += ["at \(world.network.now)"] + world.story }
      lines.append("seed \(seed): \(digest(told))")
    }
    #expect(try difference("chaos-sums.txt", lines.joined(separator: "\n") + "\n") == nil)
  }

  /// - Parameter look: is called at the end of some phases.
  private func play(_ seed: UInt64, look: (World) -> Void = { _ in }) throws {
    var scene = try Scene(seed: seed)
    let world = scene.world
    let most = scene.goals.max()!
    world.check = { [unowned world] in world.expectConsistency(goal: most, "with seed \(seed)") }
    let peer = ScriptedPeer(world.network, at: SocketAddress(.v4(0x7F00_0009), 5000))
    var sockets: [FileDescriptor] = []

    for phase in 0..<5 {
      world.order(.begin, phase: phase)
      for _ in 0..<Int.random(in: 0..<40, using: &scene.generator) {
        scene.keepDraining(peer, &sockets)
        world.run(for: .milliseconds(5))
      }
      // Only what opens is ever cut short.
      if phase != 3, scene.generator.chance(0.2) { world.order(.settle, phase: phase) }
      #expect(
        world.run(for: .seconds(600)) { world.hasSettled(phase) },
        "phase \(phase) of seed \(seed) never settled")
      if phase == 3 { #expect(world.clients.allSatisfy { $0.held == 0 }, "seed \(seed)") }
      if phase == 2 || phase == 4 { look(world) }
    }
    for process in world.network.processes { process.chaos = nil }
    world.order(.quit, phase: 4)
    world.run(for: .seconds(1))
    #expect(world.clients.allSatisfy { $0.hasQuit }, "seed \(seed)")
    #expect(world.servers.allSatisfy { $0.hasQuit }, "seed \(seed)")

    for process in world.network.processes { process.exit() }
    world.network.advance(to: world.network.now + 600_000_000_000)
    #expect(world.network.descriptors == 0, "seed \(seed)")
    #expect(world.network.watches == 0, "seed \(seed)")
    #expect(world.network.sockets == 0, "seed \(seed)")
  }

  @Test func `the same seed gives the same run`() throws {
    func calls(_ seed: UInt64) throws -> [Int] {
      let scene = try Scene(seed: seed)
      scene.world.order(.begin)
      scene.world.run(for: .seconds(20))
      return scene.world.network.processes.map(\.totalCalls)
    }
    let (first, again, other) = (try calls(7), try calls(7), try calls(8))
    #expect(first == again)
    #expect(first != other)
  }
}
