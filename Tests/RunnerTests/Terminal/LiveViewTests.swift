import Foundation
import Testing

/// The live view and the summary as someone sees them who sits before a terminal, from a shell with
/// job control.
@Suite(
  .tags(.realKernel), .serialized,
  .enabled(if: FileManager.default.isExecutableFile(atPath: TerminalPair.tmux), "no tmux"))
struct LiveViewTests {
  private let workspace: Workspace

  init() throws {
    workspace = try Workspace()
    // A minute of ramp, unless the goal is small.
    let plan = PlanText(
      goal: "18k", phases: ["ramp: {to: \"${goal}\", rate: 300/s}", "close: reset"])
    let text = plan.on(try Loopback())
    for name in ["slow", "next"] { try workspace.write(text, to: "\(name).plan") }
  }

  /// A shell that has begun the run; its prompt is "$ ".
  private func terminal(
    columns: Int = 80, _ arguments: String = "slow.plan"
  ) throws -> TerminalPair {
    let terminal = try TerminalPair(
      upper: ["env", "PS1=$ ", "ENV=", "/bin/sh", "-i"], columns: columns, in: workspace)
    #expect(terminal.shows("$", pane: 0))
    try terminal.type("\(RunningProgram.path) \(arguments) --preflight off", pane: 0)
    return terminal
  }

  private func text(_ terminal: TerminalPair) -> String {
    terminal.lines(ofPane: 0).joined(separator: "\n")
  }

  // MARK: How it looks

  @Test(arguments: [80, 200], [false, true])
  func `shows phase, bar, counts and rate, in colour or without`(
    columns: Int, colour: Bool
  ) throws {
    let terminal = try terminal(columns: columns, colour ? "slow.plan" : "slow.plan --no-color")
    #expect(terminal.shows("% of 18,000, ", pane: 0))
    #expect(terminal.shows("/s   memory left ", pane: 0))
    #expect(
      holds(within: .seconds(20)) {
        text(terminal).contains(/established [1-9][\d,]*   accepted [1-9]/)
      })
    // A look may fall between two pictures, when there is nothing, or a part.
    var lines: [Substring] = []
    let isWhole = holds(within: .seconds(20)) {
      lines = terminal.lines(ofPane: 0)
      guard
        let title = lines.lastIndex(where: { $0.hasPrefix("slow  ramp to 18,000 at 300/s") }),
        title + 3 < lines.count
      else { return false }
      return (lines[title + 1].hasPrefix("█") || lines[title + 1].hasPrefix("░"))
        && lines[title + 2].hasPrefix("established ") && lines[title + 3].hasPrefix("rate ")
    }
    #expect(isWhole, "\(lines)")
    // One picture: each is drawn where the one before was.
    #expect(lines.count { $0.hasPrefix("established ") } == 1, "\(lines)")
    let hasColour = holds(within: .seconds(colour ? 20 : 1)) {
      terminal.coloured(pane: 0).contains("\u{1B}[36m")
    }
    #expect(hasColour == colour)
    try terminal.press("C-c", pane: 0)
    #expect(terminal.shows("report            reports/slow/report.html", pane: 0))
  }

  @Test(arguments: [80, 200], ["", " --no-color"])
  func `ends with a summary, and the view is gone`(columns: Int, option: String) throws {
    let terminal = try terminal(columns: columns, "slow.plan --set goal=100" + option)
    #expect(terminal.shows("report            reports/slow/report.html", pane: 0))
    let lines = terminal.lines(ofPane: 0)
    #expect(lines.contains("passed: 100 of 100 connections"), "\(lines)")
    #expect(!lines.contains { $0.hasPrefix("established ") }, "\(lines)")
    #expect(!lines.contains { $0.contains("█") })
    #expect(terminal.coloured(pane: 0).contains("\u{1B}[1m\u{1B}[32mpassed") == option.isEmpty)
    try terminal.type("echo $((6 * 7))", pane: 0)
    #expect(terminal.shows("42", pane: 0))
  }

  // MARK: Being interrupted

  @Test(arguments: ["slow.plan", "slow.plan next.plan"])
  func `Ctrl-C takes the view away and leaves a summary and a prompt`(plans: String) throws {
    let terminal = try terminal(plans)
    #expect(terminal.shows("established ", pane: 0))
    try terminal.press("C-c", pane: 0)
    #expect(terminal.shows("report            reports/slow/report.html", pane: 0))
    try terminal.type("echo code $?", pane: 0)
    #expect(terminal.shows("code 105", pane: 0))
    let lines = terminal.lines(ofPane: 0)
    #expect(lines.contains { $0.hasPrefix("interrupted ") }, "\(lines)")
    #expect(lines.contains { $0.hasPrefix("slow: interrupted; ") }, "\(lines)")
    #expect(!lines.contains { $0.hasPrefix("established ") }, "\(lines)")
  }

  @Test(arguments: ["slow.plan", "slow.plan next.plan"])
  func `Ctrl-Z leaves the terminal to the shell, and fg draws the view again`(
    plans: String
  ) throws {
    let terminal = try terminal(plans)
    #expect(terminal.shows("established ", pane: 0))
    try terminal.press("C-z", pane: 0)
    #expect(terminal.shows("Stopped", pane: 0))
    let stopped = terminal.lines(ofPane: 0).last { $0.hasPrefix("established ") }
    // What is typed and said now stands below the picture, and nothing draws over it.
    try terminal.type("echo sane $((6 * 7))", pane: 0)
    #expect(terminal.shows("sane 42", pane: 0))
    #expect(terminal.lines(ofPane: 0).last { $0.hasPrefix("established ") } == stopped)

    try terminal.type("fg", pane: 0)
    #expect(
      holds(within: .seconds(20)) {
        terminal.lines(ofPane: 0).count { $0.hasPrefix("established ") } == 2
      }, "\(text(terminal))")
    let lines = terminal.lines(ofPane: 0)
    let said = try #require(lines.firstIndex { $0.hasPrefix("sane 42") })
    let pictures = lines.indices.filter { lines[$0].hasPrefix("established ") }
    try #require(pictures.count == 2, "\(lines)")
    #expect(pictures[0] < said && said < pictures[1], "\(lines)")
    try terminal.press("C-c", pane: 0)
    #expect(terminal.shows("report            reports/slow/report.html", pane: 0))
    #expect(terminal.shows("sane 42", pane: 0))
  }

  @Test func `in the background nothing is drawn over the shell`() throws {
    let terminal = try terminal("slow.plan --set goal=3k")
    #expect(terminal.shows("established ", pane: 0))
    try terminal.press("C-z", pane: 0)
    #expect(terminal.shows("Stopped", pane: 0))
    try terminal.type("bg", pane: 0)
    try terminal.type("echo sane $((6 * 7))", pane: 0)
    #expect(terminal.shows("sane 42", pane: 0))
    // It goes on, and says what it came to.
    #expect(terminal.shows("passed: 3,000 of 3,000 connections", pane: 0, within: .seconds(60)))
    let lines = terminal.lines(ofPane: 0)
    #expect(lines.count { $0.hasPrefix("established ") } == 1, "\(lines)")
    #expect(lines.contains { $0.hasPrefix("sane 42") }, "\(lines)")
  }

  @Test func `a terminal that becomes narrower is redrawn in place`() throws {
    let terminal = try terminal(columns: 120)
    #expect(terminal.shows("% of 18,000, ", pane: 0))
    // The bar and the counts are wider than that.
    try terminal.resize(columns: 40)
    #expect(
      holds(within: .seconds(20)) {
        let lines = terminal.lines(ofPane: 0)
        return lines.count { $0.contains("░") } == 1
          && lines.count { $0.hasPrefix("established ") } == 1
          && lines.allSatisfy { $0.count <= 40 }
      }, "\(text(terminal))")
    try terminal.press("C-c", pane: 0)
    #expect(terminal.shows("interrupted", pane: 0))
  }
}
