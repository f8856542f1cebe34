import Foundation
import Recording
import Report
import Testing

@testable import Runner

/// Where the files of a run belong, and what becomes of those of the run before.
@Suite struct RunFilesTests {
  @Test func `each plan has a directory, and options move single files`() {
    let files = RunFiles(plan: "p", out: "out", junit: nil, html: nil)
    #expect(files.recording == "out/p/run.recording")
    #expect(files.html == "out/p/report.html")
    #expect(files.stylesheet == "out/p/report.css")
    #expect(files.junit == "out/p/TEST-p.xml")

    let moved = RunFiles(plan: "p", out: "out", junit: "j.xml", html: "page.html")
    #expect(moved.junit == "j.xml")
    #expect(moved.stylesheet == "./report.css")
  }

  @Test func `a file that is no recording goes to history under its own time`() throws {
    let workspace = try Workspace()
    let files = RunFiles(plan: "p", out: workspace.directory.path, junit: nil, html: nil)
    try files.moveLastRecording()
    #expect(workspace.files(in: "p").isEmpty)

    try workspace.write("not SQLite", to: "p/run.recording")
    try workspace.write("log", to: "p/run.recording-wal")
    let then = Date(timeIntervalSince1970: 1_767_323_045.5)
    try FileManager.default.setAttributes([.modificationDate: then], ofItemAtPath: files.recording)
    try files.moveLastRecording()
    #expect(workspace.files(in: "p") == ["history"])
    #expect(
      workspace.files(in: "p/history")
        == ["20260102T030405.500Z.recording", "20260102T030405.500Z.recording-wal"])
  }

  @Test(arguments: [
    "/../../../climbed", "../../climbed", "", "a\u{1B}[2J",
    "2026-01-02T03:04:05.678Z/../../climbed",
  ])
  func `a recording of a stranger goes to history, wherever it says that it began`(
    started: String
  ) throws {
    let workspace = try Workspace()
    let files = RunFiles(plan: "p", out: workspace.url("out").path, junit: nil, html: nil)
    try RunFiles.makeDirectory(files.directory)
    try Recording(planName: "p") { $0.started = started }.write(to: files.recording)
    let then = Date(timeIntervalSince1970: 1_767_323_045.5)
    try FileManager.default.setAttributes([.modificationDate: then], ofItemAtPath: files.recording)
    try files.moveLastRecording()
    #expect(workspace.files(in: "out/p/history") == ["20260102T030405.500Z.recording"])
    #expect(workspace.files(in: "out") == ["p"])
  }

  @Test func `a recording in history is replaced by none that states the same start`() throws {
    let workspace = try Workspace()
    let files = RunFiles(plan: "p", out: workspace.directory.path, junit: nil, html: nil)
    try files.moveLastRecording()
    for text in ["first", "second", "third"] {
      try Recording(planName: text) { $0.started = "2026-01-02T03:04:05.678Z" }
        .write(to: files.recording)
      try files.moveLastRecording()
    }
    let names = workspace.files(in: "p/history")
    #expect(
      names.sorted() == [
        "20260102T030405.678Z-2.recording", "20260102T030405.678Z-3.recording",
        "20260102T030405.678Z.recording",
      ])
    #expect(
      try Recording.read(from: workspace.url("p/history/20260102T030405.678Z.recording").path)
        .planName == "first")
  }

  /// Who may write to the directory of another's run must not write elsewhere through that.
  @Test func `a link in the place of a file is replaced, and what it leads to stays`() throws {
    let workspace = try Workspace()
    let files = RunFiles(plan: "p", out: workspace.url("out").path, junit: nil, html: nil)
    try RunFiles.makeDirectory(files.directory)
    let page = "<!DOCTYPE html><html data-verdict=\"passed\">"
    try workspace.write(page, to: "page")
    try workspace.write("", to: "empty")
    let script = String(decoding: Report.script, as: UTF8.self)
    try workspace.write(script, to: "script")
    for (path, target) in [
      (files.html, "page"), (files.junit, "empty"), (files.stylesheet, "nowhere"),
      (files.recording, "nowhere"), (files.script, "script"),
    ] {
      try FileManager.default.createSymbolicLink(
        atPath: path, withDestinationPath: workspace.url(target).path)
    }
    try files.writePage(Array("new".utf8))
    try RunFiles.write(Array("<?xml".utf8), to: files.junit, over: .xml)
    #expect(throws: RecordingError.self) {
      try Recording(planName: "p").write(to: files.recording)
    }
    #expect(try workspace.text(of: "page") == page)
    #expect(try workspace.text(of: "empty").isEmpty)
    #expect(!workspace.exists("nowhere"))
    #expect(try workspace.text(of: "script") == script)
    for path in [files.html, files.junit, files.stylesheet, files.script] {
      let type = try FileManager.default.attributesOfItem(atPath: path)[.type] as? FileAttributeType
      #expect(type == .typeRegular, "\(path)")
    }
  }

  @Test func `a file appears whole, in directories that it may have to make`() throws {
    let workspace = try Workspace()
    let path = workspace.url("a/b/c.txt").path
    try RunFiles.write(Array("one".utf8), to: path)
    try RunFiles.write(Array("two".utf8), to: path)
    #expect(try workspace.text(of: "a/b/c.txt") == "two")
    #expect(workspace.files(in: "a/b") == ["c.txt"])
  }

  @Test(arguments: ["report.css", "report.js"])
  func `a style or a script that is another's is no report's, and then no page is written`(
    name: String
  ) throws {
    let workspace = try Workspace()
    try workspace.write("body { margin: 0 }\n", to: name)
    let files = RunFiles(
      plan: "p", out: workspace.url("out").path, junit: nil, html: workspace.url("page.html").path)
    #expect(throws: FileProblem.self) { try files.writePage(Array("new".utf8)) }
    #expect(try workspace.text(of: name) == "body { margin: 0 }\n")
    #expect(!workspace.exists("page.html"))
    try FileManager.default.removeItem(at: workspace.url(name))
    // Its own it may replace.
    let page = Array("<!DOCTYPE html><html data-verdict=\"passed\">".utf8)
    for _ in 0..<2 { try files.writePage(page) }
  }

  @Test func `a report takes the place of reports, and of nothing else`() throws {
    let workspace = try Workspace()
    try workspace.write("server: {listen: \"127.0.0.1:9000\"}\n", to: "a.plan")
    try workspace.write("SQLite format 3\u{0}", to: "run.recording")
    try workspace.write("<?xml version=\"1.0\"?>\n<testsuites>", to: "old.xml")
    try workspace.write("<?xml version=\"1.0\"?>\n<project>", to: "pom.xml")
    try workspace.write("<!DOCTYPE html>\n<p>mine", to: "mine.html")
    try workspace.write("", to: "empty")
    func refusal(_ name: String, _ kind: RunFiles.Replaceable) -> String? {
      do throws(FileProblem) {
        try RunFiles.check(writingTo: workspace.url(name).path, over: kind)
        try RunFiles.write(Array("<?xml".utf8), to: workspace.url(name).path, over: kind)
        return nil
      } catch {
        return error.reason
      }
    }
    #expect(refusal("a.plan", .xml) == "it is another kind of file, which is not written over")
    #expect(refusal("a.plan", .page) == refusal("a.plan", .xml))
    #expect(refusal("pom.xml", .xml) == refusal("a.plan", .xml))
    #expect(refusal("mine.html", .page) == refusal("a.plan", .xml))
    #expect(refusal("run.recording", .anything) == "it is a recording, which is not written over")
    for name in ["old.xml", "empty", "new"] { #expect(refusal(name, .xml) == nil) }
    // What it is nobody can tell.
    try FileManager.default.createSymbolicLink(
      atPath: workspace.url("loop").path, withDestinationPath: "loop")
    #expect(refusal("loop", .xml)?.contains("cannot be read, and is not written over") == true)
    #expect(refusal("mine.html", .style) == refusal("a.plan", .xml))
    #expect(refusal("mine.html", .script) == refusal("a.plan", .xml))
    let files = RunFiles(
      plan: "p", out: "out", junit: nil, html: workspace.url("a.plan").path)
    #expect(throws: FileProblem.self) { try files.removePage() }
    #expect(try workspace.text(of: "a.plan").hasPrefix("server"))
  }
}
