import ArgumentParser
import Dispatch
import Foundation
import Oracle
import Synchronization

/// Plays scenarios that seeds make, on a simulated host, and holds what the program says against what has really
/// happened.
@main
struct OracleCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "runner-oracle",
    abstract: "Is what the program says of a run what has really happened?",
    discussion: """
      Each seed makes a plan, a host, and what goes wrong there. The whole run is played in virtual time; then its \
      recording, verdict and reports are held against the books of the simulated network.

      EXAMPLE:
        runner-oracle --seeds 10000      seeds 0 to 9,999; what is wrong, with its seed
        runner-oracle --seed 1381        one seed: its plan, its host, its faults, and what is wrong
      """)

  @Option(help: "One seed: prints its scenario, and what is wrong.")
  var seed: UInt64?
  @Option(help: "How many seeds to play, from --from on.")
  var seeds: UInt64 = 1000
  @Option(help: "The first seed.")
  var from: UInt64 = 0
  @Flag(help: "End with the first seed at which something is wrong.")
  var first = false
  @Flag(help: "Print which failures and limits were met.")
  var coverage = false

  func run() throws {
    let directory = FileManager.default.temporaryDirectory
      .appendingPathComponent("runner-oracle-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: directory) }
    let isRight = seed.map { show($0, in: directory) } ?? playAll(in: directory)
    if !isRight { throw ExitCode(1) }
  }

  private func show(_ seed: UInt64, in directory: String) -> Bool {
    let scenario = Scenario(seed: seed)
    // Before it is played, as a trap says nothing of it.
    print(scenario)
    let findings = Oracle.findings(of: scenario, in: directory)
    for finding in findings { print("WRONG \(finding)") }
    return findings.isEmpty
  }

  // MARK: Many seeds

  /// What the threads share.
  private struct Progress {
    var next: UInt64
    var played = 0
    var wrong = 0
    var met = Coverage()
  }

  private func playAll(in directory: String) -> Bool {
    let progress = Mutex(Progress(next: from))
    // Each run has one thread, and no two share anything.
    DispatchQueue.concurrentPerform(iterations: ProcessInfo.processInfo.activeProcessorCount) { _ in
      while let seed = take(from: progress) {
        let scenario = Scenario(seed: seed)
        let (findings, coverage) = Oracle.play(scenario, in: directory)
        progress.withLock { progress in
          progress.played += 1
          progress.met.add(coverage)
          guard !findings.isEmpty else { return }
          progress.wrong += 1
          print("\nseed \(seed) (\(scenario.theme.rawValue))")
          for finding in findings { print("  WRONG \(finding)") }
        }
      }
    }
    return progress.withLock { progress in
      Self.tell("\r")
      if coverage { show(progress.met) }
      print("\(progress.played) seeds, \(progress.wrong) wrong")
      return progress.wrong == 0
    }
  }

  private func take(from progress: borrowing Mutex<Progress>) -> UInt64? {
    progress.withLock { progress in
      let seed = progress.next
      guard seed < from + seeds, !first || progress.wrong == 0 else { return nil }
      progress.next += 1
      // Whoever traps has named its seed.
      Self.tell("\rseed \(seed) ")
      return seed
    }
  }

  private static func tell(_ text: String) { FileHandle.standardError.write(Data(text.utf8)) }

  private func show(_ met: Coverage) {
    print("\(met.failing.count) kinds of failures:")
    for (failing, count) in met.failing.sorted(by: { $0.key < $1.key }) {
      print("  \(failing.call) \(failing.errno) \(failing.position) in \(failing.kind): \(count)")
    }
    print("\(met.stopping.count) kinds of limits:")
    for (stopping, count) in met.stopping.sorted(by: { $0.key < $1.key }) {
      print("  \(stopping.resource) in \(stopping.kind), on-limit \(stopping.policy): \(count)")
    }
  }
}
