import Foundation
import Testing

/// What a run leaves on the host and asks of its kernel: no more than the plan says. Each test is a
/// promise of SECURITY.md.
@Suite(.tags(.realKernel)) struct FootprintTests {
  private static let strace = "/usr/bin/strace"
  private static let hasStrace = FileManager.default.isExecutableFile(atPath: strace)

  private let workspace: Workspace
  private let network: Loopback

  init() throws {
    workspace = try Workspace()
    network = try Loopback()
    try workspace.write(PlanText().on(network), to: "a.plan")
  }

  private func mode(of name: String) throws -> Int? {
    let attributes = try FileManager.default.attributesOfItem(atPath: workspace.url(name).path)
    return attributes[.posixPermissions] as? Int
  }

  @Test func `recordings are their owner's, reports as the umask says`() throws {
    for _ in 0..<2 {
      let run = try workspace.run(
        ["a.plan", "--quiet"], shell: "umask 022; exec \"$0\" \"$@\"")
      #expect(run.exitCode == 0, "\(run.errors)")
    }
    let earlier = try #require(workspace.files(in: "reports/a/history").first)
    let recording = "reports/a/run.recording"
    let merged = try workspace.run(
      ["merge", recording, "reports/a/history/\(earlier)", "--force", "-o", "whole"],
      shell: "umask 0; exec \"$0\" \"$@\"")
    #expect(merged.exitCode == 0, "\(merged.errors)")
    for name in [recording, "reports/a/history/\(earlier)", "whole"] {
      #expect(try mode(of: name) == 0o600, "\(name)")
    }
    for name in ["TEST-a.xml", "report.html", "report.css", "report.js"] {
      #expect(try mode(of: "reports/a/\(name)") == 0o644, "\(name)")
    }
    #expect(
      workspace.files(in: "reports/a")
        == ["TEST-a.xml", "history", "report.css", "report.html", "report.js", "run.recording"])
    let exported = try workspace.run(
      ["export", recording, "--format", "csv", "-o", "x.csv"],
      shell: "umask 077; exec \"$0\" \"$@\"")
    #expect(exported.exitCode == 0, "\(exported.errors)")
    #expect(try mode(of: "x.csv") == 0o600)
  }

  @Test(.enabled(if: hasStrace, "no strace"))
  func `a run executes nothing, listens where its plan says, and connects nowhere else`() throws {
    try workspace.write(
      PlanText(server: "processes: 1", clients: "processes: 1").on(network), to: "a.plan")
    let run = try workspace.run(
      ["a.plan", "--quiet"],
      shell: "exec \(Self.strace) -f -o calls -e trace=execve,execveat,listen,bind,connect,setns "
        + "\"$0\" \"$@\"")
    #expect(run.exitCode == 0, "\(run.errors)")
    let all = try workspace.text(of: "calls").split(separator: "\n")
    func calls(of name: String) -> [Substring] { all.filter { $0.contains(" \(name)(") } }
    #expect(calls(of: "execve").count == 1)
    #expect(calls(of: "execveat").isEmpty)
    #expect(calls(of: "listen").count == 1)
    let endpoint =
      "sin_port=htons(\(network.port)), sin_addr=inet_addr(\"\(network.listen)\")"
    #expect(calls(of: "bind").count { $0.contains(endpoint) } == 1)
    let connects = calls(of: "connect").filter { $0.contains("AF_INET") }
    #expect(connects.count >= 500)
    #expect(connects.allSatisfy { $0.contains(endpoint) || isToLoopback($0) })
    // Some are datagrams to itself, which tell whether loopback is tracked.
    #expect(connects.count { !$0.contains(endpoint) } < 10)
    #expect(calls(of: "bind").filter { $0.contains("AF_INET") }.allSatisfy(isToLoopback))
  }

  private func isToLoopback(_ call: Substring) -> Bool { call.contains("inet_addr(\"127.") }

  @Test(arguments: [
    ["run", "NAME.plan"], ["check", "NAME.plan"], ["doctor", "NAME.plan"], ["report", "NAME"],
    ["export", "NAME", "--format", "csv"], ["compare", "NAME", "NAME"],
    ["merge", "NAME", "NAME", "-o", "out"], ["replay", "NAME"],
  ])
  func `no name of a file drives the terminal`(command: [String]) throws {
    let name = "x\u{1B}[2J\u{9B}31m"
    try workspace.write("phases: []\n", to: "\(name).plan")
    try workspace.write("no recording", to: name)
    try workspace.write("no report", to: "TEST-\(name).xml")
    let ending = try workspace.run(command.map { $0.replacing("NAME", with: name) })
    let said = (ending.output + ending.errors).unicodeScalars
    #expect(!said.isEmpty)
    #expect(!said.contains("\u{1B}") && !said.contains("\u{9B}"), "\(command)")
  }
}
