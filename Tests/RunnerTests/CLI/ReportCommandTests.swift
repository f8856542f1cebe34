import Foundation
import Recording
import Testing

/// `runner report` and `runner export`: a run is over, and its recording is all there is.
@Suite(.tags(.realKernel)) struct ReportCommandTests {
  private let workspace: Workspace

  init() throws {
    workspace = try Workspace()
    try whole.write(to: workspace.url("run.recording").path)
  }

  private var whole: Recording {
    Recording(planName: "a") {
      $0.planFile = "a.plan"
      $0.planText = """
        server: {listen: "127.0.0.1:9000"}
        phases: [{ramp: {to: 100}}]
        thresholds: [connections >= 100]

        """
      $0.started = "2026-01-02T03:04:05.678Z"
      $0.duration = 1
      $0.hostname = "box"
      $0.phases = [
        PhaseRecord(
          name: "ramp", kind: .ramp, title: "ramp to 100", planLine: 2, goal: 100, started: 0,
          ended: 1, outcome: .done, established: 100, accepted: 100)
      ]
      $0.series = [
        Series(
          key: .established, unit: "connections", kind: .gauge, points: [.init(at: 1, value: 100)])
      ]
    }
  }

  private func bytes(_ name: String) throws -> Data { try Data(contentsOf: workspace.url(name)) }

  private let formats = ["csv", "json", "hlog", "openmetrics"]

  // MARK: report

  @Test func `reports stand beside the recording, which stays as it is`() throws {
    let before = try bytes("run.recording")
    let ending = try workspace.run(["report", "run.recording"])
    #expect(ending.exitCode == 0)
    #expect(ending.output.contains("passed: 100 of 100 connections"))
    #expect(ending.errors.isEmpty)
    #expect(
      workspace.files(in: ".").filter { !$0.hasPrefix(".") }
        == ["TEST-a.xml", "report.css", "report.html", "report.js", "run.recording"])
    #expect(try bytes("run.recording") == before)
    #expect(try JUnitFile(workspace.url("TEST-a.xml")).cases.map(\.outcome) == [nil, nil])
  }

  @Test func `options move the reports`() throws {
    let (_, summary) = try workspace.summary(of: [
      "report", "run.recording", "--out", "out", "--junit", "x/j.xml",
    ])
    #expect(summary.files.html == "out/report.html")
    #expect(summary.files.junit == "x/j.xml")
    #expect(summary.files.recording == "run.recording")
    #expect(workspace.files(in: "out") == ["report.css", "report.html", "report.js"])
    #expect(workspace.files(in: "x") == ["j.xml"])
    #expect(!workspace.exists("report.html"))
  }

  @Test func `a pipe stays a pipe, and gets the whole report`() throws {
    let script = """
      mkdir pipes && mkfifo pipes/html pipes/junit
      cat pipes/html >page & cat pipes/junit >cases &
      "$0" "$@"; code=$?; wait; exit $code
      """
    let ending = try workspace.run(
      ["report", "run.recording", "--html", "pipes/html", "--junit", "pipes/junit", "--quiet"],
      shell: script)
    #expect(ending.exitCode == 0, "\(ending.errors)")
    #expect(workspace.files(in: "pipes") == ["html", "junit"])
    for pipe in ["html", "junit"] {
      let path = workspace.url("pipes/\(pipe)").path
      let type = try FileManager.default.attributesOfItem(atPath: path)[.type]
      #expect(type as? FileAttributeType != .typeRegular)
    }
    #expect(try workspace.text(of: "page").hasSuffix("</html>\n"))
    #expect(try JUnitFile(workspace.url("cases")).cases.count == 2)
  }

  @Test func `thresholds of the command line stand instead of the plan's`() throws {
    let (_, summary) = try workspace.summary(of: [
      "report", "run.recording", "--threshold", "connections >= 101", "--threshold", "phantom == 0",
    ])
    #expect(summary.exit == 99)
    #expect(summary.thresholds.map(\.passed) == [false, true])
    let wrong = try workspace.run(["report", "run.recording", "--threshold", "conections > 1"])
    #expect(wrong.exitCode == 64)
    #expect(wrong.errors.contains("did you mean 'connections'?"), "\(wrong.errors)")
  }

  @Test func `a run that was cut off is told as incomplete`() throws {
    var started = whole
    started.complete = false
    started.series = []
    let writer = try RecordingWriter(path: workspace.url("cut.recording").path, recording: started)
    try writer.append(
      Sample(
        at: 0.5,
        readings: [Reading(.established, unit: "connections", kind: .gauge, value: 50)]))
    // It is still open, as a run that was killed leaves it.
    let before = workspace.files(in: ".")
    for format in formats {
      let ending = try workspace.run(["export", "cut.recording", "--format", format])
      #expect(ending.exitCode == 0)
      #expect(ending.errors.contains("the recording is incomplete"))
    }
    let visible = { (name: String) in !name.hasPrefix(".") }
    #expect(workspace.files(in: ".").filter(visible) == before.filter(visible))
    let ending = try workspace.run(["report", "cut.recording", "--out", "out"])
    #expect(ending.exitCode == 1)
    #expect(ending.output.contains("incomplete recording: ends 500 ms into the run"))
    #expect(try workspace.text(of: "out/report.html").contains("Incomplete"))
    #expect(try JUnitFile(workspace.url("out/TEST-a.xml")).cases("error").count == 1)
    withExtendedLifetime(writer) {}
  }

  @Test func `a name from anyone leads to no other directory`() throws {
    var recording = whole
    recording.planName = "../../elsewhere"
    try recording.write(to: workspace.url("odd.recording").path)
    #expect(try workspace.run(["report", "odd.recording", "--out", "out"]).exitCode == 0)
    #expect(
      workspace.files(in: "out") == ["TEST-plan.xml", "report.css", "report.html", "report.js"])
  }

  @Test func `a file that is no recording costs no report beside it`() throws {
    #expect(try workspace.run(["report", "run.recording", "--quiet"]).exitCode == 0)
    let before = try (bytes("TEST-a.xml"), bytes("report.html"))
    try workspace.write("", to: "empty.recording")
    for file in ["report.html", "empty.recording", "none"] {
      #expect(try workspace.run(["report", file]).exitCode == 1)
      #expect(try bytes("TEST-a.xml") == before.0, "\(file)")
      #expect((try? bytes("report.html")) == before.1, "\(file)")
    }
    // What the command line names is replaced, and nothing besides.
    #expect(try workspace.run(["report", "TEST-a.xml", "--junit", "j.xml"]).exitCode == 1)
    #expect(try JUnitFile(workspace.url("j.xml")).cases("error").count == 1)
    #expect((try? bytes("report.html")) == before.1)
  }

  @Test(arguments: ["/dev/stdout", "link", "/dev/fd/1", "/proc/self/fd/1"])
  func `a report goes into an open descriptor, which no file replaces`(path: String) throws {
    try FileManager.default.createSymbolicLink(
      atPath: workspace.url("link").path, withDestinationPath: "/dev/stdout")
    let report = ["report", "run.recording", "--quiet", "--html", "p.html", "--junit", path]
    let toFile = try workspace.run(
      report, shell: "{ echo before; \"$0\" \"$@\"; echo after; } >r.xml")
    #expect(toFile.errors.isEmpty)
    let text = try workspace.text(of: "r.xml")
    #expect(text.hasPrefix("before\n<?xml") && text.hasSuffix("after\n"), "\(text)")
    let toPipe = try workspace.run(report, shell: "\"$0\" \"$@\" | cat >r.xml")
    #expect(toPipe.errors.isEmpty)
    #expect(try workspace.text(of: "r.xml").hasPrefix("<?xml"))
    let link = workspace.url("link").path
    #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link) == "/dev/stdout")
    #expect(
      try FileManager.default.destinationOfSymbolicLink(atPath: "/dev/stdout") == "/proc/self/fd/1")
  }

  @Test func `a damaged recording takes its own reports along, and no other program's`() throws {
    #expect(try workspace.run(["report", "run.recording", "--quiet"]).exitCode == 0)
    let maven = """
      <?xml version="1.0" encoding="UTF-8"?>
      <testsuite name="com.acme" tests="1"><testcase name="a" classname="b"/></testsuite>
      """
    try workspace.write(maven, to: "TEST-com.acme.xml")
    try workspace.write("<?xml version=\"1.0\"?>\n<testsuites>\u{1B}[2J&", to: "TEST-broken.xml")
    let other = try workspace.text(of: "TEST-a.xml")
    try workspace.write(other, to: "TEST-b.xml")
    try Data(bytes("run.recording").prefix(3000)).write(to: workspace.url("run.recording"))
    let ending = try workspace.run(["report", "run.recording"])
    #expect(ending.exitCode == 1)
    #expect(ending.errorLines.count == 1, "\(ending.errors)")
    #expect(try JUnitFile(workspace.url("TEST-a.xml")).cases("error").count == 1)
    #expect(!workspace.exists("report.html"))
    #expect(try workspace.text(of: "TEST-com.acme.xml") == maven)
    #expect(try workspace.text(of: "TEST-broken.xml").hasSuffix("&"))
    #expect(try workspace.text(of: "TEST-b.xml") == other)
  }

  @Test func `a damaged recording costs no other plan's reports where several share a directory`()
    throws
  {
    var other = whole
    other.planName = "b"
    try FileManager.default.createDirectory(
      at: workspace.url("b"), withIntermediateDirectories: true)
    try other.write(to: workspace.url("b/run.recording").path)
    for out in [["--out", "all"], []] {
      for recording in ["b/run.recording", "run.recording"] {
        #expect(try workspace.run(["report", recording, "--quiet"] + out).exitCode == 0)
      }
    }
    let kept = try workspace.text(of: "all/TEST-a.xml")
    try Data(bytes("b/run.recording").prefix(3000)).write(to: workspace.url("b/run.recording"))
    #expect(try workspace.run(["report", "b/run.recording", "--out", "all"]).exitCode == 1)
    #expect(try workspace.text(of: "all/TEST-a.xml") == kept)
    // The reports beside the recording tell which plan's it is.
    #expect(try JUnitFile(workspace.url("all/TEST-b.xml")).cases("error").count == 1)
    // The page is that of the last report, of plan a.
    #expect(workspace.exists("all/report.html"))
    #expect(try workspace.run(["report", "b/run.recording", "--out", "new"]).exitCode == 1)
    #expect(workspace.files(in: "new") == ["TEST-b.xml"])
  }

  @Test func `the page of a recording that is damaged goes, also where no XML is`() throws {
    #expect(try workspace.run(["report", "run.recording", "--quiet"]).exitCode == 0)
    try FileManager.default.removeItem(at: workspace.url("TEST-a.xml"))
    try Data(bytes("run.recording").prefix(3000)).write(to: workspace.url("run.recording"))
    #expect(try workspace.run(["report", "run.recording"]).exitCode == 1)
    #expect(!workspace.exists("report.html"))
  }

  // MARK: export

  @Test func `an export goes to standard output or to a file, the same bytes`() throws {
    for format in formats {
      let export = ["export", "run.recording", "--format", format]
      let printed = try workspace.run(export)
      #expect(printed.exitCode == 0)
      #expect(printed.errors.isEmpty)
      #expect(!printed.output.isEmpty)
      let written = try workspace.run(export + ["-o", "out/x"])
      #expect(written.exitCode == 0)
      #expect(written.output.isEmpty)
      #expect(try workspace.text(of: "out/x") == printed.output)
      #expect(workspace.files(in: "out") == ["x"])
    }
  }

  @Test func `an export that cannot be written whole is exit 107`() throws {
    let export = ["export", "run.recording", "--format", "csv"]
    let full = try workspace.run(export, shell: "\"$0\" \"$@\" >/dev/full")
    #expect(full.exitCode == 107)
    #expect(full.errors.contains("standard output cannot be written"))
    try workspace.write("in the way", to: "file")
    let nowhere = try workspace.run(export + ["-o", "file/x"])
    #expect(nowhere.exitCode == 107)
    #expect(nowhere.errors.contains("file/x cannot be written"))
  }

  // MARK: Both

  @Test(arguments: [["report"], ["export", "--format", "csv"]])
  func `what is no recording is exit 1, and stays as it is`(command: [String]) throws {
    try workspace.write("not SQLite", to: "odd")
    try workspace.write("", to: "empty")
    try Data(bytes("run.recording").prefix(3000)).write(to: workspace.url("short"))
    for (file, reason) in [
      ("odd", "is not a recording"), ("empty", "is empty"), ("short", "is damaged"),
      ("none", "There is no recording"),
    ] {
      let before = try? bytes(file)
      let ending = try workspace.run(command + [file])
      #expect(ending.exitCode == 1)
      #expect(ending.output.isEmpty)
      #expect(ending.errorLines.count == 1)
      #expect(ending.errors.contains(reason), "\(ending.errors)")
      #expect((try? bytes(file)) == before)
    }
    #expect(!workspace.exists("report.html"))
  }

  @Test(arguments: [
    ["report", "run.recording", "--html", "run.recording"],
    ["report", "run.recording", "--junit", "./run.recording"],
    ["export", "run.recording", "--format", "csv", "-o", "link"],
    ["export", "link", "--format", "csv", "-o", "run.recording"],
  ])
  func `nothing is written over the recording`(arguments: [String]) throws {
    try FileManager.default.createSymbolicLink(
      atPath: workspace.url("link").path, withDestinationPath: "run.recording")
    let before = try bytes("run.recording")
    let ending = try workspace.run(arguments)
    #expect(ending.exitCode == 64)
    #expect(ending.errors.contains("is the recording itself"))
    #expect(try bytes("run.recording") == before)
  }

  @Test(arguments: ["report", "export"])
  func `help has examples`(command: String) throws {
    let ending = try workspace.run([command, "--help"])
    #expect(ending.exitCode == 0)
    #expect(ending.output.contains("EXAMPLES:\n  runner \(command) "), "\(ending.output)")
  }
}
