import Foundation
import Judgement
import Plan
import Recording
import Testing

/// What is said of two runs side by side.
@Suite struct ComparisonTests {
  private func verdict(
    of metric: Metric, _ base: Recording, _ new: Recording,
    tolerances: [Metric: Double] = [:]
  ) -> Comparison.Verdict? {
    Comparison(base: base, new: new, tolerances: tolerances).figure(metric)?.verdict
  }

  @Test func `a run is the same as itself`() {
    let comparison = Comparison(base: Compared.run, new: Compared.run)
    #expect(comparison.figures.allSatisfy { $0.relative == 0 })
    #expect(!comparison.figures.contains { $0.verdict == .better || $0.verdict == .worse })
    #expect(comparison.figure(.held)?.verdict == .same)
    #expect(comparison.exitCode == 0)
    #expect(comparison.limits.isEmpty && comparison.host.isEmpty && comparison.notes.isEmpty)
    #expect(!comparison.plan.differs)
    #expect(Set(comparison.figures.map(\.phase)) == [nil, "ramp", "hold"])
  }

  @Test(arguments: [
    (1000, Comparison.Verdict.same), (990, .same), (989, .worse), (1010, .same), (1011, .better),
  ])
  func `more connections are better, and 1% is nothing`(
    held: Int, expected: Comparison.Verdict
  ) {
    #expect(verdict(of: .held, Compared.run, Compared.holding(held)) == expected)
  }

  @Test func `a stated tolerance takes the place of the default`() {
    let fewer = Compared.holding(900)
    #expect(verdict(of: .held, Compared.run, fewer, tolerances: [.held: 0.1]) == .same)
    #expect(verdict(of: .held, Compared.run, fewer, tolerances: [.held: 0.09]) == .worse)
    #expect(Comparison(base: Compared.run, new: fewer).exitCode == 99)
  }

  @Test func `from zero, anything more is beyond every tolerance, and has no share`() throws {
    let comparison = Comparison(
      base: Compared.run, new: Compared.failing(1), tolerances: [.failures: 1])
    let figure = try #require(comparison.figure(.failures))
    #expect(figure.verdict == .worse)
    #expect(figure.difference == 1)
    #expect(figure.relative == nil)
    // One failure less is no gain that is proven.
    #expect(verdict(of: .failures, Compared.failing(1), Compared.run) == .withinNoise)
    #expect(verdict(of: .failures, Compared.failing(100), Compared.run) == .better)
  }

  @Test func `a figure of one run only is no verdict, and of none it is left out`() throws {
    var without = Compared.run
    without.distributions = []
    for (base, new) in [(Compared.run, without), (without, Compared.run)] {
      let comparison = Comparison(base: base, new: new)
      let figure = try #require(comparison.figure(.percentile(.p99, of: .connect)))
      #expect(figure.verdict == .unknown)
      #expect(figure.difference == nil && figure.relative == nil)
      #expect(!comparison.isRegression)
    }
    #expect(Comparison(base: without, new: without).figure(.percentile(.p99, of: .connect)) == nil)
  }

  @Test func `a phase of one run only stands there without a verdict`() {
    var other = Compared.run
    other.phases[1] = Compared.phase(.churn, from: 4, to: 6, established: 1000)
    let figures = Comparison(base: Compared.run, new: other).figures
    let names = figures.compactMap(\.phase)
    #expect(names.first == "ramp" && names.last == "churn" && names.contains("hold"))
    #expect(
      figures.filter { $0.phase == "hold" || $0.phase == "churn" }
        .allSatisfy { $0.verdict == .unknown })
  }

  @Test func `a run that was cut off or failed is noted`() {
    var new = Compared.run
    new.complete = false
    new.duration = 1
    new.fault = "the disk is full"
    new.planName = "q"
    var base = Compared.run
    base.interrupted = true
    #expect(
      Comparison(base: base, new: new).notes == [
        "the plans have different names: p and q", "base was interrupted",
        "new is incomplete: its run was cut off after 1 s",
        "new has a fault: the disk is full",
      ])
  }

  @Test func `two recordings without anything compare to nothing`() {
    let empty = Recording(planName: "p") {
      $0.complete = false
    }
    let comparison = Comparison(base: empty, new: empty)
    #expect(comparison.figures.isEmpty)
    #expect(comparison.exitCode == 0)
    #expect(!Comparison(base: Compared.run, new: empty).figures.contains { $0.verdict == .worse })
  }
}

/// Limits, hosts and plans that are not the same.
@Suite struct ComparisonChangeTests {
  private func limits(_ base: [LimitRecord], _ new: [LimitRecord], held: Int = 1000)
    -> Comparison
  {
    var (before, after) = (Compared.run, Compared.holding(held))
    (before.limits, after.limits) = (base, new)
    return Comparison(base: before, new: after)
  }

  @Test func `a new limit is a regression unless more was held`() {
    let worse = limits([], [Compared.limit()])
    #expect(worse.limits.map(\.verdict) == [.worse])
    #expect(worse.exitCode == 99)
    #expect(limits([], [Compared.limit()], held: 1001).exitCode == 0)
    #expect(limits([Compared.limit()], []).limits.map(\.verdict) == [.better])
  }

  @Test func `refusals are the same where the same was said, whatever text is quoted`() {
    func refusal(_ said: String) -> LimitRecord {
      var limit = Compared.limit()
      limit.resource = .refusedByPeer
      limit.evidence = [Fact(LimitRecord.saidName, said)]
      return limit
    }
    #expect(limits([refusal("HTTP 503")], [refusal("HTTP 503")]).exitCode == 0)
    #expect(
      limits([refusal("HTTP 503")], [refusal("HTTP 401")]).limits.map(\.verdict)
        == [.better, .worse])
    let quoted = limits([refusal("close 1013: \"1\"")], [refusal("close 1013: \"2\"")])
    #expect(quoted.limits.map(\.verdict) == [.same])
  }

  @Test func `the same limit in another worker or phase is the same`() {
    var again = Compared.limit()
    again.worker = 7
    again.phase = "hold"
    let comparison = limits([Compared.limit(), again], [again])
    #expect(comparison.limits.map(\.verdict) == [.same])
  }

  @Test func `another end or resource is another limit`() {
    let comparison = limits(
      [Compared.limit()], [Compared.limit(end: .server), Compared.limit(.memory)])
    #expect(comparison.limits.map(\.verdict) == [.better, .worse, .worse])
    #expect(comparison.limits.map(\.inNew) == [false, true, true])
  }

  @Test func `facts of the host are listed where they differ, but for what always does`() {
    let (name, was, now) = ("fs.epoll.max_user_watches", "3,000", "5,491,511")
    var (base, new) = (Compared.run, Compared.run)
    base.host += [Fact(name, was), Fact("gone", "1"), Fact("open files", "1")]
    new.host += [Fact(name, now), Fact("come", "2"), Fact("open files", "2")]
    new.host[1].value = "1 GiB"
    new.programVersion = "9"
    let changes = Comparison(base: base, new: new).host
    #expect(changes.map(\.name) == [name, "gone", "runner", "come"])
    #expect(changes.map(\.base) == [was, "1", "", nil])
    #expect(changes.map(\.new) == [now, nil, "9", "2"])
  }

  @Test(arguments: [
    ("a: 1\nb: 2\n", false, 0, 0), ("a: 1\nb: 3\nc: 4\n", true, 1, 2), ("b: 2\na: 1\n", true, 0, 0),
    ("", true, 2, 0),
  ])
  func `lines of the plan are counted`(text: String, differs: Bool, gone: Int, come: Int) {
    var new = Compared.run
    new.effectivePlan = text
    let plan = Comparison(base: Compared.run, new: new).plan
    #expect(plan.differs == differs)
    #expect(plan.onlyInBase == gone)
    #expect(plan.onlyInNew == come)
  }
}

@Suite struct ToleranceTests {
  @Test func `a tolerance is a metric and a share`() throws {
    let tolerance = try CommandLineValue.tolerance("connect.p99.9=12.5%")
    #expect(tolerance.metric == .percentile(.p999, of: .connect))
    #expect(tolerance.share == 0.125)
  }

  @Test func `a metric that two runs are not compared by takes no tolerance`() {
    #expect {
      try CommandLineValue.tolerance("accepted=5%")
    } throws: {
      "\($0)".hasPrefix("there is no metric 'accepted' to compare (metrics are held,")
    }
  }

  @Test func `a percentile that is asked for stands among the others`() throws {
    let asked = try CommandLineValue.tolerance("connect.p95=20%").metric
    var new = Compared.run
    new.thresholds = [
      ThresholdResult(
        text: "connect.p99.99 < 1s", planLine: 1, passed: true, value: 0.1, reason: "")
    ]
    let comparison = Comparison(base: Compared.run, new: new, tolerances: [asked: 0.2])
    let names = comparison.figures.filter { $0.phase == nil }.map(\.metric.name)
      .filter { $0.hasPrefix("connect.p") }
    #expect(
      names == [
        "connect.p50", "connect.p90", "connect.p95", "connect.p99", "connect.p99.9",
        "connect.p99.99",
      ])
    #expect(comparison.figure(asked)?.tolerance == 0.2)
  }

  @Test(arguments: [
    ("held", "'held' is not a tolerance (write connect.p99=30%)"),
    ("hold=5%", "there is no metric 'hold' to compare (did you mean 'held'?)"),
    ("held=5", "'5' is not a share: it has no % (write 5%)"),
    ("held=101%", "'101%' is more than the whole"),
  ])
  func `anything else is refused`(text: String, message: String) {
    #expect {
      try CommandLineValue.tolerance(text)
    } throws: {
      "\($0)" == message
    }
  }

  @Test func `the page lists every metric with its direction and tolerance`() throws {
    let page = try String(
      contentsOf: URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("docs/compare.md"), encoding: .utf8)
    let rows = page.matches(of: /\| `([a-z0-9.]+)` \| [^|]+ \| (more|less) \| (\d+)% \|/)
      .map { "\($0.1) \($0.2) \($0.3)" }
    let expected = Metric.all.compactMap { metric in
      metric.traits.tolerance.map {
        "\(metric.name) \($0.better.rawValue) \(Int(($0.share * 100).rounded()))"
      }
    }
    #expect(rows == expected)
  }
}
