import Host
import Plan
import Recording
import Testing

@testable import Coordination

/// From what failed in a phase to its limits.
@Suite struct LimitFinderTests {
  private static func limits(
    _ kind: PhaseKind, _ failures: [FailureRecord] = [], phantom: Int = 0, late: Int = 0,
    foundNoRoom: Bool = false, heldBack: String? = nil, shortage: String? = nil,
    workerDied: Bool = false, path: PathFindings = PathFindings(), shortOfProcessors: Bool = false
  ) -> [LimitRecord] {
    var host = HostDescription()
    host.somaxconn = 4096
    var finder = LimitFinder(
      host: host,
      demand: Demand(
        goal: 1000, clientWorkers: .count(1), serverWorkers: nil, bothEndsHere: true, sources: 1,
        portsPerSource: 60_000, endpoints: 1, backlog: nil),
      prediction: [], before: [:], after: [:], path: path)
    if shortOfProcessors {
      finder.processors = ProcessorFindings(words: "a worker was busy", wereShort: true)
    }
    return finder.limits(
      of: PhaseRecord(
        name: "phase", kind: kind, title: "", planLine: 1, started: 0, ended: 5, outcome: .limit,
        established: 1000, accepted: 1000 - phantom, phantom: phantom),
      failures: failures, memoryGuard: nil, workerDied: workerDied,
      late: LateArrivals(
        count: late, foundNoRoom: foundNoRoom, heldBack: heldBack, shortage: shortage))
  }

  private static func failure(_ call: String, count: Int = 1, retried: Int = 0) -> FailureRecord {
    FailureRecord(
      end: .client, worker: 0, phase: "phase", syscall: call, errno: nil, count: count,
      retried: retried, firstInstant: 1, stoppedAt: nil, established: 10, accepted: 10, source: nil,
      endpoint: nil)
  }

  @Test(arguments: ["tls", "websocket", "mqtt"])
  func `who does not answer a layer on top of TCP is the end of the limit`(call: String) {
    var failure = Self.failure(call)
    failure.errno = ErrnoRecord(number: 110, name: "ETIMEDOUT", text: "Timed out")
    let silent = Self.limits(.ramp, [failure])
    #expect(silent.map(\.end) == [.server])
    #expect(silent.map(\.resource) == [.unclassified])
    // It does not tell why connections were not accepted.
    #expect(Self.limits(.ramp, [failure], phantom: 7).map(\.count) == [1, 7])
    let short = Self.limits(.ramp, [failure], shortOfProcessors: true)
    #expect(short.map(\.end) == [.client])
    #expect(short.map(\.resource) == [.cpu])
  }

  @Test func `what broke a promise without a failure is told beside one that broke it as well`() {
    let late = Self.limits(.churn, [Self.failure("closed-by-peer")], late: 3000)
    #expect(late.map(\.count) == [1, 3000])
    #expect(late.last?.end == .client)
    #expect(late.last?.evidence.first?.name == "begun too late")
    #expect(late.last?.evidence.last?.value.hasPrefix("were stopped") == true)
    let crowded = Self.limits(.churn, late: 3000, foundNoRoom: true)
    #expect(crowded.last?.evidence.last?.value.hasPrefix("had no room for more") == true)
    #expect(crowded.last?.resource == .unclassified)
    let lacking = Self.limits(
      .churn, late: 3000, shortage: "the control group throttled 9 of 10 periods")
    #expect(lacking.map(\.resource) == [.cpu])
    #expect(lacking.last?.evidence.last?.value.hasPrefix("the control group") == true)
    // Whoever waited for room has a reason of its own.
    let both = Self.limits(.churn, late: 3000, foundNoRoom: true, shortage: "a worker was busy")
    #expect(both.map(\.resource) == [.unclassified])
    // So has whoever waited for handshakes of TLS, and these may be many for want of processors.
    let heldBack = Self.limits(.churn, late: 3000, heldBack: "512 were under way")
    #expect(heldBack.map(\.resource) == [.unclassified])
    #expect(heldBack.last?.evidence.last == Fact("client workers", "512 were under way"))
    let slow = Self.limits(
      .churn, late: 3000, heldBack: "512 were under way", shortage: "a worker was busy")
    #expect(slow.map(\.resource) == [.cpu])
    #expect(slow.last?.evidence.suffix(2).map(\.name) == ["processors", "client workers"])
    let phantoms = Self.limits(.ramp, [Self.failure("closed-by-peer")], phantom: 500)
    #expect(phantoms.map(\.count) == [1, 500])
    #expect(phantoms.last?.end == .server)
  }

  @Test func `a refusal explains no connection that was never accepted`() {
    let refused = FailureRecord(
      end: .client, worker: 0, phase: "phase", syscall: "connect",
      errno: ErrnoRecord(number: 111, name: "ECONNREFUSED", text: "Connection refused"), count: 30,
      retried: 0, firstInstant: 1, stoppedAt: nil, established: 10, accepted: 10, source: nil,
      endpoint: nil)
    let limits = Self.limits(.ramp, [refused], phantom: 500)
    #expect(limits.map(\.resource) == [.nobodyListens, .unclassified])
    #expect(limits.map(\.count) == [30, 500])
  }

  @Test func `what failed alike has the cause of each endpoint`() {
    func failure(
      _ call: String, _ errno: ErrnoRecord?, _ count: Int, retried: Int = 0, at endpoint: String
    )
      -> FailureRecord
    {
      FailureRecord(
        end: .client, worker: 0, phase: "phase", syscall: call, errno: errno, count: count,
        retried: retried, firstInstant: 1, stoppedAt: nil, established: 10, accepted: 10,
        source: nil, endpoint: endpoint)
    }
    var path = PathFindings()
    path.listeners["a:1"] = PathFindings.Listener(mostWaiting: 0, backlog: 100, drops: 0)
    path.listeners["b:1"] = PathFindings.Listener(mostWaiting: 101, backlog: 100, drops: 900)
    path.withoutListener = ["c:1"]
    // One handshake at A was tried again; B's queue is full.
    let queue = Self.limits(
      .ramp,
      [
        failure("connect-timeout", nil, 1, retried: 1, at: "a:1"),
        failure("connect-timeout", nil, 500, at: "b:1"),
      ], path: path)
    #expect(queue.map(\.resource) == [.acceptQueue])
    #expect(queue.map(\.count) == [500])
    #expect(queue.first?.endpoint == "b:1")
    // Nobody listens at C, and a firewall refuses in B's and A's name.
    let refused = ErrnoRecord(number: 111, name: "ECONNREFUSED", text: "Connection refused")
    let firewall = Self.limits(
      .ramp,
      [
        failure("connect", refused, 1, at: "c:1"), failure("connect", refused, 400, at: "b:1"),
        failure("connect", refused, 100, at: "a:1"),
      ], path: path)
    #expect(firewall.map(\.resource) == [.nobodyListens, .noRoute])
    #expect(firewall.map(\.count) == [1, 500])
  }

  @Test func `a handshake that was tried again is no limit`() {
    let limits = Self.limits(.ramp, [Self.failure("connect-timeout", count: 2, retried: 2)])
    #expect(limits.map(\.resource) == [.unclassified])
    #expect(limits[0].evidence.first?.value.hasPrefix("none but 2 handshakes") == true)
  }

  @Test func `a worker that died is reason enough`() {
    #expect(Self.limits(.hold, workerDied: true) == [])
    #expect(Self.limits(.hold).count == 1)
  }
}
