import Foundation
import Judgement
import Plan
import Recording
import Testing

@testable import Report

@Suite struct ChartTests {
  @Test func `thinning keeps every peak and dip`() {
    var points = (0..<10_000).map { Series.Point(at: Double($0), value: 10) }
    points[1234].value = 99
    points[8765].value = -3
    let curve = Curve(points, limit: 200)
    #expect(curve.points.count <= 200)
    #expect(curve.highest == 99)
    #expect(curve.lowest == -3)
    #expect(curve.points.map(\.at) == curve.points.map(\.at).sorted())
  }

  @Test func `missing samples leave a gap`() {
    let instants: [Double] = [0, 1, 2, 3, 9, 10, 11]
    let curve = Curve(instants.map { .init(at: $0, value: 1) })
    #expect(curve.pieces.map(\.count) == [4, 3])
  }

  @Test func `many samples where a phase ends leave no gap between the others`() {
    let instants = [0, 1, 1.001, 1.002, 1.003, 1.004, 2, 3, 4, 4.001, 4.002, 4.003, 5, 15, 16]
    let curve = Curve(instants.map { .init(at: $0, value: 1) })
    #expect(curve.pieces.map(\.count) == [13, 2])
  }

  @Test func `values that are no numbers are left out`() {
    let curve = Curve([
      .init(at: 0, value: 1), .init(at: 1, value: .nan), .init(at: 2, value: 2),
    ])
    #expect(curve.pieces.map { $0.map(\.value) } == [[1], [2]])
  }

  @Test func `growth never falls below zero`() {
    let series = Sample.gauge(.established, "connections", [0, 100, 40, 40])
    #expect(series.growth.map(\.value) == [100, 0, 0])
  }

  @Test func `an interval much shorter than the usual one has no rate of its own`() {
    // Idle time of two processors, in ticks of 10 ms; phases end at 1.001, 3.002 and 4.003 s.
    let idle = Series(
      key: .init("cpu.idle"), unit: "s", kind: .counter,
      points: [(0, 0), (1, 2), (1.001, 2.01), (2, 4), (3, 6), (3.002, 6.01), (4, 8), (4.003, 8.02)]
        .map { Series.Point(at: $0.0, value: $0.1) })
    #expect(idle.growth.map(\.at) == [1, 2, 3, 4.003])
    #expect(idle.growth.allSatisfy { $0.value < 2.05 }, "\(idle.growth)")
    // Nothing is lost of what was counted.
    let total = zip(idle.growth, [0] + idle.growth.map(\.at)).reduce(0) {
      $0 + $1.0.value * ($1.0.at - $1.1)
    }
    #expect(abs(total - 8.02) < 1e-9)
  }

  @Test func `two samples have a rate, however close they are`() {
    let points = [(1, 1), (1.001, 3), (1.001, 4)].map { Series.Point(at: $0.0, value: $0.1) }
    let series = Series(key: .handshakes, unit: "connections", kind: .counter, points: points)
    #expect(series.growth.count == 1)
    #expect(Series(key: .handshakes, unit: "", kind: .counter, points: [points[0]]).growth.isEmpty)
  }

  @Test func `seconds are drawn in seconds a second, and shares in percent`() throws {
    var recording = Sample.passed
    recording.series += [
      ("cpu.idle", "s", Series.Kind.counter), ("pressure.cpu", "%", .gauge),
      ("pressure.cpu.stalled", "s", .counter),
    ].map { name, unit, kind in
      Series(
        key: .init(name), unit: unit, kind: kind,
        points: (0...4).map { .init(at: Double($0) / 2, value: Double($0)) })
    }
    let page = try XMLNode.parse(html(recording, judge(recording)), as: .html)
    let titles = page.all.filter { $0.name == "h3" }.map(\.text)
    #expect(titles.contains("cpu, seconds a second"), "\(titles)")
    #expect(titles.contains("pressure, %"))
    #expect(titles.contains("pressure.stalled, seconds a second"))
    #expect(!titles.contains { $0.contains("s a second,") })
  }

  @Test(arguments: [0, 1, 7, 19_936, 50_000, 612_480, 1_000_000, 3e9])
  func `ticks are few and round, with room above the highest`(highest: Double) {
    let axis = Axis.counts(upTo: highest)
    #expect((2...7).contains(axis.ticks.count))
    #expect(axis.position(highest) < 1)
    #expect(axis.ticks.allSatisfy { $0.label.count <= 5 })
    #expect(Set(axis.ticks.map(\.label)).count == axis.ticks.count)
  }

  @Test(arguments: [0, 0.8, 4.5, 60, 95, 3_600, 40_000])
  func `a run of any length has a few instants named`(end: Double) {
    let axis = Axis.time(upTo: end)
    #expect((2...8).contains(axis.ticks.count))
  }

  @Test func `latencies are named by powers of ten`() {
    let axis = Axis.latency(0.00004...0.05)
    #expect(axis.ticks.map(\.label) == ["10 µs", "100 µs", "1 ms", "10 ms", "100 ms"])
    #expect(abs(axis.value(at: axis.position(0.002)) - 0.002) < 1e-9)
  }

  @Test(arguments: [1e7, 1e10, 1e15])
  func `a run of any length has few instants named`(end: Double) {
    #expect((2...8).contains(Axis.time(upTo: end).ticks.count))
  }

  @Test(arguments: [Double.leastNonzeroMagnitude, 2e-323, 1e-300, 1e300, 1e308])
  func `no value is too small or too large for an axis`(value: Double) {
    for axis in [
      Axis.values(from: 0, upTo: value), .values(from: -value, upTo: value), .counts(upTo: value),
      .counts(upTo: value, suffix: "/s"), .bytes(upTo: value), .durations(upTo: value),
      .time(upTo: value),
    ] {
      #expect(axis.ticks.count < 20)
    }
  }

  @Test func `two samples at nearly one instant have no rate`() {
    func series(_ length: Double) -> Series {
      Series(
        key: .handshakes, unit: "connections", kind: .counter,
        points: [.init(at: 0, value: 0), .init(at: length, value: 1e20)])
    }
    #expect(series(5e-293).growth.isEmpty)
    #expect(series(1e-3).growth.map(\.value) == [1e23])
  }

  private func page(_ change: (inout Recording) -> Void) throws -> XMLNode {
    var recording = Sample.passed
    change(&recording)
    return try XMLNode.parse(html(recording, Sample.passedJudgement), as: .html)
  }

  private func line(_ name: String, on page: XMLNode) -> String? {
    page.all.first { $0["data-line"] == name }?["d"]
  }

  /// The places of a line's points from left to right, from 0 to 1000, and from the top.
  private func places(_ line: String) -> [(Double, Double)] {
    line.split { "ML".contains($0) }.compactMap { place in
      let parts = place.split(separator: ",").compactMap { Double($0) }
      return parts.count == 2 ? (parts[0], parts[1]) : nil
    }
  }

  @Test func `what a server accepted a second is not drawn where connections came and went`() throws
  {
    let name = "server: accepted a second"
    #expect(line(name, on: try page { _ in }) != nil)
    #expect(line(name, on: try page { $0.phases[0].kind = .churn }) == nil)
    let churned = try page {
      $0.series.append(Sample.counter(.churned, "connections", [0, 1, 2]))
    }
    #expect(line(name, on: churned) == nil)
  }

  @Test func `what was planned ends with the last arrival`() throws {
    let planned = try page {
      $0.phases[0].plannedRate = 25_000
      $0.phases[0].openedUntil = 1
      $0.duration = 10
    }
    let line = try #require(self.line("planned", on: planned))
    #expect(places(line).last?.0 == 100)
  }

  @Test func `the cost of an end does not depend on which end was sampled when`() throws {
    let page = try page {
      // Of two hosts one has only clients: the server's end is sampled with the other's.
      func gauge(_ key: Series.Key, every step: Double, _ value: Double) -> Series {
        Series(
          key: key, unit: "", kind: .gauge,
          points: stride(from: 0, through: 6, by: step).map { .init(at: $0, value: value) })
      }
      $0.series = [
        gauge(.established, every: 0.5, 50_000), gauge(.accepted, every: 1, 50_000),
        gauge(.kernelMemory, every: 0.5, 2e8),
      ]
    }
    let line = try #require(self.line("kernel memory a connection end", on: page))
    #expect(Set(places(line).map(\.1)).count == 1, "\(line)")
    #expect(places(line).count == 13)
  }

  /// As behind NAT, where the server cannot tell the run's connections from others.
  @Test func `a server that has no count of its own has as many ends as the clients`() throws {
    let page = try page {
      func gauge(_ key: Series.Key, _ value: Double) -> Series {
        Sample.gauge(key, "", [value, value, value])
      }
      $0.workers = []
      $0.series = [
        gauge(.established, 100), gauge(.accepted, 0), gauge(.others, 100),
        gauge(.kernelMemory, 204_800),
      ]
    }
    let words = page.all.filter { $0.name == "desc" }.map(\.text)
    #expect(
      words.contains("kernel memory a connection end: 1 KiB to 1 KiB."), "\(words)")
  }

  @Test func `of many processors the busiest are drawn, and that there are more is said`() throws {
    let page = try page {
      $0.series += (0..<9).map { number in
        Sample.counter(
          .init("per-cpu.idle", label: String(number)), "s",
          (0...4).map { Double($0) * (number == 7 ? 0 : 1) })
      }
    }
    #expect(line("7", on: page) != nil)
    let notes = page.all.filter { $0["class"] == "note" }.map(\.text)
    #expect(notes.contains("Of per-cpu.idle the 6 lowest are drawn; 3 more are not."), "\(notes)")
  }

  @Test func `of processors that are never idle it is not said that none ever was`() throws {
    let page = try page {
      $0.series += (0..<9).map { number in
        Sample.counter(
          .init("per-cpu.idle", label: String(number)), "s",
          (0...4).map { Double($0) * (number < 6 ? 0 : 1) })
      }
    }
    #expect(line("0", on: page) != nil)
    let notes = page.all.filter { $0["class"] == "note" }.map(\.text).joined()
    #expect(notes.contains("Of per-cpu.idle the 6 lowest are drawn"))
    #expect(!notes.contains("Stayed at zero: per-cpu.idle"), "\(notes)")
  }

  @Test func `what is drawn as opened a second is not drawn among the counters`() throws {
    let page = try page { $0.series.append(Sample.counter(.handshakes, "connections", [0, 9])) }
    #expect(line("handshakes", on: page) == nil)
  }

  @Test func `patterns that were sampled at instants of their own are added up`() throws {
    func sent(_ pattern: String, _ points: [(Double, Double)]) -> Series {
      Series(
        key: .init(MessageOutcome.sent.seriesName, label: pattern), unit: "messages",
        kind: .counter, points: points.map { Series.Point(at: $0.0, value: $0.1) })
    }
    let page = try page {
      $0.series.append(sent("a", [(0, 0), (2, 200), (4, 400)]))
      $0.series.append(sent("b", [(1, 0), (3, 0), (5, 0), (6, 0)]))
    }
    let line = try #require(self.line("sent a second", on: page))
    #expect(places(line).count == 6, "\(line)")
  }

  @Test func `counts have no ticks between whole numbers`() {
    for highest in [0, 1, 2, 3, 10, 11, 100, 250, 1e6] {
      let ticks = Axis.counts(upTo: highest).ticks
      #expect(ticks.allSatisfy { $0.value == $0.value.rounded() }, "\(highest)")
      #expect((2...8).contains(ticks.count), "\(highest): \(ticks)")
    }
  }

  @Test func `a point that stands alone in a dashed line is drawn`() throws {
    let page = try page {
      for index in $0.series.indices where $0.series[index].key == .accepted {
        $0.series[index].points = [(0, 1), (1, .nan), (2, 5), (3, 5)].map {
          Series.Point(at: $0.0, value: $0.1)
        }
      }
    }
    let dots = page.all.filter {
      $0["class"] == "server line" && $0["stroke-linecap"] == "round"
        && $0["stroke-dasharray"] == nil
    }
    #expect(dots.contains { $0["d"]?.hasSuffix("h0") == true })
  }

  @Test func `names beyond the last chart are told`() throws {
    let page = try page {
      $0.series += (0..<60).map { Sample.gauge(.init("x\($0)"), "", [1, 2]) }
    }
    #expect(
      page.all.contains {
        $0["class"] == "note" && $0.text.hasPrefix("Not drawn: x") && $0.text.contains(", x59")
      })
  }

  @Test func `times from the call are drawn though they are shorter than all from the plan`() throws
  {
    let page = try page {
      $0.distributions.append(
        DistributionRecord(
          latency: .connectUncorrected, phase: "ramp", from: 0, to: 1,
          distribution: Distribution(
            buckets: [.init(value: 500, count: 10), .init(value: 2000, count: 10)])))
    }
    let line = try #require(self.line("from the call", on: page))
    #expect(Set(places(line).map(\.1)).count > 1, "\(line)")
  }

  @Test func `what is read out of a chart has its unit`() throws {
    let page = try page { _ in }
    let texts = page.all.filter { $0.name == "desc" }.map(\.text)
    #expect(texts.contains { $0.contains("p50: 40 µs to 45 µs.") }, "\(texts)")
    #expect(texts.contains { $0.contains("client: established: 0 to 50k.") })
    #expect(texts.contains { $0.contains("client: established a second: 0/s to 25,000/s.") })
    #expect(texts.contains { $0.contains("available: ") && $0.contains(" GiB.") })
  }

  @Test func `more than the goal at once is not said to be of it`() throws {
    let page = try page {
      $0.phases[0].goal = 1000
      $0.failures = [
        FailureRecord(
          end: .client, worker: 0, phase: "ramp", syscall: "closed", errno: nil, count: 3,
          firstInstant: 1, established: 5, accepted: 5, source: nil, endpoint: nil)
      ]
    }
    let text = page.all.filter { $0.children.isEmpty }.map(\.text).joined(separator: "|")
    #expect(!text.contains("of 1,000"), "\(text)")
    #expect(text.contains("Established|50,000|at once|"))
    #expect(text.contains("Failures|3|calls and connections|"))
  }

  @Test func `latencies leave a gap where nothing was measured`() throws {
    var recording = Sample.passed
    let record = recording.distributions[0]
    // Ten intervals, a pause of ten, and ten more.
    recording.distributions = (0..<30).filter { !(10..<20).contains($0) }.map { second in
      var record = record
      (record.from, record.to) = (Double(second), Double(second + 1))
      return record
    }
    recording.duration = 30
    let page = try XMLNode.parse(
      html(recording, Sample.passedJudgement), as: .html)
    let line = try #require(page.all.first { $0["data-line"] == "p50" }?["d"])
    let spans = line.split(separator: "M").map { piece in
      piece.split(separator: "L").compactMap {
        $0.split(separator: ",").first.flatMap { Double($0) }
      }
    }
    #expect(spans.allSatisfy { $0.count == 2 && $0[1] - $0[0] < 40 })
    #expect(!spans.contains { $0[0] < 650 && $0[1] > 350 })
  }

  @Test func `a phase is named where its band has room for the name`() throws {
    var recording = Sample.passed
    recording.phases[1].ended = 6.99
    recording.phases.append(
      PhaseRecord(
        name: "close", kind: .close, title: "close", planLine: 11, started: 6.99, ended: 7.25))
    let page = try XMLNode.parse(html(recording, Sample.passedJudgement), as: .html)
    let names = page.all.filter { $0["class"] == "phase" }.map(\.text)
    #expect(Set(names) == ["ramp", "hold"])
    let bands = page.all.filter { $0["class"] == "band" }.map(\.text)
      .map { $0.trimmingCharacters(in: .whitespacesAndNewlines) }
    #expect(Set(bands) == ["ramp", "hold", "close"])
  }
}
