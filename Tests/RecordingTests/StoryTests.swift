import DrawnRecordings
import GoldenFiles
import Testing

@testable import Recording

/// The figures of drawn recordings read as they did: whoever changes how one is computed sees in the
/// difference where that matters.
@Suite struct StoryTests {
  private func lines(of recording: Recording) -> [String] {
    var lines: [String] = []
    for phase in [nil] + recording.phases.map(\.name) {
      var parts = [told(Metrics(recording, phase: phase))]
      let metrics = Metrics(recording, phase: phase)
      for latency in Latency.judged {
        guard let distribution = metrics[latency] else { continue }
        let named = distribution.named(Percentile.shown).map { "\($0.name) \($0.seconds)" }
        parts.append("\(latency.name): \(named.joined(separator: " "))")
      }
      let totals = [
        metrics.failureShare.map { "\($0)" }, metrics.messages(.received).map(String.init),
        metrics.messagesUnsent.map(String.init), metrics.messagesLost.map(String.init),
        metrics.progress, metrics.ofGoal,
      ].compactMap(\.self)
      lines.append("\(phase ?? "all"): " + parts.joined(separator: "; ") + "; \(totals)")
    }
    for phase in recording.phases {
      let wanting = recording.wanting(in: phase).map { "\($0)" } ?? "-"
      let span = recording.span(of: phase).map { "\($0)" } ?? "-"
      lines.append("\(phase.name): held \(phase.held), spans \(span), wants \(wanting)")
    }
    lines += recording.brokenPhases.map { broken in
      "broken: \(broken.phase.name) by \(broken.limit?.cause ?? "nothing") count"
        + " \(broken.limit?.count ?? 0) at \(broken.limit?.firstInstant ?? 0);"
        + " \(broken.limit?.wayOut ?? "-"); \(broken.phase.progress ?? "-")"
    }
    return lines
  }

  /// Without the names of what holds a value, which change nothing and fill the file.
  private func short(_ line: String) -> String {
    line.replacing("Metrics(", with: "(").replacing("MessageTotals", with: "")
      .replacing("Distribution(buckets: ", with: "(").replacing("Bucket(value: ", with: "(")
      .replacing(", count: ", with: " x ")
  }

  @Test func `what is measured in a recording`() throws {
    var all: [String] = []
    for seed in 0..<36 as Range<UInt64> {
      var chance = Chance(seed)
      let recording = Recording.drawn(&chance)
      all.append("recording \(seed)")
      all += lines(of: recording).map(short)
    }
    #expect(try difference("figures.txt", all.joined(separator: "\n") + "\n") == nil)
  }

  @Test func `what shards come to when they are merged`() throws {
    var all: [String] = []
    for seed in 100..<150 as Range<UInt64> {
      var chance = Chance(seed)
      let plan = DrawnPlan.drawn(&chance)
      var shards = (0..<chance.pick([1, 2, 2, 3])).map { _ in Recording.drawn(&chance, plan: plan) }
      for index in shards.indices {
        // Mostly they overlap in time, and have workers of their own.
        for worker in shards[index].workers.indices {
          shards[index].workers[worker].pid += chance.pick([0, 1000 * index])
        }
        if chance.happens(10) { shards[index].started = "2026-01-02T03:05:00.000Z" }
        if chance.happens(3) { shards[index].started = "yesterday" }
      }
      if chance.happens(5) { shards.append(shards[0]) }
      all.append("shards \(seed): \(shards.count)")
      do throws(MergeProblem) {
        var merged = try Recording.merged(shards, regardless: chance.happens(20))
        all += merged.phases.map(told) + merged.workers.map(told) + merged.failures.map(told)
        all += merged.limits.map(told) + merged.searchSteps.map(told) + merged.prediction.map(told)
        all += merged.series.map { series in
          let sum = series.points.reduce(0) { $0 + $1.value * (1 + $1.at) }
          return "\(series.key.name) \(series.key.label) \(series.points.count), weight \(sum)"
        }
        let weights = merged.distributions.map { "\($0.from) \($0.distribution.count)" }
        all.append(weights.joined(separator: ", "))
        merged.phases = []
        (merged.workers, merged.failures, merged.limits) = ([], [], [])
        (merged.searchSteps, merged.prediction) = ([], [])
        (merged.series, merged.distributions) = ([], [])
        (merged.planText, merged.effectivePlan) = ("", "")
        all.append(told(merged))
      } catch {
        all.append("\(error)")
      }
    }
    #expect(try difference("merges.txt", all.joined(separator: "\n") + "\n") == nil)
  }

  @Test func `how values are written`() throws {
    let values: [Double] = [
      0, 1, -1, 0.1, 0.04, 0.05, 0.9, 0.94, 0.949, 0.95, 0.999, 0.9999, 1.05, 9.94, 9.95, 9.99, 10,
      12.5, 99.4, 99.5, 99.94, 99.95, 100, 123.456, 999.4, 999.5, 999.9, 1000, 1023, 1024, 1025,
      1048,
      1536, 9999, 10_239, 10_240, 99_999, 999_499, 999_500, 999_999, 1e6, 1_048_575, 1_048_576,
      1_500_000, 1e9, 1_073_741_823, 1_073_741_824, 1e12, 1e15, 1e18, 1e300, .nan, .infinity,
      -.infinity, 1e-9, 1e-7, 9.9e-7, 1e-6, 1e-4, 9.999e-4, 1e-3, 0.0234, 59.9, 60, 61, 119.99,
      3599,
      3600, 3661, 86_399, 86_400, 90_061, 1e7,
    ]
    let lines = values.map { value in
      let words = [
        Format.count(value), Format.compact(value), Format.fixed(value, 0), Format.fixed(value, 2),
        Format.short(value, 1), Format.short(value, 3), Format.bytes(value), Format.rate(value),
        Format.rate(exactly: value), Format.share(value), Format.duration(seconds: value),
        Format.instant(value),
      ]
      return "\(value): " + words.joined(separator: " | ")
    }
    let counts = [0, 7, -7, 999, 1000, -1000, 12_345, 1_000_000, .max, .min]
    let numbers = counts.map { "\($0): \(Format.count($0)) | \(Format.bytes($0))" }
    let durations =
      ([
        .zero, .nanoseconds(1), .nanoseconds(999), .microseconds(1), .microseconds(1500),
        .milliseconds(1), .milliseconds(999), .milliseconds(1001), .seconds(1), .milliseconds(1500),
        .seconds(59), .seconds(60), .seconds(61), .seconds(90), .seconds(3600), .seconds(3601),
        .seconds(5400), .seconds(7200), .seconds(86_400), .seconds(90_000), .seconds(-1),
      ] as [Duration]).map { "\($0): \(Format.duration($0))" }
    #expect(
      try difference("formats.txt", (lines + numbers + durations).joined(separator: "\n") + "\n")
        == nil)
  }

  @Test func `what a series says at an instant and over a stretch`() throws {
    var lines: [String] = []
    for seed in 200..<230 as Range<UInt64> {
      var chance = Chance(seed)
      let kind: Series.Kind = chance.pick([.gauge, .counter])
      let instants = [0, 0.5, 1, 1, 1.5, 2, 2.5, 3, 3.25, 4].filter { _ in chance.happens(70) }
      let series = Series(
        key: .established, unit: "", kind: kind,
        points: instants.map { .init(at: $0, value: chance.pick([0, 1, 5, 5, 10, .nan, 20])) })
      var parts = ["\(series.points.map { "\($0.at): \($0.value)" })"]
      for at in [-1, 0, 0.25, 1, 1.75, 3, 9] {
        parts.append("\(at): \(series.level(at: at)) \(series.level(at: at, orNext: true))")
      }
      for span in [0...1, 0.5...2.5, 1...1, 3...9, 5...9, -2...0] as [ClosedRange<Double>] {
        parts.append(
          "\(span): \(series.gain(in: span)) \(series.change(in: span)) \(series.gainToNextSample(in: span))"
            + " \(told(series.maximum(in: span) as Any)) \(told(series.minimum(in: span) as Any))"
            + " \(series.places(in: span)) \(told(series.last(in: span) as Any))"
            + " \(told(series.first(in: span, atLeast: 5) as Any))")
      }
      lines.append(parts.joined(separator: "; "))
    }
    #expect(try difference("series.txt", lines.joined(separator: "\n") + "\n") == nil)
  }

  @Test func `what is fixed for a metric`() throws {
    let names = [
      "connect.p95", "rtt.p75", "drift.p99.99", "connect.p0", "rtt.max", "connect.p50.5",
    ]
    let metrics = Metric.all + names.compactMap(Metric.init(named:))
    let lines = metrics.map { "\(told($0)): \(told($0.traits))" }
    let unknown = [
      "", "connect", "connect.", "connect.p", "connect.p101", "connect.p-1", "x.p50",
      "rtt.p99.999999",
    ]
    let rest = unknown.map { "\($0): \(told(Metric(named: $0) as Any))" }
    let kinds = PhaseKind.allCases.map {
      "\($0): \($0.grows) \($0.comesAndGoes) \($0.addsConnections) \($0.keeps) \($0.closes) \($0.plays)"
        + " \($0.hasConnectRate) \($0.tolerates) \($0.finds) \($0.promisesConnections)"
    }
    #expect(
      try difference("metrics.txt", (lines + rest + kinds).joined(separator: "\n") + "\n") == nil)
  }

  /// A recording that has one of everything.
  private var whole: Recording {
    var chance = Chance(4)
    var recording = Recording.drawn(&chance)
    recording.searchSteps = [
      SearchStep(phase: "search", at: 1, goal: 5, held: 5, outcome: .reached)
    ]
    recording.workers = [WorkerRecord(id: 0, end: .client, pid: 5)]
    recording.failures = [
      FailureRecord(
        end: .client, worker: 0, phase: "ramp", syscall: "socket",
        errno: ErrnoRecord(number: 24, name: "EMFILE", text: "x"), count: 1, firstInstant: 1,
        stoppedAt: 1, established: 1, accepted: 1, source: nil, endpoint: nil)
    ]
    recording.limits = [
      LimitRecord(
        end: .client, phase: "ramp", planLine: 1,
        errno: ErrnoRecord(number: 24, name: "EMFILE", text: "x"),
        resource: .memory, count: 1, firstInstant: 1, established: 1, accepted: 1)
    ]
    recording.prediction = [
      PredictionTerm(end: .host, resource: .memory, connections: 1, reason: "r")
    ]
    recording.thresholds = [
      ThresholdResult(text: "t", planLine: 1, passed: true, value: nil, reason: "")
    ]
    recording.drive = [DriveRecord(worker: 0, entries: [])]
    recording.replay = ReplayRecord(
      original: "o", originalStarted: "",
      fidelity: Fidelity(
        arrivals: 1, missed: 1, late: .init(p50: 1, p99: 1, max: 1), furthest: 1, messages: 1,
        messagesMissed: 1))
    recording.phases[0].promise = PhasePromise(promised: 1, missed: 0)
    return recording
  }

  @Test func `what no run can come to`() throws {
    let numbers: [(String, WritableKeyPath<Recording, Int>)] = [
      ("plan line", \.phases[0].planLine), ("established", \.phases[0].established),
      ("accepted", \.phases[0].accepted), ("phantom", \.phases[0].phantom),
      ("failures", \.phases[0].failures), ("promised", \.phases[0].promise!.promised),
      ("missed", \.phases[0].promise!.missed), ("lost beside", \.phases[0].promise!.lostBeside),
      ("step", \.searchSteps[0].goal), ("step held", \.searchSteps[0].held),
      ("worker", \.workers[0].id),
      ("pid", \.workers[0].pid), ("held", \.workers[0].connections), ("count", \.failures[0].count),
      ("retried", \.failures[0].retried), ("at client", \.failures[0].established),
      ("at server", \.failures[0].accepted), ("errno", \.failures[0].errno!.number),
      ("limits", \.limits[0].count), ("limit at client", \.limits[0].established),
      ("limit at server", \.limits[0].accepted), ("limit's line", \.limits[0].planLine),
      ("limit's errno", \.limits[0].errno!.number), ("predicted", \.prediction[0].connections),
      ("threshold", \.thresholds[0].planLine), ("driven", \.drive[0].worker),
    ]
    let maybe: [(String, WritableKeyPath<Recording, Int?>)] = [
      ("goal", \.phases[0].goal), ("ceiling", \.phases[0].ceiling),
      ("bytes", \.workers[0].privateBytes),
      ("exit", \.workers[0].exitCode), ("signal", \.workers[0].signal),
      ("failing", \.failures[0].worker),
      ("now", \.limits[0].now), ("needed", \.limits[0].needed),
      ("limit predicted", \.limits[0].predicted),
      ("limit's worker", \.limits[0].worker),
    ]
    let instants: [(String, WritableKeyPath<Recording, Double>)] = [
      ("duration", \.duration), ("step at", \.searchSteps[0].at), ("user", \.workers[0].userTime),
      ("system", \.workers[0].systemTime), ("first", \.failures[0].firstInstant),
      ("limit first", \.limits[0].firstInstant), ("tolerance", \.phases[0].promise!.tolerance),
      ("at", \.series[0].points[0].at), ("value", \.series[0].points[0].value),
      ("speed", \.replay!.speed), ("from", \.distributions[0].from), ("to", \.distributions[0].to),
    ]
    let maybeInstants: [(String, WritableKeyPath<Recording, Double?>)] = [
      ("started", \.phases[0].started), ("ended", \.phases[0].ended),
      ("opened", \.phases[0].openedUntil),
      ("aborted", \.phases[0].abortedAt), ("rate", \.phases[0].plannedRate),
      ("stopped", \.failures[0].stoppedAt), ("limit stopped", \.limits[0].stoppedAt),
    ]
    let fidelity: [Fidelity] = [0, 1, 2, 3, 4, 5, 6, 7].map { place in
      func count(_ at: Int) -> Int { place == at ? -1 : 1 }
      func instant(_ at: Int) -> Double { place == at ? -1 : 1 }
      return Fidelity(
        arrivals: count(0), missed: count(1),
        late: .init(p50: instant(2), p99: instant(3), max: instant(4)),
        furthest: instant(5), messages: count(6), messagesMissed: count(7))
    }
    func said(_ change: (inout Recording) -> Void) -> String {
      var recording = whole
      change(&recording)
      do {
        try recording.refuseImpossible()
        return "possible"
      } catch {
        return "\(error)"
      }
    }
    var lines = ["whole: \(said { _ in })"]
    let counts = [
      -2, -1, 0, 1 << 31, (1 << 31) - 1, -(1 << 31), -(1 << 31) - 1, 1 << 45, (1 << 45) + 1, .max,
    ]
    for (name, path) in numbers {
      lines += counts.map { n in "\(name) \(n): \(said { $0[keyPath: path] = n })" }
    }
    for (name, path) in maybe {
      lines += counts.map { n in "\(name) \(n): \(said { $0[keyPath: path] = n })" }
    }
    let values = [-1, -0.5, 0, 1e10, 1e10 + 1, 0x1p53, 0x1p53 + 2, -0x1p53, .nan, .infinity]
    for (name, path) in instants {
      lines += values.map { n in "\(name) \(n): \(said { $0[keyPath: path] = n })" }
    }
    for (name, path) in maybeInstants {
      lines += values.map { n in "\(name) \(n): \(said { $0[keyPath: path] = n })" }
    }
    lines += fidelity.map { one in "\(told(one)): \(said { $0.replay!.fidelity = one })" }
    #expect(try difference("impossible.txt", lines.joined(separator: "\n") + "\n") == nil)
  }
}
