import Host
import Plan
import Recording
import Testing

@testable import Coordination

/// What stands in a limit's record beside its cause.
@Suite struct LimitEvidenceTests {
  private static func finder(
    isOwn: Bool = false, endpoints: [String] = ["127.0.0.1:9000"], path: PathFindings = .init()
  ) -> LimitFinder {
    LimitFinder(
      host: HostDescription(),
      demand: Demand(
        goal: 1000, clientWorkers: .count(1), serverWorkers: isOwn ? .count(1) : nil,
        bothEndsHere: true, sources: 1, portsPerSource: 60_000, endpoints: 1, backlog: nil),
      prediction: [], before: [:], after: [:], path: path, endpoints: endpoints)
  }

  private static func phase(
    _ kind: PhaseKind, established: Int = 1023, phantom: Int = 0, promise: PhasePromise? = nil
  ) -> PhaseRecord {
    PhaseRecord(
      name: "phase", kind: kind, title: "", planLine: 7, started: 0, ended: 5, outcome: .limit,
      established: established, accepted: established - phantom, phantom: phantom,
      promise: promise)
  }

  private static func failure(
    _ call: String, _ errno: String? = nil, end: End = .client, established: Int = 10
  ) -> FailureRecord {
    FailureRecord(
      end: end, worker: 0, phase: "phase", syscall: call,
      errno: errno.map { ErrnoRecord(number: 1, name: $0, text: $0) }, count: 1, retried: 0,
      firstInstant: 1, stoppedAt: nil, established: established, accepted: 10, source: nil,
      endpoint: nil)
  }

  private static func limits(
    _ finder: LimitFinder, _ phase: PhaseRecord, _ failures: [FailureRecord] = [],
    memoryGuard: FailureRecord? = nil, workerDied: Bool = false, gone: Fact? = nil
  ) -> [LimitRecord] {
    finder.limits(
      of: phase, failures: failures, memoryGuard: memoryGuard, workerDied: workerDied, gone: gone)
  }

  private static func value(_ name: String, in limit: LimitRecord?) -> String? {
    limit?.evidence.first { $0.name == name }?.value
  }

  @Test func `a number is guessed from where the server is somebody else's, and only there`() {
    let words = "the server may have 1,024 descriptors"
    let foreign = Self.limits(Self.finder(), Self.phase(.ramp))
    #expect(Self.value(NumberGuess.name, in: foreign.first)?.hasPrefix(words) == true)
    let own = Self.limits(Self.finder(isOwn: true), Self.phase(.ramp))
    #expect(own.count == 1)
    #expect(Self.value(NumberGuess.name, in: own.first) == nil)
    // Where no usual limit is near, there is none.
    let odd = Self.limits(Self.finder(), Self.phase(.ramp, established: 777))
    #expect(Self.value(NumberGuess.name, in: odd.first) == nil)
    // A failure has the number of its own instant, unless the path has counted what is held.
    let closed = Self.limits(
      Self.finder(), Self.phase(.ramp, established: 777),
      [Self.failure("closed", established: 1023)])
    #expect(Self.value(NumberGuess.name, in: closed.first)?.hasPrefix(words) == true)
    var path = PathFindings()
    path.held = 777
    let counted = Self.limits(
      Self.finder(path: path), Self.phase(.ramp, established: 777),
      [Self.failure("closed", established: 1023)])
    #expect(Self.value(NumberGuess.name, in: counted.first) == nil)
    // What is the client's own is no guess at the server.
    let clients = Self.limits(
      Self.finder(), Self.phase(.ramp), [Self.failure("socket", "EMFILE", established: 1023)])
    #expect(clients.map(\.resource) == [.descriptorsPerProcess])
    #expect(Self.value(NumberGuess.name, in: clients.first) == nil)
    // Phantoms too.
    let phantoms = Self.limits(Self.finder(), Self.phase(.ramp, established: 1033, phantom: 10))
    #expect(phantoms.map(\.count) == [10])
    #expect(Self.value(NumberGuess.name, in: phantoms.first)?.hasPrefix(words) == true)
  }

  @Test func `the end that has a limit is not always the one that met it`() {
    for (call, errno, met, has) in [
      ("closed", nil, .client, .server), ("closed", nil, .server, .client),
      ("connect", "ECONNREFUSED", .client, .server), ("socket", "EMFILE", .client, .client),
      ("accept4", "EMFILE", .server, .server), ("tls", "EPROTO", .client, .server),
      ("tls", "ENOMEM", .client, .client), ("tls", "ENOMEM", .server, .server),
      (FailureRecord.memoryGuardCall, nil, .client, .host),
    ] as [(String, String?, End, End)] {
      let limit = Self.limits(
        Self.finder(), Self.phase(.ramp), [Self.failure(call, errno, end: met)])
      #expect(limit.first?.end == has, "\(call) \(errno ?? "")")
      let isGuard = call == FailureRecord.memoryGuardCall
      #expect(limit.first?.syscall == (isGuard ? nil : call))
      #expect(limit.first?.planLine == 7)
    }
  }

  @Test func `the guard's stop is a limit beside the failures`() {
    let stop = Self.failure(FailureRecord.memoryGuardCall, end: .host)
    let limits = Self.limits(
      Self.finder(), Self.phase(.ramp), [Self.failure("socket", "EMFILE")], memoryGuard: stop)
    #expect(limits.map(\.resource) == [.descriptorsPerProcess, .memoryGuard])
    #expect(Self.limits(Self.finder(), Self.phase(.ramp), memoryGuard: stop).count == 1)
  }

  @Test func `a limit of the server explains phantoms, at one endpoint if it is a queue`() {
    let phase = Self.phase(.ramp, phantom: 50)
    for (call, errno, end, explains) in [
      ("accept4", "EMFILE", .server, true), ("socket", "EMFILE", .client, false),
      ("closed", nil, .client, false), ("connect", "ECONNREFUSED", .client, false),
      ("connect", "EHOSTUNREACH", .client, false),
    ] as [(String, String?, End, Bool)] {
      let limits = Self.limits(Self.finder(), phase, [Self.failure(call, errno, end: end)])
      #expect(limits.count == (explains ? 1 : 2), "\(call)")
    }
    #expect(Self.limits(Self.finder(), Self.phase(.ramp, phantom: 1)).map(\.count) == [1])
  }

  @Test(arguments: [1, 2])
  func `what has gone at the server is told in number and kind`(gone: Int) {
    var path = PathFindings()
    path.goneAtServer = gone
    let limits = Self.limits(Self.finder(path: path), Self.phase(.hold))
    #expect(limits.map(\.count) == [gone])
    #expect(limits.first?.resource == .unclassified)
    #expect(limits.first?.end == .server)
    #expect(limits.first?.firstInstant == 5)
    #expect(
      Self.value("held by the clients alone", in: limits.first)
        == "\(gone) \(gone == 1 ? "connection" : "connections"): gone at the server end, "
        + "and the clients have not heard of it")
    path.serverMayClose = true
    #expect(
      Self.limits(Self.finder(path: path), Self.phase(.hold)).map(\.resource) == [.unclassified])
    path.serverMayClose = false
    let innocent = Self.limits(Self.finder(path: path), Self.phase(.hold))
    #expect(innocent.map(\.resource) == [.noRoute])
    #expect(Self.value("the built-in server", in: innocent.first)?.contains("ss -K") == true)
    path.withoutListener = ["127.0.0.1:9000"]
    let silent = Self.limits(Self.finder(path: path), Self.phase(.hold))
    #expect(silent.map(\.resource) == [.nobodyListens])
    #expect(Self.value("asked its kernel", in: silent.first) == "nobody listens")
  }

  @Test func `the share of workers that had died is named where something was to be opened`() {
    let gone = Fact("workers", "1 of 2 had died")
    for (kind, resource) in [
      (.ramp, .workerDied), (.churn, .workerDied), (.search, .workerDied), (.hold, .unclassified),
      (.close, .unclassified),
    ] as [(PhaseKind, Resource)] {
      let limits = Self.limits(Self.finder(), Self.phase(kind), gone: gone)
      #expect(limits.map(\.resource) == [resource], "\(kind)")
      #expect(limits.first?.evidence.contains(gone) == (resource == .workerDied))
    }
    let promise = PhasePromise(promised: 1000, missed: 400, tolerance: 0)
    let counted = Self.limits(Self.finder(), Self.phase(.ramp, promise: promise), gone: gone)
    #expect(counted.map(\.count) == [400])
    #expect(Self.limits(Self.finder(), Self.phase(.ramp), gone: gone).map(\.count) == [1])
  }

  @Test func `what is left is at the server where the clients hold nothing any more`() {
    let promise = PhasePromise(promised: 1000, missed: 30, tolerance: 0)
    var path = PathFindings()
    path.held = 0
    let left = Self.limits(Self.finder(path: path), Self.phase(.close, promise: promise))
    #expect(left.map(\.end) == [.server])
    #expect(left.map(\.count) == [30])
    #expect(
      Self.value("held by the clients", in: left.first)
        == "none: their closes have not reached the server")
    #expect(Self.value("failures", in: left.first) == "none was recorded")
    #expect(Self.value("phantom", in: left.first) == "0 established, never accepted")
    // Not where they hold one, nor in a phase that closes nothing.
    path.held = 1
    #expect(
      Self.limits(Self.finder(path: path), Self.phase(.close, promise: promise)).map(\.end)
        == [.client])
    path.held = 0
    #expect(
      Self.limits(Self.finder(path: path), Self.phase(.ramp, promise: promise)).map(\.end)
        == [.client])
  }

  @Test(
    arguments: [
      (.milliseconds(0), "process 77 was stopped (state T)"),
      (.milliseconds(999), "process 77 was stopped (state T)"),
      (.seconds(1), "process 77 was stopped (state T): no sign of life for 1 s"),
      (.milliseconds(5400), "process 77 was stopped (state T): no sign of life for 5 s"),
    ] as [(Duration, String)])
  func `a worker that hangs is told with its silence`(time: Duration, words: String) {
    let worker = WorkerRecord(id: 3, end: .client, pid: 77)
    let limit = Self.finder().limit(
      ofHang: HungWorker(state: "T", time: time), of: worker, in: Self.phase(.ramp), at: 2)
    #expect(limit.evidence == [Fact("worker 3", words)])
    #expect(limit.worker == 3)
    #expect(limit.firstInstant == 2)
    #expect(limit.count == 1)
    #expect(limit.phase == "phase")
  }
}
