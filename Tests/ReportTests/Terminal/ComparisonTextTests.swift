import Foundation
import Judgement
import Plan
import Recording
import Testing

@testable import Report

/// Two runs side by side, as text and as JSON.
@Suite struct ComparisonTextTests {
  private func text(_ base: Recording, _ new: Recording, colour: Bool = false) -> String {
    comparisonText(Comparison(base: base, new: new), base: base, new: new, colour: colour)
  }

  private func json(_ base: Recording, _ new: Recording) throws -> [String: Any] {
    let text = comparisonJSON(Comparison(base: base, new: new), base: base, new: new)
    #expect(!text.contains("\n"))
    return try #require(
      try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
  }

  /// The cells of a row, which stand apart by two spaces or more.
  private func row(_ name: String, of text: String) throws -> [String] {
    let line = try #require(
      text.split(separator: "\n").first { $0.hasPrefix("  \(name) ") }, "\(text)")
    return line.components(separatedBy: "  ").filter { !$0.isEmpty }
      .map { $0.trimmingCharacters(in: .whitespaces) }
  }

  @Test func `a run against itself has no regression and nothing beside the figures`() throws {
    let text = text(Sample.passed, Sample.passed)
    #expect(try row("held", of: text) == ["held", "50,000", "50,000", "0", "same"])
    #expect(text.hasSuffix("\n\nno regression\n"))
    for heading in ["limits", "host", "plan", "note"] {
      #expect(!text.split(separator: "\n").contains { $0.hasPrefix(heading) }, "\(heading)")
    }
    #expect(text.contains("\nphase ramp "))
    #expect(text.split(separator: "\n").allSatisfy { !$0.hasSuffix(" ") })
  }

  @Test func `a run that met a limit is worse in what it lost, and the rest is listed`() throws {
    var limited = Sample.limited
    limited.host[2] = Fact("RLIMIT_NOFILE", "1,048,576")
    let text = text(Sample.passed, limited)
    #expect(
      try row("held", of: text)
        == ["held", "50,000", "19,936", "-30,064", "-60%", "worse (tolerance 1%)"])
    #expect(
      try row("phantom", of: text)
        == ["phantom", "0", "128", "+128", "–", "worse (tolerance 0%)"])
    #expect(
      text.contains(
        "server accept4: EMFILE (Too many open files) · descriptors-per-process: only in new, worse"
      ))
    #expect(text.contains("  RLIMIT_NOFILE: 20,000 -> 1,048,576\n"))
    #expect(text.contains("note  the plans have different names: ramp-50k and ramp-1m\n"))
    #expect(text.contains("\nregression: "))
  }

  @Test func `a figure of one side has a dash and no verdict`() throws {
    let text = text(Sample.passed, Sample.incomplete)
    let cells = try row("connect p99", of: text)
    #expect(cells.count == 5)
    #expect(cells[2...] == ["–", "–", "–"])
    #expect(text.contains("note  new is incomplete: its run was cut off after 1 s\n"))
  }

  @Test func `colour stands in the verdicts only where it is wanted`() {
    #expect(!text(Sample.passed, Sample.limited).contains("\u{1B}"))
    #expect(
      text(Sample.passed, Sample.limited, colour: true)
        .contains("\u{1B}[1;31mworse (tolerance 1%)\u{1B}[0m"))
  }

  @Test func `hostile text drives no terminal`() {
    for (base, new) in [(Sample.hostile, Sample.passed), (Sample.passed, Sample.hostile)] {
      let comparison = Comparison(base: base, new: new)
      let outputs = [
        comparisonText(comparison, base: base, new: new, colour: false),
        comparisonLine(comparison, base: base),
        comparisonJSON(comparison, base: base, new: new),
      ]
      for output in outputs {
        #expect(!output.unicodeScalars.contains { $0.isHostile || $0 == "\r" })
      }
      #expect(!outputs[1].contains("\n"))
    }
  }

  @Test func `one line says what became of the connections and what got worse`() {
    func line(_ base: Recording, _ new: Recording) -> String {
      comparisonLine(Comparison(base: base, new: new), base: base)
    }
    #expect(
      line(Sample.passed, Sample.passed)
        == "compared with the run before (2026-01-02 03:04): connections same, "
        + "connect rate same, connect p99 same")
    let worse = line(Sample.passed, Sample.limited)
    #expect(worse.contains("connections -60% (worse)"))
    #expect(worse.contains("failures +12 (worse)"))
    #expect(worse.contains("new limit server accept4: EMFILE (Too many open files)"))
    #expect(line(Sample.passed, Sample.incomplete).contains("connect p99 not comparable"))
  }

  @Test func `the JSON has every figure, and null where a side has none`() throws {
    let object = try json(Sample.passed, Sample.limited)
    #expect(object["regression"] as? Bool == true)
    #expect(object["exit"] as? Int == 99)
    let figures = try #require(object["figures"] as? [[String: Any]])
    let held = try #require(
      figures.first { $0["metric"] as? String == "held" && $0["phase"] is NSNull })
    #expect(held["base"] as? Int == 50_000)
    #expect(held["new"] as? Int == 19_936)
    #expect(held["difference"] as? Int == -30_064)
    #expect(held["relative"] as? Double == -0.60128)
    #expect(held["verdict"] as? String == "worse")
    #expect(held["noise"] is NSNull)
    let hold = try #require(
      figures.first { $0["metric"] as? String == "held" && $0["phase"] as? String == "hold" })
    #expect(hold["new"] is NSNull)
    #expect(hold["verdict"] is NSNull)
    let limit = try #require((object["limits"] as? [[String: Any]])?.first)
    #expect(limit["errno"] as? String == "EMFILE")
    #expect(limit["inBase"] as? Bool == false)
    #expect(try json(Sample.passed, Sample.passed)["exit"] as? Int == 0)
  }
}
