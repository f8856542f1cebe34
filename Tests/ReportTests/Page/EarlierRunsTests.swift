import Judgement
import Plan
import Recording
import Testing

@testable import Report

/// What a page says of the runs before its own.
@Suite struct EarlierRunsTests {
  private func page(_ earlier: EarlierRuns, _ run: Run = .named("limit")) throws -> XMLNode {
    try XMLNode.parse(html(run.recording, run.judgement, earlier: earlier), as: .html)
  }

  private func section(_ id: String, of page: XMLNode) -> XMLNode? {
    page.all.first { $0.name == "section" && $0["id"] == id }
  }

  @Test func `a first run has nothing to be held against`() throws {
    let page = try self.page(.none)
    #expect(section("comparison", of: page) == nil)
    #expect(section("history", of: page) == nil)
  }

  @Test func `the comparison has every figure, its verdict and what differs on the host`() throws {
    var limited = Sample.limited
    limited.host[2] = Fact("RLIMIT_NOFILE", "1,048,576")
    let comparison = Comparison(base: Sample.passed, new: limited)
    let page = try self.page(EarlierRuns(base: Sample.passed, comparison: comparison))
    let section = try #require(self.section("comparison", of: page))
    #expect(section.all.contains { $0["data-regression"] == "true" })
    let rows = section.all.filter { $0.name == "tr" && $0.children.first?["scope"] == "row" }
    func row(_ name: String) -> [String: XMLNode] {
      let cells = rows.first { $0.children.first?["data-value"] == name }?.children ?? []
      return Dictionary(
        cells.map { ($0["data-key"] ?? "", $0) }, uniquingKeysWith: { first, _ in first })
    }
    let held = row("held")
    #expect(held["base"]?["data-value"] == "50000")
    #expect(held["new"]?["data-value"] == "19936")
    #expect(held["difference"]?.text == "-30,064")
    #expect(held["relative"]?["data-value"] == "-0.60128")
    #expect(held["verdict"]?.text == "worse (tolerance 1%)")
    #expect(held["verdict"]?["class"] == "outcome limit")
    let facts = section.all.filter { $0["data-key"] == "name" }.map(\.text)
    #expect(facts == ["RLIMIT_NOFILE"])
    #expect(section.text.contains("only in new"))
  }

  @Test func `the history is the last runs and this one, the newest first in its table`() throws {
    let history = (0..<30).map { index in
      RecordingSummary(
        planName: "p", started: "2025-12-01T00:00:\(10 + index).000Z", verdict: .passed,
        goal: 10, held: index, connectP99: 0.001)
    }
    let section = try #require(
      self.section("history", of: try self.page(EarlierRuns(history: history))))
    let held = section.all.filter { $0["data-key"] == "held" }.compactMap { $0["data-value"] }
    #expect(held.count == EarlierRuns.mostRuns)
    #expect(held.first == "19936")
    #expect(held.dropFirst().first == "29")
    #expect(held.last == "11")
    let bars = section.all.filter { $0["data-bars"] != nil }
    #expect(bars.map { $0["data-bars"] } == ["passed", "not passed", "passed", "not passed"])
    #expect(bars.map { ($0["d"] ?? "").count { $0 == "M" } } == [19, 1, 19, 1])
  }

  @Test func `hostile text of an earlier run stays text`() throws {
    let base = Sample.hostile
    let comparison = Comparison(base: base, new: Sample.limited)
    let history = [
      RecordingSummary(
        planName: Sample.hostileText, started: Sample.hostileText, held: 1,
        limit: Sample.hostileText)
    ]
    let earlier = EarlierRuns(base: base, comparison: comparison, history: history)
    let run = Run.named("limit")
    let bytes = html(run.recording, run.judgement, earlier: earlier)
    let text = String(decoding: bytes, as: UTF8.self)
    #expect(!text.unicodeScalars.contains { $0.isHostile || $0 == "\r" })
    let scripts = try XMLNode.parse(bytes, as: .html).all.filter { $0.name == "script" }
    #expect(scripts.map { $0["src"] } == ["report.js"])
  }
}
