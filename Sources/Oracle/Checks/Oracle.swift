package import Coordination
import Foundation
import Judgement
import Recording
package import Simulation

/// Compares what the program says of a run with what has really happened.
package final class Oracle {
  let scenario: Scenario
  let truth: Truth
  /// Somebody else's server; nil where the plan has its own.
  let peer: SimulatedPeer?
  /// What the program says.
  let recording: Recording
  let judgement: Judgement
  /// Why the recording file lacks the end of the run; nil where it has all of it.
  let writeError: RecordingError?
  /// Path of the recording that the run has left.
  let file: String
  private(set) var findings: [Finding] = []

  /// - Parameter said: what the program says. A test may pass something else than the program said.
  init(_ scenario: Scenario, _ run: SimulatedRun, said: EndedRun, file: String) {
    self.scenario = scenario
    self.file = file
    recording = said.recording
    judgement = said.judgement
    writeError = said.writeError
    peer = run.peer
    truth = Truth(scenario, run, recording)
  }

  /// Plays a scenario and checks all that is said of it.
  ///
  /// - Parameter directory: for the recording, which is gone afterwards.
  package static func findings(of scenario: Scenario, in directory: String) -> [Finding] {
    play(scenario, in: directory).findings
  }

  /// As `findings(of:in:)`. Also returns which failures and limits the scenario has met.
  package static func play(
    _ scenario: Scenario, in directory: String
  ) -> (findings: [Finding], coverage: Coverage) {
    let path = "\(directory)/seed-\(scenario.seed).recording"
    defer {
      for suffix in ["", "-wal", "-shm"] {
        try? FileManager.default.removeItem(atPath: path + suffix)
      }
    }
    do {
      let run = try SimulatedRun(scenario, recordingAt: path)
      let oracle = Oracle(scenario, run, said: run.ended, file: path)
      oracle.checkAll()
      return (oracle.findings, Coverage(scenario, oracle.truth))
    } catch {
      return ([Finding(check: "run", text: "\(error)")], Coverage())
    }
  }

  func checkAll() {
    checkFiles()
    checkVerdict()
    checkCounts()
    checkPromises()
    checkLimits()
    checkMessages()
    checkPeer()
    checkSpeech()
    checkCalm()
  }

  /// Adds a finding where something that must hold does not.
  func expect(_ holds: Bool, _ check: String, _ text: @autoclosure () -> String) {
    if !holds { findings.append(Finding(check: check, text: text())) }
  }
}

extension SimulatedRun {
  /// Plays a scenario.
  package init(
    _ scenario: Scenario, progress: any Coordination.Progress = SilentProgress(),
    recordingAt path: String
  ) throws {
    try self.init(
      scenario.plan, on: scenario.host, seed: scenario.seed, events: scenario.events,
      against: scenario.peer,
      prepare: { place, process in
        process.sendLimit = scenario.transfer
        process.receiveLimit = scenario.transfer
        if scenario.noise > 0 {
          process.noise = EventNoise(
            seed: scenario.seed &* 31 &+ UInt64(place), probability: scenario.noise)
        }
        for misfortune in scenario.misfortunes where misfortune.worker == place {
          if let fault = misfortune.fault { process.faults.append(fault) }
          if misfortune.chance > 0 {
            process.chaos = Chaos(
              seed: scenario.seed &+ UInt64(place), probability: misfortune.chance)
          }
        }
      }, pages: scenario.pages, progress: progress, recordingAt: path)
  }
}
