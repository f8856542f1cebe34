import Coordination
import Foundation
import Judgement
import Recording
import Simulation
import Testing

@testable import Oracle

/// Whole runs on a simulated host, held against what has really happened there.
@Suite struct OracleTests {
  @Test func `what is said of a run is so, whatever fails in it`() throws {
    let directory = NSTemporaryDirectory() + "oracle-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: directory) }
    let tally = Tally(of: Scenario.quickSeeds, in: directory)
    #expect(tally.played >= 500)
    for wrong in tally.wrong {
      Issue.record("seed \(wrong.seed): \(wrong.findings.map(\.description))")
    }
    #expect(
      tally.coverage.failures.count >= 400,
      "of \(Aim.all.count) aims \(tally.coverage.holes.failures)")
  }

  /// Seeds that have found something once.
  @Test(
    arguments: [
      // ENFILE of a churn or a search was called a want of memory.
      610, 721, 961,
      // A search left a recording with a negative count, which nobody could read.
      1381, 1944,
      // A listener that could not be prepared was counted as one that could not be bound.
      13,
      // Late answers to messages that were remembered no more were called wrong.
      6107,
      // A server out of epoll watches said so in the first phase only.
      3197,
    ] as [UInt64])
  func `what was once wrong is right`(seed: UInt64) {
    #expect(findings(ofSeed: seed) == [])
  }

  /// Seeds of which the oracle once claimed something that was not so.
  @Test(
    arguments: [
      // Pieces of answers were left out, so that what followed was wrong indeed.
      2831, 4787,
      // Of a text that is always the same, one answer more than were left out looks missing.
      5351,
      // Resets that the client had not heard of yet.
      3791,
      // A full server turned connections away with words, which came after a message had been begun.
      9791,
    ] as [UInt64])
  func `what is so is not called wrong`(seed: UInt64) {
    #expect(findings(ofSeed: seed) == [])
  }

  @Test func `the same seed makes the same scenario`() {
    let texts = ([7, 7, 8] as [UInt64]).map { "\(Scenario(seed: $0))" }
    #expect(texts[0] == texts[1])
    #expect(texts[0] != texts[2])
  }

  @Test func `every aim comes up before one comes again, however many there are`() {
    for count in 1...500 {
      let all = Array(0..<count)
      let aims = all.map { ScenarioMaker.aim($0, of: all, stride: 97) }
      #expect(Set(aims).count == count)
    }
  }

  private func findings(ofSeed seed: UInt64) -> [String] {
    // One of its own, so that what a run that was killed has left is in nobody's way.
    let directory = NSTemporaryDirectory() + "oracle-\(UUID().uuidString)"
    try? FileManager.default.createDirectory(
      atPath: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: directory) }
    return Oracle.findings(of: Scenario(seed: seed), in: directory).map(\.description)
  }
}
