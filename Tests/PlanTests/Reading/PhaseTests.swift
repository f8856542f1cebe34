import Messages
import Recording
import Testing

@testable import Plan

/// Phases with what they play, churn and search.
@Suite struct PhaseTests {
  private func plan(_ phases: String, rest: String = "") throws -> Plan {
    try read("server: {listen: \"127.0.0.1:9000\"}\n\(rest)phases: [\(phases)]\n")
  }

  private func found(_ phases: String, rest: String = "") -> [String] {
    errors("server: {listen: \"127.0.0.1:9000\", processes: 1}\n\(rest)phases: [\(phases)]\n")
  }

  @Test(
    arguments: [
      ("rate: 300/s, lifetime: 4s, for: 2s", 600), ("rate: 300/s, lifetime: 1s, for: 2s", 300),
    ])
  func `a churn holds no more at once than it opens`(churn: String, most: Int) throws {
    let plan = try read(minimal.replacing("ramp: {to: 10}", with: "churn: {\(churn)}"))
    #expect(plan.mostConnections == most)
  }

  @Test func `churn`() throws {
    let plan = try plan(
      "ramp: {to: 10k}, churn: {rate: 2k/s, lifetime: 5s, for: 1m, with: fin},"
        + " churn: {rate: 0.5/s, lifetime: 1s, for: 1s}")
    #expect(
      plan.phases[1].kind
        == .churn(
          Phase.Churn(rate: 2000, lifetime: .seconds(5), span: .seconds(60), with: .fin)))
    #expect(
      plan.phases[2].kind
        == .churn(Phase.Churn(rate: 0.5, lifetime: .seconds(1), span: .seconds(1))))
    #expect(plan.phases.demands == [10_000, 20_000, 10_001])
    #expect(plan.mostConnections == 20_000)
  }

  @Test func `search`() throws {
    let plan = try plan(
      "search: {from: 10k, step: 5k, to: 50k, rate: 1k/s, confirm: 20s,"
        + " until: [failures.rate > 0.1%, connect.p99 > 1s]},"
        + " search: {from: 60k, step: 1, until: failures > 0, over: 2s}")
    guard case .search(let first) = plan.phases[0].kind,
      case .search(let second) = plan.phases[1].kind
    else {
      Issue.record("\(plan.phases)")
      return
    }
    #expect((first.from, first.step, first.most) == (10_000, 5000, 50_000))
    #expect(first.pace == .rate(1000))
    #expect(first.confirm == .seconds(20))
    #expect(first.until.map(\.metric) == [.failuresRate, .percentile(.p99, of: .connect)])
    #expect(first.until.map(\.value) == [0.001, 1])
    #expect(second.until.map(\.text) == ["failures > 0"])
    #expect(second.pace == .over(.seconds(2)))
    #expect(second.confirm == .seconds(10))
    #expect(second.most == 20 * 64_512)
    #expect(
      plan.phases[1].title == "search from 60,000 in steps of 1 until failures > 0")
  }

  @Test func `searches as far as it knows`() throws {
    func most(_ clients: String, from: String = "5") throws -> Int? {
      let text = """
        server: {listen: "127.0.0.1:9000"}
        clients: \(clients)
        phases: [search: {from: \(from), step: 5}]
        """
      return try read(text).phases[0].most
    }
    #expect(try most("{sources: 127.0.0.2, ports: 1001-2000}") == 1000)
    #expect(try most("{sources: {interface: lo}, ports: 1001-2000}") == 1_000_000)
    #expect(try most("{sources: 127.0.0.2, ports: 1001-2000}", from: "5k") == 5000)
  }

  @Test func `count what may be open at once`() throws {
    let plan = try plan(
      "ramp: {to: 100}, churn: {rate: 10/s, lifetime: 2s, for: 5s}, hold: 1s, close: reset,"
        + " churn: {rate: 5/s, lifetime: 1s, for: 5s}, search: {from: 1, step: 1, to: 50},"
        + " churn: {rate: 1/s, lifetime: 0.5s, for: 5s}, pause: 1s, ramp: {to: 60}")
    #expect(plan.phases.demands == [100, 120, 100, 100, 5, 50, 51, 50, 60])
    #expect(plan.mostConnections == 120)
  }

  @Test func `must fit the addresses with what churns`() {
    let clients = "clients: {sources: 127.0.0.2, ports: 1001-2000}\n"
    let ramp = "ramp: {to: 900}"
    #expect(
      found("\(ramp), churn: {rate: 50/s, lifetime: 2s, for: 5s}", rest: clients) == [])
    #expect(
      found("\(ramp), churn: {rate: 50/s, lifetime: 2.001s, for: 5s}", rest: clients) == [
        "3:41: 1,001 connections do not fit: 1 sources x 1,000 ports x 1 endpoints are 1,000"
          + " (it takes 2 sources, or more ports or server processes)"
      ])
    #expect(
      found("search: {from: 5, step: 5, to: 1001}", rest: clients).map { $0.prefix(35) } == [
        "3:41: 1,001 connections do not fit:"
      ])
  }

  @Test func `may churn after a search that ends where it can`() {
    let churn = "churn: {rate: 5/s, lifetime: 2s, for: 5s}"
    let clients = "clients: {sources: 127.0.0.2, ports: 1001-2000}\n"
    #expect(found("search: {from: 5, step: 5}, \(churn)", rest: clients) == [])
    #expect(found("search: {from: 5, step: 5, to: 991}, \(churn)", rest: clients).count == 1)
  }

  @Test(arguments: [
    ("ramp: {to: 10}, search: {from: 10, step: 5, to: 50}, ramp: {to: 20}", nil),
    ("ramp: {to: 10}, churn: {rate: 5/s, lifetime: 9s, for: 1s}, ramp: {to: 20}", nil),
    ("search: {from: 10, step: 5}, close: reset, search: {from: 5, step: 5}", nil),
    ("ramp: {to: 10}, hold: 1s, search: {from: 9, step: 5}", "a search from 9 opens nothing"),
    ("search: {from: 10, step: 5}, ramp: {to: 9}", "a ramp to 9 opens nothing"),
  ])
  func `go up until they close`(phases: String, error: String?) {
    let found = found(phases)
    #expect(found.count == (error == nil ? 0 : 1))
    #expect(error.map { found.first?.contains($0) == true } ?? true, "\(found)")
  }

  @Test func `play messages by name, by list and by their own`() throws {
    let plan = try plan(
      "ramp: {to: 5, messages: a}, hold: {for: 1s, messages: [b, a]},"
        + " churn: {rate: 1/s, lifetime: 1s, for: 1s, messages: {c: {rate: 5/s, bytes: 5B}}},"
        + " search: {from: 9, step: 5, messages: c}, hold: 1s",
      rest: "messages: {a: {every: 1s, send: a}, b: {every: 1s, send: b}}\n")
    #expect(plan.patterns.map(\.name) == ["a", "b", "c"])
    #expect(plan.phases.map(\.patterns) == [["a"], ["b", "a"], ["c"], ["c"], []])
  }

  @Test func `have thresholds that are those of the plan with 'in'`() throws {
    let inside = try plan(
      "ramp: {to: 5, thresholds: [failures == 0]}, hold: {for: 1s, thresholds:"
        + " [\"failures.rate<1%   for 5s abort\", connections >= 5 abort]}",
      rest: "thresholds: [phantom == 0]\n")
    #expect(
      inside.thresholds.map(\.text) == [
        "phantom == 0", "failures == 0 in ramp", "failures.rate<1% in hold   for 5s abort",
        "connections >= 5 in hold abort",
      ])
    #expect(inside.thresholds.map(\.phase) == [nil, "ramp", "hold", "hold"])
    #expect(inside.thresholds.map(\.window) == [nil, nil, .seconds(5), nil])
    #expect(inside.thresholds.map(\.aborts) == [false, false, true, true])
    #expect(inside.thresholds.map(\.line) == [2, 3, 3, 3])
  }

  @Test(arguments: [
    "failures.rate < 1% in hold for 10s abort", "failures.rate < 1% abort for 10s in hold",
    "failures.rate<1%  for 10s  in hold abort",
  ])
  func `thresholds take their parts in any order`(text: String) throws {
    let plan = try plan("ramp: {to: 5}, hold: 10s", rest: "thresholds: [\"\(text)\"]\n")
    #expect(
      plan.thresholds == [
        Threshold(
          text: text, line: 2, metric: .failuresRate, comparison: .less, value: 0.01,
          phase: "hold", window: .seconds(10), aborts: true)
      ])
  }

  @Test(arguments: Metric.all.filter { $0 != .held })
  func `only what has a value over a stretch takes 'for'`(metric: Metric) {
    let value =
      switch metric.traits.quantity {
      case .count: "5"
      case .rate: "5/s"
      case .duration: "5us"
      case .share: "5%"
      case .size: "5B"
      }
    let found = found("hold: 1m", rest: "thresholds: [\(metric.name) < \(value) for 5s]\n")
    #expect(found.isEmpty == metric.traits.canBeMeasuredMeanwhile)
    #expect(found.allSatisfy { $0.contains("has no value over a stretch of time") })
  }

  @Test func `a stretch is no shorter than a sample`() {
    let threshold = "thresholds: [failures == 0 for 500ms]\n"
    #expect(found("hold: 1s", rest: threshold + "sampling: {every: 500ms}\n") == [])
    #expect(found("hold: 1s", rest: threshold).count == 1)
    // With a wrong interval nothing more is said.
    #expect(found("hold: 1s", rest: threshold + "sampling: {every: 1ms}\n").count == 1)
  }

  @Test func `says nothing of messages that a broken phase may play`() {
    let messages = "messages: {a: {every: 1s, send: a}}\n"
    #expect(
      found("hodl: {for: 1s, messages: a}", rest: messages) == [
        "3:10: there is no phase 'hodl' (did you mean 'hold'?)"
      ])
  }
}
