import Addressing
import Judgement
import Plan
import Recording
import Simulation
import Testing

/// Whole runs in which lost connections come back, in virtual time.
@Suite struct SimulatedReconnectTests {
  private static func plan(_ reconnect: String, _ phases: String) -> String {
    """
    target: 127.0.0.1:9000
    clients: {sources: 127.0.0.2, processes: 2, reconnect: \(reconnect)}
    phases:
    \(phases)
    """
  }

  @Test func `a hold whose connections were lost and came back has lost them`() throws {
    let run = try SimulatedRun(
      Self.plan("{backoff: 100ms, jitter: none}", "  - ramp: {to: 100}\n  - hold: 3s"),
      against: .closesIdle(after: 1_000_000_000))
    #expect(run.judgement.exitCode == 100)
    let hold = run.recording.phases[1]
    #expect(hold.promise?.promised == 100)
    #expect(hold.promise?.missed == 100)
    #expect(run.judgement.limit?.resource == .closedByPeer, "\(run.judgement.headline)")
    let metrics = Metrics(run.recording, phase: "hold")
    #expect((metrics.reconnected ?? 0) >= 100, "\(metrics.reconnected ?? -1)")
    #expect((run.recording.series(.established)?.maximum ?? 0) <= 100)
  }

  @Test func `a run that finds nobody does not hold nothing`() throws {
    let run = try SimulatedRun(
      Self.plan("off", "  - ramp: {to: 20}\n  - hold: 60s\n  - close: reset"), against: .echoes
    ) { _, workers, _ in
      workers.network.dials.refusals[SocketAddress("127.0.0.1:9000")!] = .connectionRefused
    }
    #expect(run.judgement.exitCode == 104, "\(run.judgement.headline)")
    #expect(run.recording.phases.map(\.outcome) == [.limit, .skipped, .skipped])
    #expect(run.recording.duration < 10)
  }

  @Test func `what a plan tolerates may be lost`() throws {
    let run = try SimulatedRun(
      Self.plan(
        "{backoff: 100ms, jitter: none}", "  - ramp: {to: 100}\n  - hold: {for: 3s, tolerate: 100%}"
      ),
      against: .closesIdle(after: 1_000_000_000))
    // Each is lost more than once, and no more than all of them can be missing.
    #expect(run.recording.phases[1].promise?.missed == 100)
    #expect(run.judgement.exitCode == 0, "\(run.judgement.headline)")
  }

  @Test func `a ramp has what came back`() throws {
    func run(_ reconnect: String) throws -> SimulatedRun {
      try SimulatedRun(
        Self.plan(reconnect, "  - ramp: {to: 60, rate: 100/s}\n  - pause: 1s"),
        against: .closes(every: 7, resets: true))
    }
    let without = try run("off")
    #expect(without.judgement.exitCode == 100)
    let with = try run("{backoff: 50ms..1s, jitter: full}")
    #expect(with.judgement.exitCode == 0, "\(with.judgement.headline)")
    #expect(with.recording.phases[0].promise == PhasePromise(promised: 60, missed: 0))
    #expect((with.recording.series(.established)?.maximum ?? 0) <= 60)
    #expect((Metrics(with.recording).reconnected ?? 0) > 0)
    #expect(with.recording.limits.isEmpty)
  }

  @Test func `a ramp that never gets there ends, and says who closed`() throws {
    let run = try SimulatedRun(
      Self.plan(
        "{backoff: 100ms..1s, jitter: full}", "  - ramp: {to: 60, rate: 100/s}\n  - close: reset"),
      against: .capped(at: 40, .closes))
    #expect(run.judgement.exitCode == 100)
    #expect(run.judgement.limit?.resource == .closedByPeer, "\(run.judgement.headline)")
    #expect(run.recording.duration < 20)
  }

  /// Some handshake is under way at every turn: what comes back is closed at once, and comes back again.
  @Test func `a ramp ends though a server closes all that comes back`() throws {
    var host = SimulatedHost()
    host.dials.latency = 20_000_000
    let run = try SimulatedRun(
      Self.plan(
        "{backoff: 10ms..500ms, jitter: full}", "  - ramp: {to: 400, rate: 400/s}\n  - close: reset"
      ),
      on: host, against: .capped(at: 40, .closes))
    #expect(run.judgement.exitCode == 100)
    #expect(run.judgement.limit?.resource == .closedByPeer, "\(run.judgement.headline)")
    #expect(run.recording.duration < 20)
  }

  /// With a latency, attempts are under way when the hold ends.
  @Test(arguments: [0, 130_000_000] as [UInt64])
  func `a hold whose server went has lost connections, however many attempts failed`(
    latency: UInt64
  ) throws {
    let run = try SimulatedRun(
      Self.plan("{backoff: 100ms, jitter: none}", "  - ramp: {to: 20}\n  - hold: 2s"),
      against: .echoes
    ) { phase, workers, peer in
      guard phase == 1 else { return }
      peer?.crash()
      workers.network.dials.latency = latency
      workers.network.dials.refusals[SocketAddress("127.0.0.1:9000")!] = .connectionRefused
    }
    #expect(run.judgement.exitCode == 100)
    #expect(run.recording.phases[1].promise?.missed == 20)
    let limit = try #require(run.judgement.limit)
    #expect(limit.resource == .closedByPeer, "\(run.judgement.headline)")
    #expect(limit.count == 20)
    // All of them failed and none was the loss of another connection.
    let attempts = run.recording.failures.filter { $0.errno?.name == "ECONNREFUSED" }
    #expect(attempts.map(\.count).reduce(0, +) > 20 && attempts.allSatisfy { $0.finalCount == 0 })
  }

  @Test func `a hold is broken by what its connections were lost for, not by what returns heard`()
    throws
  {
    var speech = Speech(.mqtt5, .ends(0x8E))
    speech.after = 1_000_000_000
    let run = try SimulatedRun(
      Self.plan("{backoff: 100ms, jitter: none}", "  - ramp: {to: 20}\n  - hold: 5s")
        + "\nprotocol: {mqtt: {version: 5}}",
      against: .speaks(speech)
    ) { phase, _, peer in
      if phase == 1 { peer?.speech = Speech(.mqtt5, .answers(0x89)) }
    }
    #expect(run.judgement.exitCode == 100)
    let limit = try #require(run.judgement.limit)
    #expect(limit.count == 20)
    #expect(
      limit.said?.hasPrefix("DISCONNECT: session taken over (142)") == true, "\(limit.evidence)")
    #expect(limit.saidCode?.number == 142)
    #expect(limit.evidence.contains { $0.name == "how often" && $0.value == "20" })
    let others = try #require(limit.evidence.first { $0.name == "also said" }?.value)
    #expect(
      others.hasPrefix("server busy (137) × ") && others.hasSuffix("(tried again)"), "\(others)")
  }

  @Test func `the backoff begins anew for what has stood for longer than its longest wait`() throws
  {
    let run = try SimulatedRun(
      Self.plan(
        "{backoff: 100ms..10s, jitter: none}",
        "  - ramp: {to: 10}\n  - hold: {for: 300s, tolerate: 100%}"),
      against: .closesIdle(after: 20_000_000_000))
    // A connection stands for 20 s and is away for 100 ms.
    let reconnected = try #require(Metrics(run.recording, phase: "hold").reconnected)
    #expect((140...150).contains(reconnected))
  }
}
