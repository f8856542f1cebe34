import Foundation
import Testing

/// Plans that cannot be run: every one has its place, its exit code and its JUnit file.
@Suite(.tags(.realKernel)) struct InvalidPlanTests {
  private let workspace: Workspace

  init() throws { workspace = try Workspace() }

  struct Broken: CustomTestStringConvertible {
    let what: String
    let text: String
    /// Where the message stands, and a part of it.
    let place: String
    let message: String
    var testDescription: String { what }
  }

  private static let head = "server: {listen: 127.0.0.1:9000}\n"
  private static let phases = "phases:\n  - hold: 1s\n"

  @Test(arguments: [
    Broken(
      what: "bad YAML", text: head + "phases: [hold: 1s\n", place: "3:1", message: "expected"),
    Broken(
      what: "an unknown key", text: head + phases + "threshold: []\n", place: "4:1",
      message: "did you mean 'thresholds'?"),
    Broken(
      what: "a duplicate key", text: head + head + phases, place: "2:1", message: "'server'"),
    Broken(
      what: "a wrong unit", text: head + "phases:\n  - hold: 5 bananas\n", place: "3:11",
      message: "bananas"),
    Broken(
      what: "a rate of zero", text: head + "phases:\n  - ramp: {to: 5, rate: 0/s}\n",
      place: "3:25", message: "0/s"),
    Broken(
      what: "a goal beyond sources and ports",
      text: """
        server: {listen: 127.0.0.1:9000, processes: 1}
        clients: {sources: 127.0.0.2, ports: 5000-5999}
        phases:
          - ramp: {to: 2k}

        """, place: "4:16", message: "2,000 connections do not fit"),
    Broken(
      what: "a reversed source range",
      text: head + "clients: {sources: 127.0.0.9-127.0.0.2}\n"
        + phases, place: "2:20", message: "reversed"),
    Broken(
      what: "an address that is none", text: "server: {listen: 127.0.0.300:9000}\n" + phases,
      place: "1:18", message: "'127.0.0.300' is not an IP address"),
    Broken(what: "no phases", text: head + "phases: []\n", place: "2:9", message: "phases"),
    Broken(
      what: "a file of 2 MiB", text: String(repeating: "# long\n", count: 300_000), place: "1:1",
      message: "larger than 1 MiB"),
    Broken(what: "an empty file", text: "", place: "1:1", message: "empty"),
    Broken(
      what: "a terminal's escape sequence", text: head + phases + "name: \u{1B}[31mred\n",
      place: "4:7", message: "U+1B"),
  ])
  func `is refused with its place, exit 104 and a JUnit error`(broken: Broken) throws {
    try workspace.write(broken.text, to: "broken.plan")
    let (ending, summary) = try workspace.summary(of: ["broken.plan"])
    #expect(ending.exitCode == 104)
    #expect(summary.exit == 104)
    #expect(summary.verdict == "error")
    #expect(summary.plan == "broken")
    #expect(summary.files.recording == nil)
    #expect(ending.errors.hasPrefix("broken.plan:\(broken.place): error: "), "\(ending.errors)")
    #expect(ending.errors.contains(broken.message), "\(ending.errors)")
    #expect(!ending.errors.contains("\u{1B}"))
    #expect(ending.errors.utf8.count < 10_000)

    let junit = try workspace.junit(of: "broken")
    #expect(junit.cases.count == 1)
    let error = try #require(junit.cases("error").first)
    #expect(error.type == "invalid-plan")
    #expect(error.message?.hasPrefix("broken.plan:\(broken.place): error: ") == true)
    #expect(workspace.files(in: "reports/broken") == ["TEST-broken.xml"])
  }

  @Test func `a missing file is an invalid plan`() throws {
    let ending = try workspace.run(["nowhere.plan"])
    #expect(ending.exitCode == 104)
    #expect(
      ending.errors.contains("nowhere.plan:1:1: error: the file cannot be read: No such file"))
    #expect(ending.output.isEmpty)
    #expect(try workspace.junit(of: "nowhere").cases("error").count == 1)
  }

  @Test func `a directory is no plan`() throws {
    let ending = try workspace.run(["."])
    #expect(ending.exitCode == 104)
    #expect(ending.errors.contains("directory"))
  }

  @Test func `shows the line with a caret`() throws {
    try workspace.write(Self.head + "phases:\n  - hodl: 1s\n", to: "typo.plan")
    let ending = try workspace.run(["typo.plan"])
    #expect(
      ending.errors.contains("  3 |   - hodl: 1s\n    |     ^ did you mean 'hold'?"),
      "\(ending.errors)")
  }

  @Test func `reports all errors of a file at once`() throws {
    try workspace.write(
      "server: {listn: x}\nphases:\n  - hold: 1\n  - close: rest\n", to: "many.plan")
    let ending = try workspace.run(["many.plan"])
    #expect(ending.errorLines.count { $0.hasPrefix("many.plan:") } >= 3, "\(ending.errors)")
  }

  @Test func `of several plans all are run and the worst decides`() throws {
    let network = try Loopback()
    let (one, two) = (PlanText(goal: "40"), PlanText(goal: "40", thresholds: ["connections > 40"]))
    try workspace.write(one.on(network), to: "good.plan")
    try workspace.write(two.on(network), to: "missed.plan")
    try workspace.write("phases: []\n", to: "broken.plan")
    let ending = try workspace.run(
      ["missed.plan", "broken.plan", "nowhere.plan", "good.plan", "--json", "--quiet"])
    #expect(ending.exitCode == 104)
    let lines = ending.output.split(separator: "\n")
    let summaries = try lines.map { try JSONDecoder().decode(Summary.self, from: Data($0.utf8)) }
    #expect(summaries.map(\.plan) == ["missed", "broken", "nowhere", "good"])
    #expect(summaries.map(\.exit) == [99, 104, 104, 0])
    #expect(workspace.files(in: "reports") == ["broken", "good", "missed", "nowhere"])

    #expect(try workspace.run(["good.plan", "missed.plan", "--quiet"]).exitCode == 99)
    #expect(try workspace.run(["good.plan", "good.plan", "--quiet"]).exitCode == 64)
  }
}
