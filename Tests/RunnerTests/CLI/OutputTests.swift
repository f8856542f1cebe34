import Foundation
import Testing

/// Where the program writes what, and what it makes of streams and directories that fail it.
@Suite(.tags(.realKernel)) struct OutputTests {
  private let workspace: Workspace

  init() throws {
    workspace = try Workspace()
    try workspace.write(PlanText(goal: "50").on(try Loopback()), to: "a.plan")
  }

  @Test(arguments: [[], ["--progress", "plain"], ["--progress", "auto"]])
  func `without a terminal, progress is one line a phase`(arguments: [String]) throws {
    let ending = try workspace.run(["a.plan"] + arguments)
    let phases = ending.errorLines.filter { $0.first == "[" }
    #expect(
      phases.allSatisfy { $0.prefixMatch(of: #/\[\d+:\d\d\] a: /#) != nil }, "\(ending.errors)")
    #expect(
      phases.map { $0.drop { $0 != "a" } } == [
        "a: ramp to 50 at 10,000/s", "a: hold for 300 ms", "a: close with reset",
      ])
    // A busy machine may be slower than planned, and that is told.
    #expect(
      ending.errorLines.filter { $0.first != "[" }.allSatisfy {
        $0.prefixMatch(of: #/a: ramp: .* planned: /#) != nil
      }, "\(ending.errors)")
    #expect(ending.output.contains("passed: 50 of 50 connections"))
    #expect(!ending.output.contains("hold for"))
  }

  @Test func `--quiet says nothing at all`() throws {
    let ending = try workspace.run(["a.plan", "--quiet"])
    #expect(ending.exitCode == 0)
    #expect(ending.output.isEmpty)
    #expect(ending.errors.isEmpty)
  }

  @Test func `--quiet keeps results and errors`() throws {
    let (ending, _) = try workspace.summary(of: ["a.plan", "--quiet"])
    #expect(ending.errors.isEmpty)
    #expect(try workspace.run(["nowhere.plan", "--quiet"]).errors.contains("nowhere.plan:1:1"))
  }

  @Test func `--progress none leaves the summary`() throws {
    let ending = try workspace.run(["a.plan", "--progress", "none"])
    #expect(ending.errors.isEmpty)
    #expect(ending.output.contains("passed: 50 of 50 connections"))
  }

  @Test(arguments: [[:], ["NO_COLOR": "1"], ["CI": "true"], ["TERM": "dumb"], ["TERM": "xterm"]])
  func `nothing that is not a terminal gets escape sequences`(
    environment: [String: String]
  ) throws {
    let ending = try workspace.run(["a.plan"], environment: environment)
    #expect(ending.exitCode == 0)
    #expect(!(ending.output + ending.errors).contains("\u{1B}"))
    for file in ["TEST-a.xml", "report.html", "report.css"] {
      #expect(!(try workspace.text(of: "reports/a/\(file)")).contains("\u{1B}"))
    }
  }

  @Test func `a live view is redrawn in place, clipped to 80 columns and taken away`() throws {
    let ending = try workspace.run(["a.plan", "--progress", "live", "--no-color"])
    #expect(ending.exitCode == 0)
    #expect(ending.errors.hasSuffix("\u{1B}[J"))
    #expect(!ending.errors.contains("\u{1B}[3"))
    let pictures = ending.errors.split(separator: /\u{1B}\[\d+A\u{1B}\[J/)
    #expect(pictures.count >= 3)
    #expect(pictures.contains { $0.contains("established 50   accepted 50") })
    #expect(pictures.allSatisfy { $0.split(separator: "\n").allSatisfy { $0.count <= 80 } })
  }

  @Test func `a live view shows the limit from the moment it is seen`() throws {
    // A server at its limit leaves its clients two seconds to settle.
    let plan = PlanText(goal: "1k", server: "processes: 1", clients: "processes: 4")
    try workspace.write(plan.on(try Loopback()), to: "full.plan")
    let ending = try workspace.run(
      ["full.plan", "--progress", "live"], shell: "ulimit -n 300; exec \"$0\" \"$@\"")
    #expect(ending.exitCode == 100)
    #expect(ending.errors.contains("\u{1B}[33mlimit: server accept4 EMFILE\u{1B}[0m\n"))
    #expect(ending.errors.contains("full: limit: server accept4: EMFILE (Too many open files)\n"))
    #expect(ending.errors.hasSuffix("\u{1B}[J"))
  }

  @Test(arguments: [
    "\"$0\" \"$@\" | head -n 0", "\"$0\" \"$@\" >&-", "\"$0\" \"$@\" 2>&-",
    "\"$0\" \"$@\" <&- >&- 2>&-", "\"$0\" \"$@\" 2>/dev/full",
    "\"$0\" \"$@\" 2>&1 | head -n 0",
  ])
  func `streams that are closed or full do not stop a run`(script: String) throws {
    for options in [["--json"], []] {
      // The status of a pipe is that of its last command.
      let ending = try workspace.run(
        ["a.plan"] + options, shell: "(\(script)); echo $? >status; exit 0")
      #expect(ending.exitCode == 0)
      #expect(try workspace.text(of: "status") == "0\n")
      let recording = try workspace.recording(of: "a")
      #expect(recording.complete)
      #expect(recording.verdict == .passed)
    }
  }

  @Test func `a result that its stream had no room for is exit 107`() throws {
    for options in [["--json"], []] {
      let ending = try workspace.run(["a.plan"] + options, shell: "exec \"$0\" \"$@\" >/dev/full")
      #expect(ending.exitCode == 107)
      #expect(
        ending.errorLines.contains(
          "runner: standard output cannot be written: No space left on device"))
      #expect(try workspace.recording(of: "a").verdict == .passed)
    }
  }

  @Test func `the program itself ends well when nobody reads its output`() throws {
    let script = "{ \"$0\" \"$@\"; echo $? >status; } 2>&1 | head -n 0; exit 0"
    _ = try workspace.run(["a.plan", "--json"], shell: script)
    #expect(holds(within: .seconds(20)) { self.workspace.exists("status") })
    #expect(holds(within: .seconds(20)) { (try? self.workspace.text(of: "status")) == "0\n" })
  }

  @Test(arguments: ["file", "file/below", "/proc/nowhere", "/dev/null/x"])
  func `a directory that cannot be written to is exit 107`(out: String) throws {
    try workspace.write("in the way", to: "file")
    let ending = try workspace.run(["a.plan", "--out", out])
    #expect(ending.exitCode == 107)
    #expect(ending.output.isEmpty)
    #expect(ending.errorLines.count == 1, "\(ending.errors)")
    #expect(ending.errors.hasPrefix("runner: a: "))
    #expect(ending.errors.contains(out), "\(ending.errors)")
  }

  @Test func `a report that cannot be written is exit 107, before anything runs`() throws {
    try workspace.write("in the way", to: "file")
    for option in ["--junit", "--html"] {
      let ending = try workspace.run(["a.plan", option, "file/x", "--progress", "none"])
      #expect(ending.exitCode == 107)
      #expect(ending.errors == "runner: a: file: Not a directory\n", "\(ending.errors)")
      #expect(!workspace.exists("reports/a/run.recording"))
    }
  }

  @Test func `an invalid plan whose report cannot be written is exit 107`() throws {
    try workspace.write("in the way", to: "file")
    let ending = try workspace.run(["nowhere.plan", "--out", "file"])
    #expect(ending.exitCode == 107)
    #expect(ending.errors.contains("nowhere.plan:1:1: error:"))
    #expect(ending.errors.contains("a report cannot be written"))
  }
}
