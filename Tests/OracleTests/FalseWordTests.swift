import Coordination
import Foundation
import Judgement
import Plan
import Recording
import Simulation
import Testing

@testable import Oracle

/// The oracle notices what is said and is not so.
@Suite struct FalseWordTests {
  /// A run that has met a limit in its first phase, without a death: a worker's descriptors, or the host's files.
  private static let seed = (0..<1000 as Range<UInt64>).first { seed in
    let scenario = Scenario(seed: seed)
    guard scenario.theme == .shortage, scenario.plan.expectedLimit == nil,
      scenario.plan.phases.count > 1, scenario.plan.phases[1].kind.phaseKind != .close,
      scenario.plan.onLimit == .stop
    else { return false }
    let said = play(scenario) { run, _ in run.ended }
    return said?.recording.phases.first?.outcome == .limit && said?.judgement.limit?.errno != nil
  }

  private static func play<T>(
    _ scenario: Scenario, _ body: (SimulatedRun, String) throws -> T
  ) rethrows -> T? {
    let path = NSTemporaryDirectory() + "false-word-\(UUID().uuidString).recording"
    defer { try? FileManager.default.removeItem(atPath: path) }
    guard let run = try? SimulatedRun(scenario, recordingAt: path) else { return nil }
    return try body(run, path)
  }

  /// Which checks fail when the program says something else than it did.
  private func found(
    _ change: (inout Recording, inout Judgement) -> Void
  ) throws -> Set<String> {
    let scenario = Scenario(seed: try #require(Self.seed))
    let checks = Self.play(scenario) { run, path in
      var (recording, judgement) = (run.ended.recording, run.ended.judgement)
      change(&recording, &judgement)
      let oracle = Oracle(
        scenario, run, said: EndedRun(recording: recording, judgement: judgement), file: path)
      oracle.checkAll()
      return Set(oracle.findings.map(\.check))
    }
    return try #require(checks)
  }

  @Test func `nothing is found in what was really said`() throws {
    #expect(try found { _, _ in } == [])
  }

  @Test func `a verdict that the rule does not give`() throws {
    let checks = try found { _, judgement in
      judgement.verdict = .passed
      judgement.exitCode = 0
    }
    #expect(checks.isSuperset(of: ["verdict", "reread"]))
    #expect(try found { $1.exitCode = 99 }.contains("exit"))
    #expect(try found { $1.verdict = .interrupted }.contains("signal"))
  }

  @Test func `an outcome that the network's books do not have`() throws {
    #expect(try found { recording, _ in recording.phases[0].outcome = .done }.contains("promise"))
  }

  @Test func `more connections than there were`() throws {
    #expect(
      try found { recording, _ in recording.phases[0].established += 1000 }.contains("counts"))
    #expect(try found { recording, _ in recording.phases[0].phantom += 1 }.contains("phantoms"))
  }

  @Test func `another cause than the one that was met`() throws {
    let other = ErrnoRecord(number: 32, name: "EPIPE", text: "Broken pipe")
    #expect(
      try found { recording, _ in
        for index in recording.limits.indices { recording.limits[index].errno = other }
      }.isSuperset(of: ["limits"]))
    #expect(
      try found { recording, _ in
        for index in recording.limits.indices { recording.limits[index].resource = .portTaken }
      }.contains("resource"))
    #expect(try found { recording, _ in recording.limits = [] }.contains("limits"))
  }

  @Test func `more failures than there were`() throws {
    #expect(
      try found { recording, _ in
        for index in recording.failures.indices { recording.failures[index].count += 100_000 }
      }.contains("failures"))
  }

  @Test func `a phase that goes on though the policy ends it`() throws {
    #expect(try found { recording, _ in recording.phases[1].outcome = .done }.contains("policy"))
  }

  @Test func `a descriptor that is open and that no worker counts`() throws {
    let seeds: Range<UInt64> = 0..<100
    let scenario = try #require(seeds.map(Scenario.init).first { $0.theme == .calm })
    let path = NSTemporaryDirectory() + "false-word-\(UUID().uuidString).recording"
    defer { try? FileManager.default.removeItem(atPath: path) }
    let run = try SimulatedRun(
      scenario.plan, on: scenario.host, seed: scenario.seed,
      prepare: { _, process in _ = try? SimulatedKernel(process: process).open(v6: false) },
      recordingAt: path)
    let oracle = Oracle(scenario, run, said: run.ended, file: path)
    oracle.checkAll()
    #expect(oracle.findings.map(\.check) == ["descriptors"])
    #expect(run.network.books.miscounted == scenario.servers + scenario.clients)
  }
}
