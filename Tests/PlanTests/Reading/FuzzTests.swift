import Foundation
import Fuzzing
import Plan
import Testing

/// A hundred thousand plans that went wrong on the way: none crashes the reader or hangs it, and
/// whatever it says has a place.
@Suite struct FuzzTests {
  private static let seeds = 20
  private static let plansOfASeed = 5000
  private static let filesOfASeed = 1000

  private let good: [String]
  private let bad: [String]
  private let files: FileSource

  init() throws {
    let page = try PlanPage()
    let directory = PlanPage.root.appendingPathComponent("plans")
    let plans = try FileManager.default.contentsOfDirectory(atPath: directory.path).sorted()
      .filter { $0.hasSuffix(".plan") }
      .map { try String(contentsOf: directory.appendingPathComponent($0), encoding: .utf8) }
    good = plans + page.examples.map(\.text) + [minimal]
    bad = page.mistakes.map(\.text)
    files = Plan.attached(page.files.mapValues { Array($0.utf8) })
  }

  @Test(.timeLimit(.minutes(10)), arguments: 1...seeds)
  func `are refused with a place, or read as the same plan again`(seed: Int) {
    var mutator = Mutator(seed: UInt64(seed), good: good, bad: bad)
    var valid = 0
    for _ in 0..<Self.plansOfASeed {
      let text = mutator.next()
      do {
        let plan = try Plan.read(text: text, file: "fuzz.plan", files: files)
        valid += 1
        if let finding = plan.finding { Issue.record("\(finding)\n\(text)") }
      } catch {
        if let finding = error.finding { Issue.record("\(finding)\n\(text)") }
      }
    }
    // Both ways are gone often.
    #expect((Self.plansOfASeed / 20..<Self.plansOfASeed / 2).contains(valid))
  }

  @Test(.timeLimit(.minutes(10)), arguments: 1...seeds)
  func `files of conversations are refused with a place, or read as the same again`(
    seed: Int
  ) throws {
    let page = try CapturePage()
    var mutator = Mutator(
      seed: UInt64(seed), good: page.examples, bad: page.mistakes.map(\.text))
    var valid = 0
    for _ in 0..<Self.filesOfASeed {
      let text = mutator.next()
      do {
        let plan = try planPlaying(text)
        valid += 1
        if let finding = plan.finding { Issue.record("\(finding)\n\(text)") }
      } catch let error as InvalidPlan {
        if let finding = error.finding { Issue.record("\(finding)\n\(text)") }
      }
    }
    #expect((Self.filesOfASeed / 50..<Self.filesOfASeed / 2).contains(valid))
  }
}
