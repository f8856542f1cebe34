import Judgement
import Plan
import Recording
import Testing

/// The lines of docs/verdict.md, each on the smallest recording that shows it.
@Suite struct VerdictRuleTests {
  private static func phase(
    _ kind: PhaseKind, promised: Int? = nil, missed: Int = 0, tolerance: Double = 0,
    outcome: PhaseRecord.Outcome = .done
  ) -> PhaseRecord {
    PhaseRecord(
      name: kind.rawValue, kind: kind, title: "", planLine: 3, started: 0, ended: 10,
      outcome: outcome, established: 1000, accepted: 1000,
      promise: promised.map {
        PhasePromise(promised: $0, missed: missed, tolerance: tolerance)
      })
  }

  private static func run(
    _ phases: [PhaseRecord], _ limits: [LimitRecord] = [], rest: String = ""
  ) -> Recording {
    Recording(planName: "test") {
      $0.planFile = "test.plan"
      $0.planText = """
        server: {listen: "127.0.0.1:9000"}
        phases: [ramp: {to: 1000}, hold: 10s]
        \(rest)
        """
      $0.duration = 20
      $0.phases = phases
      $0.limits = limits
    }
  }

  private static func limit(
    _ end: End, _ syscall: String?, _ resource: Resource, at instant: Double,
    stoppedAt: Double? = nil, count: Int = 1, worker: Int? = nil, phase: String = "ramp"
  ) -> LimitRecord {
    LimitRecord(
      end: end, worker: worker, phase: phase, planLine: 3, syscall: syscall, resource: resource,
      count: count, firstInstant: instant, stoppedAt: stoppedAt, established: 900, accepted: 900)
  }

  @Test(arguments: [
    (PhaseKind.hold, "limit reached: 0 of 1,000 connections held; its cause was not recorded"),
    (.churn, "limit reached: 0 of 1,000 arrivals lived as planned; its cause was not recorded"),
    (.close, "limit reached: 1,000 of 1,000 connections left open; its cause was not recorded"),
    (
      .search,
      "limit reached: the search found no number of connections that lasts; its cause was not recorded"
    ),
  ])
  func `a phase of any kind that breaks its promise is a limit`(
    kind: PhaseKind, headline: String
  ) {
    let judgement = judge(Self.run([Self.phase(kind, promised: 1000, missed: 1000)]))
    #expect(judgement.exitCode == 100)
    #expect(judgement.headline == headline)
  }

  @Test func `a share that is tolerated may be missing, and not one more`() {
    let kept = Self.phase(.hold, promised: 1000, missed: 1, tolerance: 0.001)
    #expect(judge(Self.run([kept])).exitCode == 0)
    let broken = Self.phase(.hold, promised: 1000, missed: 2, tolerance: 0.001)
    #expect(judge(Self.run([broken])).exitCode == 100)
    let few = Self.phase(.hold, promised: 999, missed: 1, tolerance: 0.001)
    #expect(judge(Self.run([few])).exitCode == 100)
  }

  @Test func `a recording of before promises is decided as its program did`() {
    let emfile = Self.limit(.server, "accept4", .descriptorsPerProcess, at: 1.5, count: 5)
    let timeouts = Self.limit(.client, "connect-timeout", .packetsDropped, at: 11, count: 246)
    let run = Self.run([Self.phase(.ramp, outcome: .limit)], [timeouts, emfile])
    #expect(judge(run).limit?.resource == .descriptorsPerProcess)
  }

  @Test func `an isolated failure never decides before what stopped a worker`() {
    let closed = Self.limit(.server, "closed", .closedByPeer, at: 2)
    let emfile = Self.limit(.client, "socket", .descriptorsPerProcess, at: 30, stoppedAt: 30)
    let run = Self.run([Self.phase(.ramp, promised: 1000, missed: 100)], [closed, emfile])
    #expect(judge(run).limit?.resource == .descriptorsPerProcess)
  }

  @Test func `of two that stopped a worker the earlier stop decides, whichever failed first`() {
    let patience = Self.limit(.client, "connect-timeout", .packetsDropped, at: 2, stoppedAt: 20)
    let ports = Self.limit(.client, "connect", .sourcePorts, at: 10, stoppedAt: 10)
    let run = Self.run([Self.phase(.ramp, promised: 1000, missed: 100)], [patience, ports])
    #expect(judge(run).limit?.resource == .sourcePorts)
  }

  @Test func `a worker's death decides before all else`() {
    let emfile = Self.limit(.client, "socket", .descriptorsPerProcess, at: 1, stoppedAt: 1)
    let death = Self.limit(.server, nil, .workerDied, at: 5, worker: 0)
    let run = Self.run([Self.phase(.ramp, promised: 1000, missed: 100)], [emfile, death])
    #expect(judge(run).limit?.resource == .workerDied)
  }

  @Test func `else the cause with the most failures decides`() {
    let refused = Self.limit(.server, "connect", .nobodyListens, at: 1, count: 2)
    let reset = Self.limit(.server, "closed", .closedByPeer, at: 3, count: 40)
    let run = Self.run([Self.phase(.ramp, promised: 1000, missed: 42)], [refused, reset])
    #expect(judge(run).limit?.resource == .closedByPeer)
  }

  @Test func `the first phase that broke its promise decides`() {
    let run = Self.run(
      [Self.phase(.ramp, promised: 1000), Self.phase(.hold, promised: 1000, missed: 3)],
      [Self.limit(.server, "closed", .closedByPeer, at: 12, phase: "hold")])
    let judgement = judge(run)
    #expect(judgement.limit?.phase == "hold")
    #expect(
      judgement.headline
        == "limit reached: 997 of 1,000 connections held; server closed: closed by the peer")
  }

  @Test func `an aborted run has failed, whatever else it met and whatever holds in the end`() {
    var ramp = Self.phase(.ramp, promised: 1000, missed: 500, outcome: .aborted)
    ramp.abortedBy = "failures == 0 (measured 3)"
    ramp.goal = 1000
    ramp.established = 500
    for limits in [
      [], [Self.limit(.client, "socket", .descriptorsPerProcess, at: 1, stoppedAt: 1)],
    ] {
      let judgement = judge(
        Self.run([ramp], limits, rest: "thresholds: [failures == 0]"))
      #expect(judgement.verdict == .failed)
      #expect(judgement.exitCode == 99)
      #expect(
        judgement.headline
          == "aborted 10 s into the run, in phase ramp: failures == 0 (measured 3)")
    }
  }

  @Test func `what a search met on its way is no limit, but a worker's death is`() {
    var search = Self.phase(.search, promised: 1)
    search.ceiling = 800
    let met = Self.limit(
      .server, "accept4", .descriptorsPerProcess, at: 3, stoppedAt: 3, phase: "search")
    #expect(judge(Self.run([search], [met])).exitCode == 0)
    let death = Self.limit(.client, nil, .workerDied, at: 4, worker: 1, phase: "search")
    #expect(judge(Self.run([search], [met, death])).limit?.resource == .workerDied)
  }
}
