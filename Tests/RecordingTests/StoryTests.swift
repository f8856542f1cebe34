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
            + " \(series.places(in: span)) \(told(series.first(in: span, atLeast: 5) as Any))")
      }
      lines.append(parts.joined(separator: "; "))
    }
    #expect(try difference("series.txt", lines.joined(separator: "\n") + "\n") == nil)
  }
}
