import Foundation
import Recording
import Report
import Testing

/// CSV, JSON and OpenMetrics: what others read.
@Suite struct ExportTests {
  private func text(_ format: ExportFormat, _ recording: Recording) -> String {
    String(decoding: format.bytes(of: recording), as: UTF8.self)
  }

  /// Two series that were not sampled at the same instants.
  private var uneven: Recording {
    Recording(planName: "p") {
      $0.started = "2026-01-02T03:04:05.678Z"
      $0.series = [
        Series(
          key: .established, unit: "connections", kind: .gauge,
          points: [.init(at: 0, value: 1), .init(at: 0.5, value: 2.25)]),
        Series(
          key: .failures("client \"x\", EMFILE"), unit: "failures", kind: .counter,
          points: [.init(at: 0.5, value: 3), .init(at: 2, value: .infinity)]),
        Series(key: .failures, unit: "failures", kind: .counter),
      ]
    }
  }

  // MARK: CSV

  @Test func `a row is an instant, a column a series, and what is missing stays empty`() {
    #expect(
      text(.csv, uneven)
        == "at,connections.established,\"failures.by-cause{client \"\"x\"\", EMFILE}\",failures\r\n"
        + "0,1,,\r\n0.5,2.25,3,\r\n2,,,\r\n")
  }

  @Test(arguments: ["=1+1", "+1", "-1", "@SUM(1)"])
  func `what a spreadsheet would compute is a text`(name: String) {
    var recording = Recording(planName: "p")
    recording.series = [Series(key: .init(name), unit: "", kind: .gauge)]
    #expect(text(.csv, recording) == "at,'\(name)\r\n")
  }

  /// U+0301 makes one character of itself and what stands before it, for Swift and for no reader of CSV.
  @Test(arguments: [
    ("a\"b", "a\"\"b"), ("a,b", "a,b"), ("\"\u{301}", "\"\"\u{301}"), (",\u{301}", ",\u{301}"),
  ])
  func `a name is quoted for one quote or one comma, whatever follows it`(
    label: String, quoted: String
  ) {
    let recording = Recording(planName: "p") {
      $0.series = [Series(key: .failures(label), unit: "", kind: .counter, points: [])]
    }
    #expect(text(.csv, recording) == "at,\"failures.by-cause{\(quoted)}\"\r\n")
  }

  @Test func `a recording without a sample has a header`() {
    #expect(text(.csv, Recording(planName: "p")) == "at\r\n")
  }

  @Test(
    .enabled(if: Python.path != nil, "python3 is not here"),
    arguments: ["passed", "limit", "incomplete", "messages", "search", "hostile"])
  func `Python reads as many values from the CSV as were sampled`(name: String) throws {
    let recording = Run.named(name).recording
    let script = """
      import csv, io, sys
      rows = list(csv.reader(io.TextIOWrapper(sys.stdin.buffer, "utf-8", newline=""), strict=True))
      assert all(len(row) == len(rows[0]) for row in rows)
      for column in range(1, len(rows[0])):
          values = [float(row[column]) for row in rows[1:] if row[column]]
          print(len(values), sum(values))
      """
    let lines = try Python.output(of: script, reading: ExportFormat.csv.bytes(of: recording))
      .split(separator: "\n")
    #expect(lines.count == recording.series.count)
    for (line, series) in zip(lines, recording.series) {
      let sum = series.points.reduce(0) { $0 + $1.value }
      let parts = line.split(separator: " ").compactMap { Double($0) }
      #expect(parts.first == Double(series.points.count))
      #expect(abs((parts.last ?? .nan) - sum) <= abs(sum) * 1e-12)
    }
  }

  // MARK: JSON

  @Test func `JSON has what each phase drove, of a phase that there is`() {
    func recording(_ entries: [UInt8]) -> Recording {
      Recording(planName: "p") {
        $0.phases = [PhaseRecord(name: "up", kind: .ramp, title: "", planLine: 1)]
        $0.drive = [DriveRecord(worker: 1, entries: entries)]
      }
    }
    // A phase, then one arrival after three ticks.
    #expect(!text(.json, recording([2, 0, 3 << 3])).contains("\"driven\": []"))
    #expect(text(.json, recording([2, 1, 3 << 3])).contains("\"driven\": []"))
    #expect(text(.json, recording([3])).contains("\"driven\": []"))
  }

  @Test(arguments: Run.all)
  func `JSON has every list whole`(run: Run) throws {
    let recording = run.recording
    let data = Data(ExportFormat.json.bytes(of: recording))
    let object = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    func count(_ key: String) -> Int? { (object[key] as? [Any])?.count }
    #expect(count("host") == recording.host.count)
    #expect(count("phases") == recording.phases.count)
    #expect(count("workers") == recording.workers.count)
    #expect(count("failures") == recording.failures.count)
    #expect(count("limits") == recording.limits.count)
    #expect(count("search") == recording.searchSteps.count)
    #expect(count("prediction") == recording.prediction.count)
    #expect(count("thresholds") == recording.thresholds.count)
    #expect(object["complete"] as? Bool == recording.complete)
    #expect(object["seed"] as? String == String(recording.seed))
    #expect((object["plan"] as? [String: Any])?["text"] as? String == recording.planText)
    let series = try #require(object["series"] as? [[String: Any]])
    #expect(
      series.map { $0["points"] as? [[Double]] }
        == recording.series.map { $0.points.map { [$0.at, $0.value] } })
    let distributions = try #require(object["distributions"] as? [[String: Any]])
    #expect(
      distributions.map { $0["buckets"] as? [[Int]] }
        == recording.distributions.map {
          $0.distribution.buckets.map { [Int($0.value), Int($0.count)] }
        })
  }

  @Test func `JSON keeps the bytes of attachments`() throws {
    var recording = Sample.passed
    recording.attachments = [Attachment(name: "a.bin", content: [0, 255, 10])]
    #expect(text(.json, recording).contains(#"{"name": "a.bin", "base64": "AP8K"}"#))
  }

  @Test(.enabled(if: Python.path != nil, "python3 is not here"))
  func `Python reads the JSON of a run with hostile texts`() throws {
    let output = try Python.output(
      of: "import json, sys; sys.stdout.buffer.write(json.load(sys.stdin)['hostname'].encode())",
      reading: ExportFormat.json.bytes(of: Sample.hostile))
    #expect(output == Sample.hostileText)
  }

  // MARK: OpenMetrics

  @Test func `counters end in total, and every value has its instant`() {
    let lines = text(.openmetrics, uneven).split(separator: "\n")
    #expect(
      lines == [
        "# TYPE runner_connections_established gauge",
        "# HELP runner_connections_established connections.established of the recording,"
          + " in connections",
        "runner_connections_established{plan=\"p\"} 1 1767323045.678",
        "runner_connections_established{plan=\"p\"} 2.25 1767323046.178",
        "# TYPE runner_failures_by_cause counter",
        "# HELP runner_failures_by_cause failures.by-cause of the recording, in failures",
        "runner_failures_by_cause_total{plan=\"p\",label=\"client \\\"x\\\", EMFILE\"} 3"
          + " 1767323046.178",
        "# TYPE runner_failures counter",
        "# HELP runner_failures failures of the recording, in failures",
        "# EOF",
      ])
  }

  @Test func `units are a metric's suffix`() {
    let lines = text(.openmetrics, Sample.passed).split(separator: "\n")
    #expect(lines.contains("# UNIT runner_memory_available_bytes bytes"))
    #expect(lines.contains("# TYPE runner_memory_available_bytes gauge"))
  }

  @Test func `latencies are percentiles in seconds, and counts that grow`() {
    let lines = text(.openmetrics, Sample.passed).split(separator: "\n")
      .filter { $0.hasPrefix("runner_connect_latency_seconds") }
    #expect(
      lines.first?.hasPrefix(
        "runner_connect_latency_seconds{plan=\"ramp-50k\",phase=\"ramp\",quantile=\"0.5\"} 4.00")
        == true)
    #expect(
      lines.filter { $0.contains("_count") }.map { $0.split(separator: " ")[1] }
        == ["25000", "50000"])
  }

  @Test func `intervals that end in one millisecond are one, and nothing of them is lost`() {
    var recording = Sample.passed
    let record = recording.distributions[0]
    recording.distributions = [0.0, 0.0003].map { late in
      var record = record
      record.to += late
      return record
    }
    let counts = text(.openmetrics, recording).split(separator: "\n")
      .filter { $0.contains("_count{") }.map { $0.split(separator: " ")[1] }
    #expect(counts == ["50000"])
    let series = Series(
      key: .init("a"), unit: "", kind: .gauge,
      points: [.init(at: 1, value: 3), .init(at: 1.0002, value: 4), .init(at: 1.0003, value: .nan)])
    recording.series = [series]
    #expect(text(.openmetrics, recording).contains("runner_a{plan=\"ramp-50k\"} 4 "))
  }

  @Test func `a storm's recovery is a gauge at the end of its phase`() {
    let recording = Sample.storm(recovery: 1.25)
    let lines = text(.openmetrics, recording).split(separator: "\n")
    #expect(lines.contains("# TYPE runner_recovery_seconds gauge"))
    #expect(
      lines.contains {
        $0.hasPrefix("runner_recovery_seconds{plan=\"ramp-50k\",phase=\"storm\"} 1.25 ")
      })
    #expect(!text(.openmetrics, Sample.storm(recovery: nil)).contains("recovery"))
    // A series that would get the same name gets another.
    var twin = recording
    twin.series = [Series(key: .init("recovery"), unit: "s", kind: .gauge, points: [])]
    #expect(text(.openmetrics, twin).contains("# TYPE runner_recovery_2_seconds gauge"))
  }

  @Test func `no two families share a name, and instants rise`() {
    let names = [("a.b", Series.Kind.gauge), ("a-b", .gauge), ("c", .counter), ("c.total", .gauge)]
    var recording = Recording(planName: "p")
    recording.series = names.map { name, kind in
      Series(
        key: .init(name), unit: "", kind: kind,
        points: [2, 1, 1, -1, .infinity].map { .init(at: $0, value: 5) })
    }
    let lines = text(.openmetrics, recording).split(separator: "\n")
    #expect(
      lines.filter { $0.hasPrefix("# TYPE") } == [
        "# TYPE runner_a_b gauge", "# TYPE runner_a_b_2 gauge", "# TYPE runner_c counter",
        "# TYPE runner_c_total_2 gauge",
      ])
    #expect(
      lines.filter { $0.hasPrefix("runner_c_total{") }
        == ["runner_c_total{plan=\"p\"} 5 1.000", "runner_c_total{plan=\"p\"} 5 2.000"])
  }

  @Test(arguments: ExportFormat.allCases)
  func `what would harm a terminal is in no export`(format: ExportFormat) {
    let text = text(format, Sample.hostile)
    #expect(text.unicodeScalars.allSatisfy { !$0.isHostile })
  }
}
