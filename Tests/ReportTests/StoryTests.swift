import DrawnRecordings
import Foundation
import GoldenFiles
import Judgement
import Plan
import Recording
import Testing

@testable import Report

/// What is made of drawn recordings reads as it did, in every form.
@Suite struct StoryTests {
  private static let files = OutputFiles(
    recording: "reports/run/run.recording", html: "reports/run/report.html",
    junit: "reports/run/TEST-run.xml", directory: "/work space")

  private func drawn(_ seed: UInt64) -> (Recording, Judgement) {
    var chance = Chance(seed)
    var recording = Recording.drawn(&chance)
    if chance.happens(15) {
      recording.replay = ReplayRecord(
        original: "o.recording", originalStarted: "2026-01-01T00:00:00.000Z",
        speed: chance.pick([1, 2]), fromPhase: chance.pick([nil, recording.phases[0].name]),
        fidelity: chance.pick([
          nil,
          Fidelity(
            arrivals: 100, missed: 1, late: .init(p50: 0.001, p99: 0.25, max: 1.5), furthest: 0.01,
            messages: 50, messagesMissed: 0),
        ]))
    }
    return (recording, judge(recording))
  }

  @Test func `summaries`() throws {
    var lines: [String] = []
    for seed in 0..<60 as Range<UInt64> {
      let (recording, judgement) = drawn(seed)
      lines.append("\(seed).")
      lines.append(summary(recording, judgement, files: Self.files, colour: seed % 10 == 0))
      if seed % 3 == 0 { lines.append(jsonSummary(recording, judgement, files: Self.files)) }
    }
    #expect(try difference("drawn.txt", lines.joined(separator: "\n") + "\n") == nil)
  }

  @Test(arguments: [1, 5, 9] as [UInt64])
  func `pages`(seed: UInt64) throws {
    let (recording, judgement) = drawn(seed)
    #expect(try difference("drawn-\(seed).html", html(recording, judgement)) == nil)
  }

  /// The runs before one, and one that it is compared with.
  private func earlier(_ seed: UInt64, _ new: Recording) -> EarlierRuns {
    var chance = Chance(seed &+ 5000)
    var base = new
    base.phases = drawn(seed &+ 1).0.phases
    base.started = "2026-01-01T00:00:00.000Z"
    let history = (0..<chance.pick([0, 1, 2, 19])).map { day in
      RecordingSummary(
        planName: "drawn", started: "2025-12-\(10 + day)T03:04:05.678Z",
        complete: !chance.happens(10),
        verdict: chance.pick([nil, .passed, .limit, .failed]),
        goal: chance.pick([nil, 1000, 1_000_000]),
        held: chance.pick([0, 1, 400, 1000]), connectP99: chance.pick([nil, 0.001, 0.25]),
        limit: chance.pick([nil, "client socket: EMFILE (Too many open files)"]))
    }
    let hasBase = chance.happens(70)
    return EarlierRuns(
      base: hasBase ? base : nil, comparison: hasBase ? Comparison(base: base, new: new) : nil,
      history: history)
  }

  /// Of many more runs only how long each part of the page is, and a sum of its bytes; where one differs,
  /// `html` of its seed shows it.
  @Test func `parts of pages`() throws {
    var lines: [String] = []
    for seed in 300..<380 as Range<UInt64> {
      let (recording, judgement) = drawn(seed)
      let page = html(
        recording, judgement, earlier: seed % 2 == 0 ? .none : earlier(seed, recording))
      let parts = String(decoding: page, as: UTF8.self).components(separatedBy: "<section ")
      for part in parts {
        let sum = part.utf8.reduce(0 as UInt32) { $0 &* 31 &+ UInt32($1) }
        lines.append("\(seed) \(part.prefix { $0 != " " && $0 != ">" }) \(part.utf8.count) \(sum)")
      }
      for format in ExportFormat.allCases {
        let bytes = format.bytes(of: recording)
        let sum = bytes.reduce(0 as UInt32) { $0 &* 31 &+ UInt32($1) }
        lines.append("\(seed) \(format) \(bytes.count) \(sum)")
      }
    }
    #expect(try difference("parts.txt", lines.joined(separator: "\n") + "\n") == nil)
  }

  @Test func `JUnit`() throws {
    var bytes: [UInt8] = []
    for seed in 100..<115 as Range<UInt64> {
      let (recording, judgement) = drawn(seed)
      bytes += junit(
        recording, judgement, files: Self.files, flavour: seed % 2 == 0 ? .jenkins : .extended)
    }
    #expect(try difference("drawn.xml", bytes) == nil)
  }

  @Test(arguments: ExportFormat.allCases)
  func `exports`(format: ExportFormat) throws {
    let (recording, _) = drawn(3)
    #expect(try difference("drawn.\(format.rawValue)", format.bytes(of: recording)) == nil)
  }

  @Test func `comparisons`() throws {
    var lines: [String] = []
    for seed in 200..<216 as Range<UInt64> {
      let ((base, _), (other, _)) = (drawn(seed), drawn(seed + 1000))
      var new = base
      new.phases = other.phases
      new.series = other.series
      new.host = other.host
      new.limits = other.limits
      if seed % 4 == 0 { new.distributions = other.distributions }
      let comparison = Comparison(base: base, new: new)
      lines.append("\(seed). " + comparisonLine(comparison, base: base))
      lines.append(comparisonText(comparison, base: base, new: new, colour: false))
      if seed % 5 == 0 { lines.append(comparisonJSON(comparison, base: base, new: new)) }
    }
    #expect(try difference("drawn-comparisons.txt", lines.joined(separator: "\n") + "\n") == nil)
  }
}
