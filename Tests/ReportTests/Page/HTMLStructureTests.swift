import Foundation
import Judgement
import Plan
import Recording
import Report
import Testing

@Suite struct HTMLStructureTests {
  @Test(arguments: Run.all)
  func `one heading of the first rank, one charset and the stylesheet beside it`(run: Run) throws {
    let page = try page(run)
    let all = page.all
    #expect(page["lang"] == "en")
    #expect(all.count { $0.name == "h1" } == 1)
    #expect(all.count { $0["charset"] != nil } == 1)
    #expect(!all.contains { $0["http-equiv"] != nil })
    #expect(all.filter { $0.name == "link" }.map { $0["href"] } == ["report.css"])
    #expect(all.count { $0.name == "main" } == 1)
    #expect(
      String(decoding: html(run.recording, run.judgement).prefix(15), as: UTF8.self)
        == "<!DOCTYPE html>")
  }

  @Test(arguments: Run.all)
  func `nothing of its own that a strict content policy forbids`(run: Run) throws {
    let all = try page(run).all
    // Where the policy allows no script, the page lacks nothing but this one.
    let scripts = all.filter { $0.name == "script" }
    #expect(scripts.map { $0["src"] } == ["report.js"])
    #expect(scripts.allSatisfy { $0.text.isEmpty && $0["defer"] != nil })
    for node in all {
      #expect(!["style", "iframe", "object", "img"].contains(node.name))
      for (name, value) in node.attributes {
        #expect(name != "style" && !name.hasPrefix("on"))
        #expect(!value.contains("://"))
      }
    }
  }

  @Test(arguments: Run.all)
  func `identifiers are unique and every reference has its target`(run: Run) throws {
    let all = try page(run).all
    let ids = all.compactMap { $0["id"] }
    #expect(Set(ids).count == ids.count)
    for node in all {
      for id in (node["aria-labelledby"] ?? "").split(separator: " ") {
        #expect(ids.contains(String(id)))
      }
      if let target = node["href"], target.hasPrefix("#") {
        #expect(ids.contains(String(target.dropFirst())))
      }
    }
  }

  @Test(arguments: Run.all)
  func `headings skip no rank, and every chart has a title and says what it shows`(
    run: Run
  ) throws {
    let all = try page(run).all
    let ranks = all.compactMap { node in
      node.name.count == 2 && node.name.hasPrefix("h") ? Int(node.name.dropFirst()) : nil
    }
    #expect(ranks.first == 1)
    #expect(zip(ranks, ranks.dropFirst()).allSatisfy { $1 <= $0 + 1 })
    for plot in all where plot["class"] == "plot" {
      #expect(plot["role"] == "img")
      let words = plot.children.prefix(2)
      #expect(words.map(\.name) == ["title", "desc"])
      #expect(words.allSatisfy { !$0.text.isEmpty })
      #expect(plot["aria-labelledby"] == words.compactMap { $0["id"] }.joined(separator: " "))
    }
    // A picture beside words that say the same is none for those who listen.
    let pictures = all.filter { $0.name == "svg" && $0["role"] == nil && $0["aria-hidden"] == nil }
    let inside = Set(all.filter { $0["class"] == "plot" }.flatMap(\.all).map(\.identity))
    #expect(pictures.allSatisfy { inside.contains($0.identity) })
  }

  @Test func `tables have captions and headings with a scope`() throws {
    let tables = try page(Run.named("limit")).all.filter { $0.name == "table" }
    #expect(!tables.isEmpty)
    for table in tables {
      #expect(table.children.first?.name == "caption")
      #expect(table.all.filter { $0.name == "th" }.allSatisfy { $0["scope"] != nil })
    }
  }

  @Test func `sections stand in the order that a reader asks`() throws {
    let page = try XMLNode.parse(
      html(
        Large.recording(limited: true), Large.judgement(limited: true), earlier: Large.earlier),
      as: .html)
    let sections = page.all.filter { $0.name == "section" }.map { $0["id"] ?? "verdict" }
    #expect(
      sections == [
        "verdict", "goal", "connections", "rate", "latency", "memory", "kernel", "phases",
        "thresholds", "ends", "prediction", "host", "plan", "comparison", "history",
      ])
  }

  @Test func `sections without data are left out`() throws {
    let judgement = Judgement(
      verdict: .error, exitCode: 1, thresholds: [], limit: nil, headline: "nothing was driven")
    let page = try XMLNode.parse(html(Recording(planName: "p"), judgement), as: .html)
    #expect(page.all.count { $0.name == "section" } == 1)
  }

  @Test func `cells carry the bare value for programs`() throws {
    let cells = try page(Run.named("limit")).all.filter { $0["data-key"] == "phantom" }
    #expect(cells.first?["data-value"] == "128")
    #expect(try page(Run.named("limit")).all.contains { $0["data-exit"] == "100" })
  }

  @Test func `no series has more than two thousand points`() throws {
    let page = try XMLNode.parse(
      html(Large.recording(samples: 3_600, limited: true), Large.judgement(limited: true)),
      as: .html)
    let paths = page.all.compactMap { $0.name == "path" ? $0["d"] : nil }
    #expect(!paths.isEmpty)
    #expect(paths.allSatisfy { $0.count { $0 == "," } <= 2_000 })
    #expect(!paths.contains { $0.contains("nan") || $0.contains("inf") || $0.contains("–") })
  }

  private func page(_ run: Run) throws -> XMLNode {
    try XMLNode.parse(html(run.recording, run.judgement), as: .html)
  }
}
