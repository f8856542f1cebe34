import Coordination
import Foundation
import Judgement
import Recording
package import Simulation

/// Holds what the program says of a run against what has really happened.
package final class Oracle {
  let scenario: Scenario
  let run: SimulatedRun
  let truth: Truth
  /// Path of the recording that the run has left.
  let file: String
  private(set) var findings: [Finding] = []

  var recording: Recording { run.ended.recording }
  var judgement: Judgement { run.ended.judgement }

  private init(_ scenario: Scenario, _ run: SimulatedRun, file: String) {
    self.scenario = scenario
    self.run = run
    self.file = file
    truth = Truth(scenario, run)
  }

  /// Plays a scenario and checks all that is said of it.
  ///
  /// - Parameter directory: for the recording, which is gone afterwards.
  package static func findings(of scenario: Scenario, in directory: String) -> [Finding] {
    play(scenario, in: directory).findings
  }

  /// What a scenario has met, besides what was found.
  package static func play(
    _ scenario: Scenario, in directory: String
  ) -> (findings: [Finding], coverage: Coverage) {
    let path = "\(directory)/seed-\(scenario.seed).recording"
    for suffix in ["", "-wal", "-shm"] {
      try? FileManager.default.removeItem(atPath: path + suffix)
    }
    defer {
      for suffix in ["", "-wal", "-shm"] {
        try? FileManager.default.removeItem(atPath: path + suffix)
      }
    }
    do {
      let run = try SimulatedRun(scenario, recordingAt: path)
      let oracle = Oracle(scenario, run, file: path)
      oracle.checkAll()
      return (oracle.findings, Coverage(scenario, oracle.truth))
    } catch {
      return ([Finding(check: "run", text: "\(error)")], Coverage())
    }
  }

  private func checkAll() {
    checkFiles()
    checkVerdict()
    checkCounts()
    checkPromises()
    checkLimits()
    checkMessages()
    checkCalm()
  }

  func expect(_ holds: Bool, _ check: String, _ text: @autoclosure () -> String) {
    if !holds { findings.append(Finding(check: check, text: text())) }
  }
}

extension SimulatedRun {
  /// Plays a scenario.
  package init(_ scenario: Scenario, recordingAt path: String) throws {
    try self.init(
      scenario.plan, on: scenario.host, seed: scenario.seed, events: scenario.events,
      prepare: { place, process in
        process.sendLimit = scenario.transfer
        process.receiveLimit = scenario.transfer
        for misfortune in scenario.misfortunes where misfortune.worker == place {
          if let fault = misfortune.fault { process.faults.append(fault) }
          if misfortune.chance > 0 {
            process.chaos = Chaos(
              seed: scenario.seed &+ UInt64(place), probability: misfortune.chance)
          }
        }
      }, recordingAt: path)
  }
}
