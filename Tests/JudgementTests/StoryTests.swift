import DrawnRecordings
import GoldenFiles
import Plan
import Recording
import Testing

@testable import Judgement

/// What drawn recordings are judged to be reads as it did: whoever changes a rule sees in the difference
/// which runs it decides anew.
@Suite struct StoryTests {
  private func line(_ result: ThresholdResult) -> String {
    "  \(result.passed ? "passed" : "failed"): \(result.text) (\(result.reason))"
  }

  @Test func `what a run amounts to`() throws {
    var lines: [String] = []
    for seed in 0..<150 as Range<UInt64> {
      var chance = Chance(seed)
      var recording = Recording.drawn(&chance)
      if chance.happens(10), let last = recording.phases.last?.name {
        recording.replay = ReplayRecord(original: "o", originalStarted: "", fromPhase: last)
      }
      if chance.happens(3) { recording.planText = "nonsense: [" }
      let judgement = judge(recording)
      lines.append("\(seed). \(judgement.verdict) \(judgement.exitCode): \(judgement.headline)")
      lines += judgement.thresholds.map(line)
      lines += judgement.gaps.map { "  \(told($0))" }
      if let limit = judgement.limit { lines.append("  limit: \(limit.cause) x \(limit.count)") }
      if let expectation = judgement.expectation { lines.append("  \(told(expectation))") }
      lines += judgement.broken.map { "  broken: \($0.phase.name), \($0.limit?.cause ?? "-")" }
      if !judgement.judgesThresholds { lines.append("  \(judgement.notJudged)") }
    }
    #expect(try difference("verdicts.txt", lines.joined(separator: "\n") + "\n") == nil)
  }

  /// Every metric, for the run, in a phase, in each window of it.
  @Test func `what conditions come to`() throws {
    let names = Metric.all.map(\.name) + ["connect.p95", "rtt.p99.99"]
    var lines: [String] = []
    for seed in 200..<245 as Range<UInt64> {
      var chance = Chance(seed)
      let recording = Recording.drawn(&chance)
      lines.append("\(seed).")
      for name in names where name != "held" {
        let metric = try #require(Metric(named: name))
        let unit =
          switch metric.traits.quantity {
          case .count: ""
          case .rate: "/s"
          case .duration: "ms"
          case .share: "%"
          case .size: "KiB"
          }
        let value = chance.pick([0, 1, 2, 100, 1000])
        let relation = chance.pick(["<", "<=", ">", ">=", "==", "!="])
        let place = chance.pick([
          "", "", " in \(chance.pick(recording.phases).name)", " for 1s", " for 2s",
        ])
        do throws(CommandLineValue.Wrong) {
          let judgement = try judge(
            recording, conditions: ["\(name) \(relation) \(value)\(unit)\(place)"])
          lines += judgement.thresholds.map(line)
        } catch {
          lines.append("  \(name) \(relation) \(value)\(unit)\(place): \(error)")
        }
      }
    }
    #expect(try difference("conditions.txt", lines.joined(separator: "\n") + "\n") == nil)
  }

  @Test func `how two runs compare`() throws {
    var lines: [String] = []
    for seed in 300..<330 as Range<UInt64> {
      var chance = Chance(seed)
      let plan = DrawnPlan.drawn(&chance)
      let base = Recording.drawn(&chance, plan: plan)
      // Mostly the same run, with another chance in some of its parts.
      var new = base
      let other = Recording.drawn(&chance, plan: plan)
      if chance.happens(50) { new.phases = other.phases }
      if chance.happens(50) { new.series = other.series }
      if chance.happens(50) { new.distributions = other.distributions }
      if chance.happens(50) { new.limits = other.limits }
      if chance.happens(50) { new.workers = other.workers }
      if chance.happens(30) { new.host = other.host + [Fact("swap", "none")] }
      if chance.happens(30) { new.programVersion = other.programVersion }
      if chance.happens(20) { new.effectivePlan += "more\n" }
      if chance.happens(20) { new.planName = "other" }
      if chance.happens(20) { new.complete = false }
      if chance.happens(10) {
        new.replay = ReplayRecord(original: "o", originalStarted: "", speed: 2)
      }
      let comparison = Comparison(
        base: base, new: new, tolerances: chance.happens(30) ? [.connectRate: 0.5, .held: 0] : [:])
      lines.append("\(seed). \(comparison.notes) \(told(comparison.plan))")
      lines += comparison.figures.map { figure in
        "  \(figure.metric.name) \(figure.phase ?? ""): \(told(figure.base as Any)) →"
          + " \(told(figure.new as Any)) \(figure.verdict.rawValue), noise"
          + " \(told(figure.noise as Any)), tolerance \(figure.tolerance)"
      }
      lines += comparison.limits.map { "  \($0.limit.cause): \($0.verdict)" }
      lines += comparison.host.map { "  \(told($0))" }
    }
    #expect(try difference("comparisons.txt", lines.joined(separator: "\n") + "\n") == nil)
  }
}
