import Foundation
import Testing

/// The classic pair, as someone sees it who sits before two terminals.
@Suite(.tags(.realKernel)) struct PairTests {
  @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: TerminalPair.tmux), "no tmux"))
  func `serve above, connect below: a prompt, an echo, an end`() throws {
    let workspace = try Workspace()
    let network = try Loopback()
    let runner = RunningProgram.path
    let terminal = try TerminalPair(
      upper: [runner, "serve", "--listen", network.endpoint, "--verbose"], in: workspace)
    #expect(terminal.shows("listening on \(network.endpoint) with 1 process", pane: 0))
    try terminal.split([
      runner, "connect", network.endpoint, "-n", "3", "--sources", network.sources(3),
    ])
    #expect(terminal.shows("3 connections to \(network.endpoint) stand", pane: 1))
    #expect(terminal.shows("3 connections, 3 accepted, 0 closed", pane: 0))

    try terminal.type("list")
    #expect(terminal.shows("\(network.source(2)):1024", pane: 1))
    let row = try #require(
      terminal.lines(ofPane: 1).first { $0.contains("\(network.source(2)):1024") })
    let descriptor = try #require(row.split(separator: " ").first)
    try terminal.type("send \(descriptor) hello")
    #expect(terminal.shows("[descriptor \(descriptor)] \"hello\\n\"", pane: 1))
    #expect(terminal.shows("] \"hello\\n\"", pane: 0))
    // The echo came while the prompt stood; it has a line of its own, and the prompt the last one.
    let lines = terminal.lines(ofPane: 1)
    #expect(lines.contains("[descriptor \(descriptor)] \"hello\\n\""), "\(lines)")
    #expect(holds(within: .seconds(20)) { terminal.lines(ofPane: 1).last?.first == ">" })

    try terminal.press("C-c", pane: 0)
    #expect(terminal.shows("3 accepted, 3 seen at once", pane: 0))
    #expect(terminal.shows("] closed by the peer", pane: 1))
    try terminal.press("C-d", pane: 1)
    #expect(terminal.shows("0 open, 3 opened, 0 failed, 3 closed by the peer", pane: 1))
  }
}
