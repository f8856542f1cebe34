import Foundation
import Plan
import Recording
import Testing

/// What docs/plan-language.md says is so.
@Suite struct PlanPageTests {
  private let page: PlanPage
  private let directory: TemporaryDirectory

  init() throws {
    page = try PlanPage()
    directory = try TemporaryDirectory()
    try page.write(to: directory.url)
  }

  private func load(_ text: String, _ overrides: [String: String] = [:]) throws -> Plan {
    let url = directory.url.appendingPathComponent("page.plan")
    try Data(text.utf8).write(to: url)
    return try Plan.load(file: url.path, overrides: overrides)
  }

  @Test func `every example is a plan, and reads the same from its effective form`() throws {
    #expect(page.examples.count >= 30)
    for example in page.examples {
      do {
        let plan = try load(example.text)
        let again = try Plan.read(
          text: plan.effective, file: plan.file, files: Plan.attached(plan.attachments))
        #expect(again.effective == plan.effective, "line \(example.line)")
        #expect(again.essence == plan.essence, "line \(example.line)")
      } catch {
        Issue.record("line \(example.line): \(error)")
      }
    }
  }

  @Test func `every error is what its plan gives`() throws {
    #expect(page.mistakes.count >= 150)
    for mistake in page.mistakes {
      do {
        _ = try load(mistake.text, mistake.overrides)
        Issue.record("line \(mistake.line): this plan is valid")
      } catch let error as InvalidPlan {
        #expect(
          error.diagnostics.map(\.message) == [mistake.error], "line \(mistake.line): \(error)")
      }
    }
  }

  @Test func `no error stands there twice`() {
    var known: Set<String> = []
    for mistake in page.mistakes {
      #expect(known.insert(mistake.text).inserted, "line \(mistake.line)")
    }
  }

  @Test func `every metric has an example`() {
    let examples = page.examples.map(\.text).joined()
    for metric in Metric.all where metric != .held {
      #expect(examples.contains("- \(metric.name) "), "\(metric)")
    }
  }
}
