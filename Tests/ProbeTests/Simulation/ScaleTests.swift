import Addressing
import Linux
import Probe
import Testing

@testable import Simulation

@Suite struct ScaleTests {
  @Test func `three clients and two servers reach a hundred thousand, to the connection`() throws {
    let goal = 100_000
    let world = World()
    let endpoints: [SocketAddress] = [.first, .second]
    for endpoint in endpoints { try world.addServer(endpoint, descriptorLimit: goal) }
    for index in 0..<3 {
      try world.addClient(
        [.open(goal: goal, rate: nil)], share: WorkerShare(index: index, count: 3),
        sources: [.source, .v4(0x7F00_0003)], endpoints: endpoints, descriptorLimit: goal)
    }
    world.play()
    world.run(for: .seconds(1))
    #expect(world.clients.map(\.held) == [33_334, 33_333, 33_333])
    #expect(world.servers.map(\.held) == [50_000, 50_000])
    #expect(world.clients.allSatisfy { $0.failures.isEmpty })
    #expect(world.servers.allSatisfy { $0.failures.isEmpty })
    world.expectConsistency(goal: goal)
    for client in world.clients {
      let bySource = (0..<2).map { Int(client.board.held(bySource: $0)) }
      #expect(abs(bySource[0] - bySource[1]) <= 1)
      // Seven calls a connection, and a wait for each batch of sixteen.
      #expect(client.process.totalCalls < 34_000 * 9)
    }
  }
}
