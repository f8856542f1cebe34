import Foundation
import GRDB
import Judgement
import Plan
import Recording
import Report
import Testing

/// A recording is a file, and a file may say anything: numbers that no run counts, times before the
/// beginning, text where a number was. Whatever reads is judged, reported, compared, exported and
/// merged without a crash.
@Suite struct HostileValuesTests {
  private let directory: URL
  private let base: String

  init() throws {
    directory = FileManager.default.temporaryDirectory
      .appendingPathComponent("hostile-values-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    base = directory.appendingPathComponent("base").path
    try Self.everything.write(to: base)
  }

  /// Something in every table.
  private static var everything: Recording {
    var recording = Sample.messages
    recording.planFile = "all.plan"
    recording.planText = """
      server: {listen: "127.0.0.1:9000"}
      messages: {heartbeat: {every: 1s, send: "ping", expect: echo}}
      phases:
        - ramp: {to: "${goal}", rate: 25k/s}
        - hold: {for: 5s, messages: heartbeat}
        - search: {from: 10k, step: 10k, confirm: 1s, until: "failures.rate > 0.1%"}
      thresholds:
        - connections >= 50k
        - connect.p99 < 1s in ramp
        - failures.rate < 0.1% for 2s
        - messages.rate > 1/s in hold
        - rtt.p99 < 3s
        - prediction.error < 10%
        - memory.kernel < 9KiB

      """
    recording.overrides = [Fact("goal", "50k")]
    recording.attachments = [Attachment(name: "x", content: [1, 2])]
    let search = Sample.search
    recording.phases.append(search.phases[0])
    recording.phases[2].started = 7
    recording.phases[2].ended = 7.25
    recording.searchSteps = search.searchSteps
    recording.limits = [Sample.serverLimit]
    recording.failures = Sample.limited.failures
    recording.verdict = .passed
    recording.thresholds = [
      ThresholdResult(text: "t", planLine: 1, passed: true, value: 1, reason: "r")
    ]
    return recording
  }

  private static let values: [any DatabaseValueConvertible & Sendable] = [
    Int64.max, Int64.min, -1, 0, 1, 2, 1 << 53, 1e308, -1e308, Double.leastNonzeroMagnitude, 0.5,
    -0.5, 1e18, 9.3e18,
    Double.infinity, -Double.infinity, "", "x", "-1", "ramp", "hold", "client", "host", "limit",
    "\u{1B}[2J\u{0}<&", String(repeating: "long ", count: 3000), Data([0xFF, 0x00]), "1e400",
    "2026-13-45T99:99:99.999Z",
  ]

  private static let columns: [(table: String, column: String)] = [
    "run": [
      "plan_name", "plan_file", "plan_text", "effective_plan", "seed", "program_version", "started",
      "hostname", "duration", "complete", "interrupted", "fault", "verdict",
    ],
    "plan_override": ["position", "name", "value"],
    "host_fact": ["position", "name", "value"],
    "phase": [
      "name", "kind", "title", "plan_line", "goal", "planned_rate", "started", "ended", "outcome",
      "established", "accepted", "phantom", "failures", "ceiling", "remark",
    ],
    "search_step": ["phase", "at", "goal", "held", "outcome", "reason"],
    "worker": [
      "id", "end", "pid", "endpoint", "connections", "user_time", "system_time", "private_bytes",
      "exit_code", "signal",
    ],
    "series": ["name", "label", "unit", "kind"],
    "sample": ["at", "value"],
    "histogram": ["metric", "phase", "started", "ended", "count", "p50", "buckets"],
    "failure": [
      "end", "worker", "phase", "syscall", "errno", "errno_name", "count", "first_instant",
      "established", "accepted", "source",
    ],
    "limit_reached": [
      "end", "worker", "phase", "plan_line", "syscall", "errno", "resource", "count",
      "first_instant", "established", "accepted", "knob", "now", "needed", "fix", "predicted",
    ],
    "limit_evidence": ["limit_reached", "name", "value"],
    "prediction_term": ["end", "resource", "connections", "reason", "binds"],
    "threshold": ["text", "plan_line", "passed", "value", "reason"],
  ].sorted { $0.key < $1.key }.flatMap { table, columns in columns.map { (table, $0) } }

  @Test(arguments: 0..<4)
  func `whatever reads is judged and shown`(batch: Int) throws {
    defer { try? FileManager.default.removeItem(at: directory) }
    var random = Numbers(state: UInt64(batch) &* 977 &+ 1)
    let good = try Recording.read(from: base)
    var read = 0
    for number in 0..<40 {
      let path = directory.appendingPathComponent("\(number)").path
      try FileManager.default.copyItem(atPath: base, toPath: path)
      try damage(path, &random)
      guard let recording = try? Recording.read(from: path) else { continue }
      read += 1
      use(recording, beside: good, number)
    }
    #expect(read > 12)
  }

  /// One to six values of one to all rows replaced.
  private func damage(_ path: String, _ random: inout Numbers) throws {
    let queue = try DatabaseQueue(path: path)
    for _ in 0...Int.random(in: 0..<6, using: &random) {
      let (table, column) = Self.columns.randomElement(using: &random)!
      let value = Self.values.randomElement(using: &random)!
      // All rows, or one; `sample` has no row numbers.
      let row = Int.random(in: 0..<12, using: &random)
      let key = table == "sample" ? "at" : "rowid"
      let some =
        row > 8 ? "" : " WHERE \(key) IN (SELECT \(key) FROM \(table) LIMIT 1 OFFSET \(row))"
      try queue.write { database in
        // What a constraint forbids is not done, and another value has its turn.
        try? database.execute(
          sql: "UPDATE OR IGNORE \(table) SET \"\(column)\" = ?\(some)", arguments: [value])
      }
    }
  }

  /// What is made of a recording; of what takes long, a part each time.
  private func use(_ recording: Recording, beside good: Recording, _ number: Int) {
    let judgement = judge(recording)
    let files = OutputFiles(recording: "r", html: "h", junit: "j", directory: "/d")
    #expect(!jsonSummary(recording, judgement, files: files).contains("\u{1B}"))
    #expect(!summary(recording, judgement, files: files, colour: false).contains("\u{1B}"))
    #expect(!junit(recording, judgement, files: files).isEmpty)
    let (base, new) = number.isMultiple(of: 2) ? (good, recording) : (recording, good)
    let comparison = Comparison(base: base, new: new, tolerances: [:])
    #expect(!comparisonText(comparison, base: base, new: new, colour: false).contains("\u{1B}"))
    #expect(!comparisonJSON(comparison, base: base, new: new).isEmpty)
    #expect(!comparisonLine(comparison, base: base).isEmpty)
    if let merged = try? Recording.merged([base, new], regardless: true) { _ = judge(merged) }
    _ = ExportFormat.allCases[number / 2 % ExportFormat.allCases.count].bytes(of: recording)
    if number % 10 == 0 { #expect(!html(recording, judgement).isEmpty) }
  }
}

/// SplitMix64: the same numbers for the same seed, everywhere.
private struct Numbers: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}
