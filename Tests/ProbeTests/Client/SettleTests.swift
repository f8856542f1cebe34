import Linux
import Messages
import Probe
import SystemPackage
import Testing

@testable import Simulation

/// When an order counts as carried out while messages are under way.
@Suite struct SettleTests {
  @Test func `keeping settles at once, and its messages go on`() throws {
    let stage = try Stage(connections: 4, [.test(every: .seconds(1))])
    stage.world.play(phase: 1, within: .milliseconds(1))
    for _ in 0..<29 {
      stage.world.run(for: .milliseconds(100))
      stage.echo()
    }
    #expect(stage.outcomes()[1] == 12)
  }

  @Test func `to settle is to wait for the answers, and to begin no message`() throws {
    let stage = try Stage(connections: 4, [.test(every: .seconds(1), timeout: .seconds(5))])
    stage.begin(for: .milliseconds(600))
    #expect(stage.outcomes() == [3, 0, 0, 0, 0, 0])
    stage.world.order(.settle, phase: 1)
    stage.world.run(for: .seconds(1))
    #expect(stage.outcomes() == [3, 0, 0, 0, 0, 0])
    #expect(!stage.world.hasSettled(1))
    stage.echo()
    #expect(stage.world.hasSettled(1))
    stage.world.run(for: .seconds(10))
    #expect(stage.outcomes() == [3, 3, 0, 0, 0, 0])
  }

  @Test func `to settle is not to wait for what is too late`() throws {
    let stage = try Stage(connections: 4, [.test(every: .seconds(1), timeout: .seconds(2))])
    stage.begin(for: .milliseconds(600))
    stage.world.order(.settle, phase: 1)
    #expect(stage.world.run(for: .seconds(5)) { stage.world.hasSettled(1) })
    #expect(stage.outcomes() == [3, 0, 0, 0, 0, 3])
    // The last one was due after half a second.
    #expect(stage.world.network.now == stage.start + 2_500_000_000)
    stage.echo()
    #expect(stage.outcomes() == [3, 0, 0, 0, 3, 0])
  }

  @Test func `to settle is not to wait for connections that are gone`() throws {
    let stage = try Stage(connections: 4, [.test(every: .seconds(1), timeout: .seconds(50))])
    stage.begin(for: .milliseconds(600))
    stage.world.order(.settle, phase: 1)
    for socket in stage.sockets { try stage.peer.close(socket, reset: true) }
    #expect(stage.world.run(for: .milliseconds(1)) { stage.world.hasSettled(1) })
    #expect(stage.outcomes() == [3, 0, 0, 3, 0, 0])
  }

  @Test func `the next phase begins over messages of the last one`() throws {
    let stage = try Stage(connections: 4, [.test(every: .seconds(1), timeout: .seconds(5))])
    stage.begin(for: .milliseconds(600))
    stage.world.play(phase: 2, within: .milliseconds(1))
    stage.world.run(for: .seconds(1))
    #expect(stage.outcomes() == [3, 0, 0, 0, 0, 0])
    stage.echo()
    #expect(stage.outcomes() == [3, 3, 0, 0, 0, 0])
  }

  @Test func `a close cuts short what is under way`() throws {
    let stage = try Stage(connections: 4, [.test(every: .seconds(1), timeout: .seconds(5))])
    stage.begin(for: .milliseconds(600))
    stage.world.play(phase: 3)
    #expect(stage.outcomes() == [3, 0, 0, 3, 0, 0])
    #expect(stage.client.held == 0)
    #expect(stage.count(.unanswered) == 0)
  }

  @Test func `only the idle are asked to prove that they live`() throws {
    let stage = try Stage(connections: 4, [.test(every: .seconds(1), timeout: .seconds(1))])
    stage.begin(for: .milliseconds(600))
    stage.world.order(.settle, phase: 1)
    #expect(stage.world.run(for: .seconds(5)) { stage.world.hasSettled(1) })
    stage.world.order(.verify, phase: 1)
    stage.world.run(for: .milliseconds(1))
    #expect(stage.world.hasSettled(1))
    // Three owe an answer to a message of ten bytes.
    #expect(stage.count(.bytesSent) == 31)
    stage.echo()
    #expect(stage.count(.verified) == 1)
    #expect(stage.outcomes() == [3, 0, 0, 0, 3, 0])
    // Those who answered are played to again.
    stage.begin(for: .milliseconds(600))
    #expect(stage.outcomes()[0] == 6)
  }

  @Test func `nobody has to wait for messages that were never begun`() throws {
    let stage = try Stage(connections: 4, [.test(every: .seconds(1))])
    stage.world.order(.begin, phase: 1)
    stage.world.order(.settle, phase: 1)
    #expect(stage.world.run(for: .milliseconds(1)) { stage.world.hasSettled(1) })
    #expect(stage.outcomes() == [0, 0, 0, 0, 0, 0])
  }
}
