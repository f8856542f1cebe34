import Addressing
import Judgement
import Messages
import Plan
import Recording
import Simulation
import Testing

/// Whole runs in virtual time.
@Suite struct SimulatedRunTests {
  private static let everyKind = """
    server: {listen: "127.0.0.1:9000", processes: 2}
    clients: {sources: 127.0.0.2-127.0.0.9, processes: 2}
    phases:
      - ramp: {to: 1000, rate: 1k/s}
      - hold: 3s
      - churn: {rate: 200/s, lifetime: 500ms, for: 2s}
      - search: {from: 1000, step: 500, to: 2000, confirm: 2s}
      - pause: 1s
      - close: {over: 1s}
    """

  private static let names = ["ramp", "hold", "churn", "search", "pause", "close"]

  @Test func `every kind of phase keeps its promise, and takes the time that is planned`() throws {
    let run = try SimulatedRun(Self.everyKind)
    #expect(run.judgement.verdict == .passed, "\(run.judgement.headline)")
    #expect(run.judgement.exitCode == 0)
    #expect(run.recording.phases.map(\.outcome) == Self.names.map { _ in .done })
    #expect(run.recording.phases.first { $0.name == "search" }?.ceiling == 2000)
    let hold = try #require(run.recording.phases.first { $0.name == "hold" })
    #expect(abs((hold.ended ?? 0) - (hold.started ?? 0) - 3) < 0.2)
    #expect(run.recording.complete)
    #expect(run.recording.workers.allSatisfy { $0.exitCode == 0 })
  }

  @Test func `the same seed leaves the same bytes, another seed others`() throws {
    let files = try [7, 7, 8].map { try SimulatedRun.file(Self.everyKind, seed: $0) }
    #expect(files[0].count > 10_000)
    // Not compared by the macro: it would print the difference.
    let (same, other) = (files[0] == files[1], files[0] == files[2])
    #expect(same)
    #expect(!other)
  }

  @Test func `a plan plays as many messages as it may have, and all are recorded`() throws {
    let names = (1...MessagePattern.most).map { "m\($0)" }
    let messages = names.enumerated().map { "  \($1): {every: \(300 + $0)ms, send: \($1)}" }
    let run = try SimulatedRun(
      """
      server: {listen: "127.0.0.1:9000", processes: 1}
      clients: {sources: 127.0.0.2, processes: 1}
      messages:
      \(messages.joined(separator: "\n"))
      phases:
        - ramp: {to: 50}
        - hold: {for: 3s, messages: [\(names.joined(separator: ", "))]}
      """)
    #expect(run.judgement.exitCode == 0, "\(run.judgement.headline)")
    let facts = Metrics(run.recording, phase: "hold").messages
    #expect(facts.count == MessagePattern.most)
    #expect(facts.allSatisfy { $0[.received] > 300 && $0[.sent] == $0[.received] }, "\(facts)")
  }

  @Test func `a hundred thousand connections ramp, hold, churn, search and close`() throws {
    var host = SimulatedHost()
    host.descriptorsPerProcess = 200_000
    let run = try SimulatedRun(
      """
      server: {listen: "127.0.0.1:9000", processes: 1}
      clients: {sources: 127.0.0.2-127.0.0.9, processes: 1}
      phases:
        - ramp: {to: 90k}
        - hold: 5s
        - churn: {rate: 1k/s, lifetime: 1s, for: 3s}
        - search: {from: 95k, step: 5k, to: 100k, confirm: 2s}
        - close: reset
      """, on: host)
    #expect(run.judgement.exitCode == 0, "\(run.judgement.headline)")
    #expect(run.recording.phases.map(\.established).max() == 100_000)
  }

  // MARK: Limits of the host

  @Test func `the client's own descriptors bind`() throws {
    var host = SimulatedHost()
    host.descriptorsPerProcess = 500
    let run = try SimulatedRun(
      """
      server: {listen: "127.0.0.1:9000", processes: 4}
      clients: {sources: 127.0.0.2, processes: 1}
      phases: [ramp: {to: 1000}, hold: 1s]
      """, on: host)
    #expect(run.judgement.exitCode == 100)
    let limit = try #require(run.judgement.limit)
    #expect(limit.resource == .descriptorsPerProcess)
    #expect(limit.end == .client)
    #expect(limit.errno?.name == "EMFILE")
    #expect(limit.syscall == "socket")
  }

  @Test(arguments: [
    (700, nil, Resource.epollWatches, "ENOSPC"), (5_000_000, 900, .descriptorsPerHost, "ENFILE"),
  ])
  func `what the host has of watches and files binds`(
    watches: Int, files: Int?, resource: Resource, errno: String
  ) throws {
    var host = SimulatedHost()
    host.watches = watches
    host.files = files
    let run = try SimulatedRun(Self.everyKind, on: host)
    #expect(run.judgement.exitCode == 100)
    #expect(run.judgement.limit?.resource == resource)
    #expect(run.judgement.limit?.errno?.name == errno)
    #expect(run.recording.prediction.binding?.resource == resource)
  }

  @Test func `files that unanswered handshakes took bind, though they are closed at the end`()
    throws
  {
    var host = SimulatedHost()
    host.files = 40
    host.dials.silentEndpoints = [SocketAddress(.v4(0x7F00_0001), 9000)]
    let run = try SimulatedRun(
      """
      server: {listen: "127.0.0.1:9000", processes: 1}
      clients: {sources: 127.0.0.2, processes: 1, connect-timeout: 1s, retries: 0}
      phases: [ramp: {to: 100}, hold: 1s]
      """, on: host)
    #expect(run.judgement.limit?.errno?.name == "ENFILE")
    #expect(run.judgement.limit?.resource == .descriptorsPerHost, "\(run.judgement.headline)")
  }

  @Test func `memory ends the growth before it is gone`() throws {
    var host = SimulatedHost()
    host.memory = 10_000 * host.memoryPerSocket
    let run = try SimulatedRun(
      """
      server: {listen: "127.0.0.1:9000", processes: 1}
      clients: {sources: 127.0.0.2, processes: 1}
      phases: [ramp: {to: 10k, rate: 1k/s}, hold: 1s]
      """, on: host)
    #expect(run.judgement.exitCode == 100)
    #expect(run.judgement.limit?.resource == .memoryGuard, "\(run.judgement.headline)")
  }

  @Test func `lost packets that are sent again are no limit`() throws {
    var host = SimulatedHost()
    host.dials.loss = 0.01
    host.dials.latency = 100_000
    let run = try SimulatedRun(Self.everyKind, on: host, seed: 3)
    #expect(run.judgement.exitCode == 0, "\(run.judgement.headline)")
  }

  // MARK: Policies

  @Test(arguments: [
    ("stop", [PhaseRecord.Outcome.limit, .skipped, .done]), ("hold", [.limit, .done, .done]),
    ("fail", [.limit, .skipped, .skipped]),
  ])
  func `what follows a limit is the plan's to say`(
    policy: String, outcomes: [PhaseRecord.Outcome]
  ) throws {
    var host = SimulatedHost()
    host.descriptorsPerProcess = 500
    let run = try SimulatedRun(
      """
      server: {listen: "127.0.0.1:9000", processes: 2}
      clients: {sources: 127.0.0.2, processes: 1}
      on-limit: \(policy)
      phases: [ramp: {to: 1000}, hold: 1s, close: reset]
      """, on: host)
    #expect(run.recording.phases.map(\.outcome) == outcomes)
    #expect(run.judgement.exitCode == 100)
  }

  // MARK: What happens meanwhile

  /// An instant within each phase of `everyKind`, in seconds.
  private static func instants() throws -> [(phase: String, at: Double)] {
    try SimulatedRun(everyKind).recording.phases.map {
      ($0.name, (($0.started ?? 0) + ($0.ended ?? 0)) / 2)
    }
  }

  @Test func `a signal in any phase ends the run in order`() throws {
    for (phase, at) in try Self.instants() {
      let run = try SimulatedRun(
        Self.everyKind, events: [.init(at: .seconds(at), .signal(2))])
      #expect(run.judgement.verdict == .interrupted, "in \(phase)")
      #expect(run.judgement.exitCode == 105)
      #expect(run.recording.interrupted)
      let reached = run.recording.phases.firstIndex { $0.name == phase }!
      #expect(run.recording.phases[reached].outcome == .interrupted, "in \(phase)")
      #expect(run.recording.phases[(reached + 1)...].allSatisfy { $0.outcome == .skipped })
      #expect(run.recording.workers.allSatisfy { $0.exitCode == 0 })
    }
  }

  @Test(arguments: 0..<4)
  func `a worker's death in any phase is the limit of that phase`(worker: Int) throws {
    for (phase, at) in try Self.instants() {
      let run = try SimulatedRun(
        Self.everyKind, events: [.init(at: .seconds(at), .kill(worker))])
      let limit = try #require(run.judgement.limit, "in \(phase)")
      #expect(run.judgement.exitCode == 100, "in \(phase)")
      #expect(limit.resource == .workerDied, "in \(phase): \(run.judgement.headline)")
      #expect(limit.phase == phase)
      #expect(limit.worker == worker)
      #expect(run.recording.workers[worker].signal == 9)
    }
  }

  @Test(arguments: 0..<4)
  func `a worker that is stopped is given up, and named`(worker: Int) throws {
    let at = try #require(try Self.instants().first { $0.phase == "ramp" }).at
    let run = try SimulatedRun(
      Self.everyKind, events: [.init(at: .seconds(at), .stop(worker))])
    let limit = try #require(run.judgement.limit)
    #expect(limit.resource == .workerDied, "\(run.judgement.headline)")
    #expect(limit.worker == worker)
    #expect(limit.evidence.contains { $0.value.contains("was stopped (state T)") })
  }

  @Test func `a search ends with the death of a worker, and finds nothing`() throws {
    let run = try SimulatedRun(
      """
      server: {listen: "127.0.0.1:9000", processes: 1}
      clients: {sources: 127.0.0.2, processes: 2}
      phases:
        - search: {from: 100, step: 100, to: 400, rate: 100/s, confirm: 1s}
        - ramp: {to: 500}
      on-limit: hold
      """, events: [.init(at: .seconds(2), .kill(1))])
    #expect(run.recording.phases[0].ceiling == nil)
    #expect(run.recording.phases[0].outcome == .limit)
    #expect(run.judgement.limit?.resource == .workerDied)
    #expect(run.recording.searchSteps.count < 4, "\(run.recording.searchSteps)")
    // The dead worker's share of what follows.
    let later = run.recording.limits.filter { $0.phase == "ramp" }
    #expect(later.map(\.resource) == [.workerDied], "\(later)")
    #expect(later.first?.evidence.first?.value == "1 of 2 had died: nobody opens their share")
  }

  // MARK: Messages

  @Test func `a number at which nobody answers is too many`() throws {
    let run = try SimulatedRun(
      """
      server: {listen: "127.0.0.1:9000", processes: 1, reply: {send: "no"}}
      clients: {sources: 127.0.0.2, processes: 1}
      messages: {beat: {every: 100ms, send: x, expect: {bytes: 1kB}, timeout: 500ms}}
      phases:
        - search: {from: 100, step: 100, to: 400, confirm: 1s, messages: beat, until: ["rtt.p90 > 300ms"]}
      """)
    let mute = try #require(run.recording.searchSteps.first)
    #expect(mute.outcome == .tooMany)
    #expect(mute.reason == "rtt.p90 > 300ms (no right answer came)")
    #expect(run.recording.phases[0].ceiling == nil)
  }

  @Test func `of a rate that idle processes share the remark says so`() throws {
    let run = try SimulatedRun(
      """
      server: {listen: "127.0.0.1:9000", processes: 1}
      clients: {sources: 127.0.0.2, processes: 2}
      messages: {beat: {rate: 100/s, send: x}}
      phases:
        - ramp: {to: 1}
        - hold: {for: 3s, messages: beat}
      """)
    let remark = run.recording.phases[1].remark
    #expect(remark.contains("1 of 2 client processes hold no connection"), "\(remark)")
    #expect(!remark.contains("processor"))
  }

  @Test(arguments: ["echo", "{send: \"0 0 hello\"}"])
  func `both ends speak HTTP`(reply: String) throws {
    let run = try SimulatedRun(
      """
      server: {listen: "127.0.0.1:9000", processes: 2, reply: \(reply)}
      clients: {sources: 127.0.0.2-127.0.0.9, processes: 2}
      protocol: {http: {headers: {Accept: "*/*"}}}
      messages:
        post: {every: 500ms, request: {body: "{connection} {sequence}"}, expect: {matches: "^[0-9]+ [0-9]+"}}
        lost: {rate: 100/s, request: {path: "/{sequence}"}, expect: {status: 404}}
      phases:
        - ramp: {to: 200}
        - hold: {for: 3s, messages: [post, lost]}
        - close: reset
      """)
    #expect(run.judgement.exitCode == 0, "\(run.judgement.headline)")
    func count(_ outcome: MessageOutcome, _ name: String) -> Double? {
      run.recording.series(.messages(outcome, name))?.points.last?.value
    }
    #expect(count(.sent, "post") == 1_200)
    #expect(count(.received, "post") == 1_200)
    #expect(count(.wrong, "post") == 0)
    #expect((295...300).contains(count(.sent, "lost") ?? 0))
    #expect(count(.wrong, "lost") == count(.sent, "lost"))
    #expect(run.recording.series(.waits)?.maximum == 0)
  }

  // MARK: Churns

  private static let churn = """
    server: {listen: "127.0.0.1:9000", processes: 1}
    clients: {sources: 127.0.0.2-127.0.0.9, processes: 1}
    phases:
      - churn: {rate: 300/s, lifetime: 2s, for: 4s}
    """

  @Test func `nobody lived whom a limit of the server has cut off`() throws {
    var host = SimulatedHost()
    host.descriptorsPerProcess = 400
    let run = try SimulatedRun(Self.churn, on: host)
    let promise = try #require(run.recording.phases[0].promise)
    #expect(run.judgement.exitCode == 100)
    #expect(run.judgement.limit?.errno?.name == "EMFILE")
    #expect(promise.promised == 1200)
    #expect(promise.keptCount < 40, "\(promise)")
  }

  @Test func `nobody lived whom the guard has cut off`() throws {
    var host = SimulatedHost()
    host.memory = 3000 * host.memoryPerSocket
    let run = try SimulatedRun(
      """
      server: {listen: "127.0.0.1:9000", processes: 1}
      clients: {sources: 127.0.0.2-127.0.0.9, processes: 1}
      phases:
        - churn: {rate: 300/s, lifetime: 100s, for: 20s}
      """, on: host)
    let promise = try #require(run.recording.phases[0].promise)
    #expect(run.judgement.exitCode == 100)
    #expect(run.judgement.limit?.resource == .memoryGuard)
    #expect(promise.keptCount == 0, "\(promise)")
  }

  @Test func `connections that a stopped server never accepted in time are missing`() throws {
    let run = try SimulatedRun(
      Self.churn.replacing("lifetime: 2s", with: "lifetime: 500ms"),
      events: [.init(at: .seconds(1), .stop(0)), .init(at: .seconds(2.5), .resume(0))])
    // It accepts them all in the end, when their clients have gone.
    #expect(run.judgement.exitCode == 0)
    let late = try SimulatedRun(
      Self.churn.replacing("lifetime: 2s", with: "lifetime: 500ms"),
      events: [.init(at: .seconds(3), .stop(0)), .init(at: .seconds(6.5), .resume(0))])
    #expect(late.judgement.exitCode == 100, "\(late.judgement.headline)")
    #expect(late.judgement.limit?.resource == .acceptQueue)
  }

  @Test(arguments: ["hold: 5s", "churn: {rate: 50/s, lifetime: 1s, for: 2s}"])
  func `what is lost between two phases is lost in the later one`(later: String) throws {
    let run = try SimulatedRun(
      """
      target: 127.0.0.1:9000
      clients: {sources: 127.0.0.2}
      phases:
        - ramp: {to: 200, rate: 1k/s}
        - \(later)
        - close: {over: 100ms, with: reset}
      """, against: .echoes
    ) { phase, workers, peer in
      guard phase == 1 else { return }
      peer?.crash()
      workers.pause(until: workers.now().advanced(by: .milliseconds(50)))
    }
    let phases = run.recording.phases
    #expect(phases.map(\.outcome) == [.done, .limit, .done])
    #expect(run.judgement.exitCode == 100, "\(run.judgement.headline)")
    #expect(run.judgement.limit?.resource == .closedByPeer, "\(run.judgement.headline)")
    #expect(run.judgement.limit?.phase == phases[1].name)
    #expect(run.judgement.limit?.count == 200)
  }

  @Test func `what is lost before a pause breaks no promise`() throws {
    let run = try SimulatedRun(
      """
      target: 127.0.0.1:9000
      clients: {sources: 127.0.0.2}
      phases: [ramp: {to: 200, rate: 1k/s}, pause: 1s, hold: 1s]
      """, against: .echoes
    ) { phase, workers, peer in
      guard phase == 1 else { return }
      peer?.crash()
      workers.pause(until: workers.now().advanced(by: .milliseconds(50)))
    }
    #expect(run.recording.phases.allSatisfy { $0.outcome == .done }, "\(run.judgement.headline)")
  }
}
