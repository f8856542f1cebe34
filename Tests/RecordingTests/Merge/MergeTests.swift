import Testing

@testable import Recording

@Suite struct MergeTests {
  /// A run of two workers an end, on one host, with something in every list.
  private static var whole: Recording {
    var whole = Recording.full
    whole.fault = nil
    whole.interrupted = false
    whole.verdict = nil
    whole.thresholds = []
    whole.series += [
      Series(
        key: .accepted, unit: "connections", kind: .gauge,
        points: [.init(at: 0, value: 0), .init(at: 1, value: 19_930)]),
      Series(
        key: .messages(.sent, "heartbeat"), unit: "messages", kind: .counter,
        points: [.init(at: 1, value: 7)]),
    ]
    // One record a worker, as a merged recording has them; and a merge is no replay.
    whole.drive = [DriveRecord(worker: 2, entries: [2, 0, 0, 13, 5, 0])]
    whole.replay = nil
    return whole
  }

  /// What the shards of this run would be, had each end recorded itself.
  private static func halves(of whole: Recording) -> (client: Recording, server: Recording) {
    var client = whole
    client.workers.removeAll { $0.end == .server }
    client.series.removeAll { $0.key == .accepted }
    for index in client.phases.indices {
      client.phases[index].accepted = 0
      client.phases[index].phantom = 0
    }
    var server = whole
    server.workers.removeAll { $0.end == .client }
    server.series.removeAll { $0.key != .accepted }
    server.distributions = []
    server.drive = []
    server.failures = []
    server.limits = []
    server.searchSteps = []
    for index in server.phases.indices {
      server.phases[index].established = 0
      server.phases[index].phantom = 0
      server.phases[index].failures = 0
      server.phases[index].ceiling = nil
      server.phases[index].remark = ""
    }
    return (client, server)
  }

  @Test func `the halves of a recording merge into the whole`() throws {
    let whole = Self.whole
    let (client, server) = Self.halves(of: whole)
    let merged = try Recording.merged([server, client])
    // The server's workers come first, as they do in the whole.
    #expect(merged.workers == whole.workers)
    #expect(Set(merged.series.map(\.key)) == Set(whole.series.map(\.key)))
    for series in whole.series { #expect(merged.series(series.key) == series) }
    var rest = merged
    rest.series = whole.series
    #expect(rest == whole)
  }

  // MARK: Two hosts

  let one = Recording.shard(host: "a", started: "2026-01-02T03:04:07.250Z", connections: 10)
  let two = Recording.shard(host: "b", connections: 20)

  @Test(
    arguments: [
      (4, 2.5, 0, 0.8, 2.5), (0, nil, 0, 0.8, 0.8), (0, nil, 1, 0.8, nil), (4, nil, 0, 0.8, nil),
      (0, nil, 0, nil, nil),
    ] as [(Int, Double?, Int, Double?, Double?)])
  func `a storm is over when the last shard that cut anything has it back`(
    dropped: Int, recovery: Double?, missed: Int, other: Double?, whole: Double?
  ) throws {
    func shard(_ shard: Recording, _ dropped: Int, _ recovery: Double?, missed: Int) -> Recording {
      var shard = shard
      shard.phases.append(
        PhaseRecord(
          name: "storm", kind: .storm, title: "storm", planLine: 5, started: 9, ended: 10,
          outcome: .done, promise: PhasePromise(promised: 10, missed: missed), dropped: dropped,
          recovery: recovery))
      return shard
    }
    let merged = try Recording.merged([
      shard(one, dropped, recovery, missed: missed),
      shard(two, other == nil ? 0 : 5, other, missed: 0),
    ])
    #expect(merged.phases.last?.recovery == whole)
  }

  @Test func `a copy that was taken while the run went on would count twice`() throws {
    var copy = one
    copy.complete = false
    copy.duration = 2
    copy.series[0].points.removeLast()
    #expect(throws: MergeProblem.overlap(1, with: 0)) { try Recording.merged([one, copy]) }
    #expect(throws: MergeProblem.overlap(2, with: 0)) {
      try Recording.merged([copy, two, one], regardless: true)
    }
  }

  @Test func `a recording that is in a merged one already would count twice`() throws {
    let whole = try Recording.merged([one, two])
    for part in [one, two] {
      #expect(throws: MergeProblem.overlap(1, with: 0)) { try Recording.merged([whole, part]) }
      #expect(throws: MergeProblem.overlap(1, with: 0)) { try Recording.merged([part, whole]) }
    }
  }

  @Test func `pods of one host may have processes of one number`() throws {
    var other = one
    for index in other.series[0].points.indices { other.series[0].points[index].at += 0.0123 }
    #expect(try Recording.merged([one, other]).phases[0].goal == 20)
  }

  @Test func `every program that recorded a shard is named once`() throws {
    var (first, second) = (one, two)
    first.programVersion = "0.1.0"
    second.programVersion = "0.2.0"
    #expect(try Recording.merged([first, second]).programVersion == "0.1.0 + 0.2.0")
    second.programVersion = "0.1.0"
    #expect(try Recording.merged([first, second]).programVersion == "0.1.0")
  }

  @Test func `instants are shifted to the earliest start`() throws {
    let merged = try Recording.merged([one, two])
    #expect(merged.started == "2026-01-02T03:04:05.000Z")
    #expect(merged.duration == 12.25)
    #expect(merged.phases[0].started == 1)
    #expect(merged.phases[0].ended == 5.25)
    #expect(merged.limits.map(\.firstInstant) == [2, 4.25])
    #expect(merged.failures.map(\.firstInstant) == [2, 4.25])
    #expect(merged.distributions.map(\.to) == [2, 4.25])
    #expect(merged.distribution(of: .connect).count == 30)
  }

  @Test func `an abort keeps its condition and its instant, also in the file`() throws {
    var aborted = one
    aborted.phases[0].outcome = .aborted
    aborted.phases[0].abortedBy = "failures == 0 (measured 3)"
    aborted.phases[0].abortedAt = 0.5
    let offset = try #require(Shards([aborted, two], regardless: false).all.first).offset
    #expect(offset > 0)
    let directory = try TemporaryDirectory()
    try Recording.merged([aborted, two]).write(to: directory.file("merged.recording"))
    let phase = try Recording.read(from: directory.file("merged.recording")).phases[0]
    #expect(phase.abortedBy == "failures == 0 (measured 3)")
    #expect(phase.abortedAt == 0.5 + offset)
    aborted.phases[0].abortedAt = -1
    try aborted.write(to: directory.file("impossible.recording"))
    #expect(throws: RecordingError.self) {
      try Recording.read(from: directory.file("impossible.recording"))
    }
  }

  @Test func `connections add up, each shard's as they were last seen`() throws {
    let merged = try Recording.merged([one, two])
    let points = try #require(merged.series(.established)).points
    #expect(points.map(\.at) == [1, 3, 3.25, 5.25])
    #expect(points.map(\.value) == [0, 20, 20, 30])
    #expect(merged.series(.kernelMemory)?.points.map(\.value) == [30, 60])
    #expect(merged.phases.map(\.established) == [30, 30])
    #expect(merged.phases.map(\.goal) == [30, nil])
    #expect(merged.phases.map(\.plannedRate) == [10, nil])
    #expect(merged.phases.map(\.failures) == [0, 2])
    #expect(Metrics(merged).heldInAnyPhase == 30)
  }

  @Test func `what is sampled at one instant by both is one point`() throws {
    var other = two
    other.hostname = "c"
    let merged = try Recording.merged([two, other])
    #expect(merged.series(.established)?.points.map(\.value) == [0, 40])
  }

  @Test func `each host keeps its kernel's series and its facts`() throws {
    let merged = try Recording.merged([one, two])
    #expect(merged.hostname == "a + b")
    #expect(
      merged.series(named: "memory.available").map(\.key.label).sorted() == ["a", "b"])
    #expect(
      merged.host == [
        Fact("kernel", "6.18"), Fact("a: memory", "1 GiB"), Fact("b: memory", "2 GiB"),
      ])
    #expect(merged.limits.map { $0.evidence.last } == [Fact("host", "b"), Fact("host", "a")])
  }

  @Test func `two shards of one host have one kernel, and the longer series tells`() throws {
    var other = two
    other.hostname = "a"
    other.series[1].points.append(.init(at: 2, value: 90))
    let merged = try Recording.merged([one, other])
    #expect(merged.hostname == "a")
    #expect(
      merged.series(named: "memory.available") == [
        Series(
          key: .memoryAvailable, unit: "bytes", kind: .gauge,
          points: [.init(at: 1, value: 100), .init(at: 2, value: 90)])
      ])
    #expect(merged.series(.kernelMemory)?.points.count == 1)
    #expect(merged.prediction.isEmpty)
  }

  @Test func `no two workers have one number, and what names them follows`() throws {
    let merged = try Recording.merged([one, two])
    #expect(merged.workers.map(\.id) == [0, 1, 2, 3])
    #expect(merged.limits.map(\.worker) == [3, 1])
    #expect(merged.failures.map(\.worker) == [3, 1])
  }

  @Test func `the worst outcome is the phase's, and a phase that was cut off has no end`() throws {
    var worse = two
    worse.phases[0].outcome = .limit
    worse.phases[0].remark = "slow"
    worse.phases[1].outcome = .skipped
    worse.phases[1].started = nil
    worse.phases[1].ended = nil
    worse.complete = false
    var merged = try Recording.merged([one, worse])
    #expect(merged.phases.map(\.outcome) == [.limit, .skipped])
    #expect(merged.phases[0].remark == "b: slow")
    #expect(merged.phases[1].ended == 11.25)
    #expect(!merged.complete)
    worse.phases[0].ended = nil
    merged = try Recording.merged([one, worse])
    #expect(merged.phases[0].ended == nil)
  }

  @Test func `of a machine and its control group the lower bound counts`() throws {
    var (one, two) = (one, two)
    for (index, left) in [1000, 2000].enumerated() {
      let terms = [
        PredictionTerm(end: .host, resource: .memoryGuard, connections: 1_000_000, reason: "host"),
        PredictionTerm(
          end: .host, resource: .memoryGuard, connections: left, reason: "group", binds: true),
      ]
      if index == 0 { one.prediction = terms } else { two.prediction = terms }
    }
    #expect(try Recording.merged([one, two]).predicted?.connections == 3000)
  }

  @Test func `predictions of one end add up, and the smallest binds`() throws {
    var server = PredictionTerm(
      end: .server, resource: .memory, connections: 5, reason: "s", binds: true)
    var (one, two) = (one, two)
    let merged = try Recording.merged([one, two])
    #expect(
      merged.prediction == [
        PredictionTerm(
          end: .client, resource: .descriptorsPerProcess, connections: 30, reason: "a: r; b: r",
          binds: true),
        PredictionTerm(end: .host, resource: .memory, connections: 2000, reason: "a: m; b: m"),
      ])
    // Clients there, servers here: each end has its own bounds, and the hosts are not one.
    two.workers = [WorkerRecord(id: 9, end: .server, pid: 1)]
    two.prediction = [server, one.prediction[1]]
    one.prediction[0].connections = 10
    server.binds = true
    let split = try Recording.merged([one, two])
    #expect(split.prediction.map(\.end) == [.client, .server])
    #expect(split.predicted?.connections == 5)
    #expect(split.predicted?.end == .server)
    // A bound that one of the shards does not know is no bound of the whole.
    two = Recording.shard(host: "b", connections: 20)
    two.prediction.removeFirst()
    #expect(try Recording.merged([one, two]).prediction.map(\.end) == [.host])
  }

  @Test func `seconds in which any host sent messages count once`() throws {
    var (one, two) = (one, two)
    func wanted(_ shift: Double) -> Series {
      Series(
        key: .wanted("ping"), unit: "s", kind: .counter,
        points: (0...10).map { .init(at: Double($0) + shift, value: Double($0)) })
    }
    one.series.append(wanted(0.5))
    two.series.append(wanted(0))
    // One began 2.25 s after the other: 10 s, and 2.75 s at the end in which only it sent.
    let points = try #require(Recording.merged([one, two]).series(.wanted("ping"))).points
    #expect(abs((points.last?.value ?? 0) - 12.75) < 1e-9)
    #expect(points.map(\.at) == points.map(\.at).sorted())
    #expect(zip(points, points.dropFirst()).allSatisfy { $0.value <= $1.value })
  }

  @Test func `what was driven keeps its phase, where plans differ`() throws {
    var (one, two) = (one, two)
    two.planText = "name: q\n"
    two.phases.insert(
      PhaseRecord(
        name: "churn", kind: .churn, title: "churn", planLine: 2, started: 0, ended: 1,
        outcome: .done), at: 0)
    // Five arrivals in the first phase, seven in the second.
    let arrivals: [UInt8] = [2, 0, 4, 5, 2, 1, 4, 7]
    one.drive = [DriveRecord(worker: 0, entries: arrivals)]
    two.drive = one.drive
    let merged = try Recording.merged([one, two], regardless: true)
    #expect(merged.phases.map(\.name) == ["ramp", "hold", "churn"])
    let driven = try #require(merged.driven())
    #expect(driven.mapValues(\.count) == [0: 12, 1: 7, 2: 5])
  }

  @Test func `interruptions and faults are the whole's, too`() throws {
    var (one, two) = (one, two)
    one.interrupted = true
    two.fault = "no memory"
    let merged = try Recording.merged([one, two])
    #expect(merged.interrupted)
    #expect(merged.fault == "b: no memory")
  }

  // MARK: What is no shard

  @Test func `what is not of one run is refused, unless it is to be merged all the same`() throws {
    var other = two
    other.planText = "name: q\n"
    #expect(throws: MergeProblem.otherPlan(1)) { try Recording.merged([one, other]) }
    #expect(try Recording.merged([one, other], regardless: true).planText == one.planText)
    other = two
    other.started = "2026-01-02T03:04:19.000Z"
    #expect(throws: MergeProblem.afterGap(1)) { try Recording.merged([one, other]) }
    #expect(throws: MergeProblem.afterGap(0)) { try Recording.merged([other, one]) }
    #expect(try Recording.merged([one, other], regardless: true).duration == 21.75)
    other.started = "yesterday"
    #expect(throws: MergeProblem.noStart(1)) {
      try Recording.merged([one, other], regardless: true)
    }
    #expect(throws: MergeProblem.twice(2)) {
      try Recording.merged([one, two, one], regardless: true)
    }
    #expect(throws: MergeProblem.tooFew) { try Recording.merged([one]) }
    #expect(throws: MergeProblem.tooFew) { try Recording.merged([]) }
  }

  @Test func `numbers that no run counts overflow nothing`() throws {
    var (one, two) = (one, two)
    for index in 0..<2 {
      one.phases[index].established = .max
      one.phases[index].accepted = .min
      two.phases[index].established = .max
      two.phases[index].accepted = .min
    }
    one.workers[0].id = .max
    two.workers[0].id = .max
    two.workers[1].end = .server
    one.limits[0].firstInstant = .infinity
    one.series[0].points[0].value = .nan
    let merged = try Recording.merged([one, two])
    #expect(merged.phases[0].established == .max)
    #expect(merged.phases[0].accepted == .min)
  }

  @Test func `a merged recording writes and reads`() throws {
    var cut = two
    cut.complete = false
    for shards in [[one, two], [one, cut]] {
      let merged = try Recording.merged(shards)
      let directory = try TemporaryDirectory()
      try merged.write(to: directory.file("merged.recording"))
      #expect(try Recording.read(from: directory.file("merged.recording")) == merged)
      #expect(try directory.contents == ["merged.recording"])
    }
  }
}
