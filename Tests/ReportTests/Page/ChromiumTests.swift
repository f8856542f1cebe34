import Foundation
import Judgement
import Plan
import Recording
import Testing

@testable import Report

/// The page in a real browser.
@Suite(.serialized, .enabled(if: Chromium.isThere, "no chromium")) struct ChromiumTests {
  private let folder: Folder

  init() throws {
    folder = try Folder()
    try folder.write(stylesheet, to: "report.css")
    try folder.write(script, to: "report.js")
  }

  struct Page: CustomTestStringConvertible {
    let testDescription: String
    let bytes: @Sendable () -> [UInt8]

    static let all = [
      Page(testDescription: "a million connections") {
        html(Large.recording(), Large.judgement(), earlier: Large.earlier)
      },
      Page(testDescription: "an hour") { html(Hour.recording, judge(Hour.recording)) },
      Page(testDescription: "an expected limit") {
        html(Sample.expectedLimit, judge(Sample.expectedLimit))
      },
    ]
  }

  private func open(_ page: Page) throws -> String {
    try folder.write(page.bytes(), to: "report.html")
  }

  // MARK: From disk

  @Test(arguments: Page.all)
  func `opens from disk without a complaint, and asks the network for nothing`(
    page: Page
  ) throws {
    let visit = try Chromium().visit(open(page))
    #expect(visit.console == [])
    #expect(visit.requests == [])
    let root = try XMLNode.parse(visit.page, as: .html)
    #expect(root.all.count { $0.name == "h1" } == 1)
    // The script has been there: it lets the keyboard reach every chart.
    let plots = root.all.filter { $0["class"] == "plot" }
    #expect(!plots.isEmpty)
    #expect(plots.allSatisfy { $0["tabindex"] == "0" })
  }

  @Test func `the browser tells what it was asked for, and what went wrong`() throws {
    let address = try folder.write(
      Array("<script>console.error('oh')</script><img src='http://127.0.0.1:9/x'>".utf8),
      to: "bad.html")
    let visit = try Chromium().visit(address)
    #expect(visit.console.contains { $0.contains("oh") })
    #expect(visit.requests.contains("http://127.0.0.1:9/x"))
  }

  @Test func `looks the same with scripts turned off, and another way without its styles`() throws {
    let address = try open(Page.all[2])
    let whole = try Chromium().picture(of: address)
    let still = Chromium(runsScripts: false)
    #expect(try still.picture(of: address) == whole)
    let root = try XMLNode.parse(still.visit(address).page, as: .html)
    #expect(!root.all.contains { $0["class"] == "plot" && $0["tabindex"] != nil })
    try FileManager.default.removeItem(at: folder.url("report.css"))
    #expect(try Chromium().picture(of: address) != whole)
  }

  @Test func `looks another way in the dark, and on a narrow screen`() throws {
    let address = try open(Page.all[2])
    let day = try Chromium().picture(of: address)
    #expect(try Chromium(isDark: true).picture(of: address) != day)
    #expect(try Chromium(width: Chromium.leastWidth).picture(of: address) != day)
  }

  @Test(arguments: Page.all)
  func `goes on paper`(page: Page) throws {
    let paper = try Chromium().paper(of: open(page))
    #expect(String(decoding: paper.prefix(5), as: UTF8.self) == "%PDF-")
    #expect(paper.count > 20_000)
  }

  // MARK: As an artifact

  @Test(
    .enabled(if: Python.path != nil, "no python3"), arguments: [Chromium.leastWidth, 1600],
    [false, true])
  func `looks the same under the policy that Jenkins puts on artifacts`(
    width: Int, isDark: Bool
  ) throws {
    let address = try open(Page.all[2])
    let server = try PolicyServer(folder)
    let chromium = Chromium(width: width, isDark: isDark)
    let picture = try chromium.picture(of: "\(server.address)/report.html")
    #expect(try picture == chromium.picture(of: address))
    let visit = try chromium.visit("\(server.address)/report.html")
    // The browser says once that it ran no script, which is what the policy is for.
    #expect(visit.console.count <= 1, "\(visit.console)")
    #expect(visit.console.allSatisfy { $0.contains("report.js") || $0.contains("script") })
    #expect(visit.requests.allSatisfy { $0.hasPrefix(server.address) })
    let root = try XMLNode.parse(visit.page, as: .html)
    #expect(!root.all.contains { $0["class"] == "plot" && $0["tabindex"] != nil })
  }

  // MARK: Hostile text

  @Test func `text from anywhere runs no script`() throws {
    let hostile = "\"'></title></style></svg></pre><img src=x onerror=\"document.title='owned'\">"
    let scripts = hostile + "<script>document.title='owned'</script><svg onload=alert(1)>"
    for text in [scripts, Sample.hostileText] {
      var recording = Sample.hostile
      recording.planName = text
      recording.effectivePlan = text
      recording.phases[0].name = text
      recording.phases[0].title = text
      recording.limits[0].fix = text
      recording.series.append(Sample.gauge(.source(text), text, [1, 2]))
      recording.series.append(Sample.gauge(.init(text), text, [1, 2]))
      let address = try folder.write(
        html(recording, Sample.hostileJudgement), to: "report.html")
      let visit = try Chromium().visit(address)
      #expect(visit.console == [])
      #expect(visit.requests == [])
      let root = try XMLNode.parse(visit.page, as: .html)
      let title = try #require(root.all.first { $0.name == "title" })
      #expect(title.text.contains("script") && title.text.hasSuffix(": limit"))
      #expect(root.all.filter { $0.name == "script" }.map { $0["src"] } == ["report.js"])
    }
  }
}
