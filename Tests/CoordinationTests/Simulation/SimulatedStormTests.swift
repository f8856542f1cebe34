import Addressing
import Judgement
import Plan
import Recording
import Simulation
import Testing

/// Whole runs with storms, in virtual time.
@Suite struct SimulatedStormTests {
  private static func plan(
    _ storm: String, ramp: String = "{to: 1000}", processes: Int = 2, clients: String = "",
    rest: String = ""
  ) -> String {
    """
    server: {listen: "127.0.0.1:9000", processes: 2}
    clients: {sources: 127.0.0.2-127.0.0.9, processes: \(processes)\(clients)}
    phases:
      - ramp: \(ramp)
      - storm: {\(storm)}
    \(rest)
    """
  }

  private static let endpoints = [9000, 9001].map { SocketAddress(.v4(0x7F00_0001), $0) }

  @Test(arguments: [1, 3])
  func `a storm that is over in time has passed, and its recovery is a figure`(
    processes: Int
  ) throws {
    let run = try SimulatedRun(
      Self.plan(
        "drop: 50%, backoff: 1s..4s, until: 99%, within: 10s", processes: processes,
        rest: "thresholds: [recovery < 2s, recovery > 500ms in storm]"))
    #expect(run.judgement.exitCode == 0, "\(run.judgement.headline)")
    let storm = run.recording.phases[1]
    #expect(storm.outcome == .done)
    #expect(storm.dropped == 500)
    #expect(storm.promise == PhasePromise(promised: 990, missed: 0))
    // 490 of 500 draws of up to a second are over by then, give or take.
    let recovery = try #require(storm.recovery)
    #expect((0.9...1.02).contains(recovery))
    #expect((storm.ended ?? 0) - (storm.started ?? 0) < recovery + 0.45)
    let facts = try #require(run.recording.stormFacts(of: storm))
    #expect(facts.refused == 0)
    #expect((480...510).contains(facts.peak ?? 0), "\(facts)")
    #expect(run.recording.limits.isEmpty)
    #expect(run.recording.series(.established)?.maximum == 1000)
  }

  @Test func `a count is cut as it is said, and what was held is held again`() throws {
    let run = try SimulatedRun(
      Self.plan(
        "drop: 333, with: fin, backoff: 100ms, jitter: none, until: 100%, within: 5s",
        rest: "  - hold: 2s\n  - storm: {drop: 100%, until: 100%, within: 2s}\n  - close: reset"))
    #expect(run.judgement.exitCode == 0, "\(run.judgement.headline)")
    #expect(run.recording.phases.map(\.dropped) == [nil, 333, nil, 1000, nil])
    #expect(run.recording.phases[2].promise == PhasePromise(promised: 1000, missed: 0))
  }

  @Test func `a server that refuses for ever is the limit`() throws {
    let run = try SimulatedRun(
      Self.plan("drop: 40%, backoff: 200ms..2s, within: 6s"),
      beforePhase: { phase, workers, _ in
        guard phase == 1 else { return }
        for endpoint in Self.endpoints {
          workers.network.dials.refusals[endpoint] = .networkUnreachable
        }
      })
    #expect(run.judgement.exitCode == 100)
    let limit = try #require(run.judgement.limit)
    #expect(limit.resource == .noRoute, "\(run.judgement.headline)")
    #expect(limit.syscall == "connect")
    #expect(limit.errno?.name == "ENETUNREACH")
    // Each connection that is missing counts once, however often it was tried.
    #expect(run.recording.limits.reduce(0) { $0 + $1.count } == 400)
    let storm = run.recording.phases[1]
    #expect(storm.promise == PhasePromise(promised: 990, missed: 390))
    #expect(storm.recovery == nil)
    #expect((storm.ended ?? 0) - (storm.started ?? 0) < 7)
    #expect(storm.failures > 1200)
  }

  @Test func `a server that stays away for a while is no limit`() throws {
    let run = try SimulatedRun(
      Self.plan("drop: 100%, backoff: 100ms..1s, until: 100%, within: 20s", processes: 1),
      beforePhase: { phase, workers, _ in
        guard phase == 1 else { return }
        workers.network.dials.refusals[Self.endpoints[0]] = .connectionRefused
      })
    // Each attempt has a tuple of its own, and every other one leads to the other endpoint.
    #expect(run.judgement.exitCode == 0, "\(run.judgement.headline)")
    let facts = try #require(run.recording.stormFacts(of: run.recording.phases[1]))
    #expect(facts.refused > 0)
    #expect(run.recording.limits.isEmpty)
    #expect(run.recording.failures.allSatisfy { $0.finalCount == 0 })
  }

  @Test func `a plan that gives too little time is not blamed on anybody`() throws {
    let run = try SimulatedRun(
      Self.plan("drop: 50%, backoff: 10s..10s, until: 100%, within: 3s"))
    #expect(run.judgement.exitCode == 100)
    let limit = try #require(run.judgement.limit)
    #expect(limit.resource == .unclassified)
    #expect(
      limit.evidence.contains {
        $0.value == "their backoff was not over when the time of the storm was"
      }, "\(limit.evidence)")
    #expect(run.recording.phases[1].promise?.missed == limit.count)
  }

  @Test func `ports in TIME_WAIT are the limit of a storm that closes with FIN`() throws {
    let run = try SimulatedRun(
      """
      server: {listen: "127.0.0.1:9000", processes: 1}
      clients: {sources: 127.0.0.2, processes: 1, ports: 20000-20099}
      phases: [ramp: {to: 100}, storm: {drop: 100%, with: fin, backoff: 500ms..2s, within: 10s}]
      """)
    #expect(run.judgement.limit?.resource == .sourcePorts, "\(run.judgement.headline)")
    #expect(run.recording.phases[1].promise?.missed == 99)
  }

  @Test func `a server that accepts no more is found by its queue`() throws {
    let run = try SimulatedRun(
      """
      target: 127.0.0.1:9000
      clients: {sources: 127.0.0.2, processes: 1, connect-timeout: 1s, retries: 0}
      phases: [ramp: {to: 50}, storm: {drop: 100%, backoff: 100ms..1s, within: 5s}]
      """, against: .capped(at: 60, .stopsAccepting))
    #expect(run.judgement.exitCode == 100)
    #expect(run.judgement.limit?.resource == .acceptQueue, "\(run.judgement.headline)")
    #expect(run.judgement.limit?.end == .server)
  }

  @Test func `a signal in mid-storm ends the run in order`() throws {
    let run = try SimulatedRun(
      Self.plan("drop: 50%, backoff: 5s..10s, within: 30s", rest: "  - hold: 1s"),
      events: [.init(at: .seconds(2), .signal(2))])
    #expect(run.judgement.verdict == .interrupted)
    #expect(run.recording.phases.map(\.outcome) == [.done, .interrupted, .skipped])
    #expect(run.recording.phases[1].dropped == 500)
    #expect(run.recording.duration < 5)
    #expect(run.recording.workers.allSatisfy { $0.exitCode == 0 })
  }

  @Test(arguments: 0..<4) func `a worker that dies in the storm is its limit`(worker: Int) throws {
    let run = try SimulatedRun(
      Self.plan("drop: 50%, backoff: 3s..10s, within: 15s"),
      events: [.init(at: .seconds(2), .kill(worker))])
    #expect(run.judgement.exitCode == 100)
    #expect(run.judgement.limit?.resource == .workerDied, "\(run.judgement.headline)")
    #expect(run.judgement.limit?.phase == "storm")
    #expect(run.judgement.limit?.worker == worker)
  }

  @Test func `what a full server closes at once has not come back yet`() throws {
    let run = try SimulatedRun(
      """
      target: 127.0.0.1:9000
      clients: {sources: 127.0.0.2, processes: 1}
      phases:
        - ramp: {to: 80, tolerate: 50%}
        - storm: {drop: 50%, backoff: 100ms..1s, jitter: none, until: 100%, within: 20s}
      """, against: .closes(every: 4, resets: false),
      beforePhase: { phase, workers, _ in
        // So that the clients hold for a while what the server has closed.
        if phase == 1 { workers.network.dials.latency = 20_000_000 }
      })
    let storm = try #require(run.recording.phases.last)
    #expect(storm.outcome == .done, "\(run.judgement.headline)")
    #expect(storm.promise == PhasePromise(promised: 64, missed: 0))
    #expect((storm.recovery ?? 0) > 0.2)
  }

  @Test func `a storm that cuts nothing has no recovery`() throws {
    let run = try SimulatedRun(
      """
      target: 127.0.0.1:9000
      clients: {sources: 127.0.0.2}
      phases:
        - ramp: {to: 10}
        - storm: {drop: 50%, backoff: 1s, within: 5s}
      thresholds: [recovery < 8s]
      """, against: .echoes
    ) { phase, workers, peer in
      guard phase == 1 else { return }
      peer?.crash()
      workers.pause(until: workers.now().advanced(by: .milliseconds(50)))
    }
    let storm = try #require(run.recording.phases.last)
    #expect(storm.dropped == 0)
    #expect(storm.recovery == nil)
    #expect(run.judgement.thresholds.map(\.passed) == [false])
  }

  @Test func `messages go on for what is held`() throws {
    let run = try SimulatedRun(
      """
      server: {listen: "127.0.0.1:9000", processes: 1}
      clients: {sources: 127.0.0.2, processes: 2}
      messages: {beat: {every: 100ms, send: x}}
      phases:
        - ramp: {to: 100}
        - storm: {drop: 50%, backoff: 4s, jitter: none, until: 100%, within: 10s, messages: beat}
      """)
    #expect(run.judgement.exitCode == 0, "\(run.judgement.headline)")
    let beat = try #require(Metrics(run.recording, phase: "storm").messages.first)
    // 50 connections for four seconds, ten times a second.
    #expect((1900...2500).contains(beat[.received]), "\(beat)")
  }

  @Test func `what a full client host lacks is named, as in a ramp`() throws {
    var host = SimulatedHost()
    host.descriptorsPerProcess = 5000
    let run = try SimulatedRun(
      Self.plan("drop: 50%, backoff: 200ms..1s, within: 4s"), on: host,
      beforePhase: { phase, workers, _ in
        if phase == 1 { workers.network.dials.sockets = 1400 }
      })
    #expect(run.judgement.exitCode == 100)
    #expect(run.judgement.limit?.resource == .memory, "\(run.judgement.headline)")
  }
}
