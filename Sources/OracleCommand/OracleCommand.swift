import ArgumentParser
import Foundation
import Oracle

/// Plays the scenarios of seeds on a simulated host, and compares what the program says with what has really
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
  @Flag(help: "Play the seeds of the tests instead.")
  var quick = false
  @Flag(help: "Print which failures, limits and refusals were met.")
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
    // Printed before the scenario is played: a program that traps says nothing more.
    print(scenario)
    let findings = Oracle.findings(of: scenario, in: directory)
    for finding in findings { print("WRONG \(finding)") }
    if let first = findings.first { showShortest(scenario, first.check, in: directory) }
    return findings.isEmpty
  }

  /// Prints the shortest scenario in which a check still fails, and what is wrong there.
  private func showShortest(_ scenario: Scenario, _ check: String, in directory: String) {
    let shortest = scenario.shortened { scenario in
      Oracle.findings(of: scenario, in: directory).contains { $0.check == check }
    }
    print("\nthe shortest that shows it:\n\(shortest)")
    for finding in Oracle.findings(of: shortest, in: directory) { print("WRONG \(finding)") }
  }

  private func playAll(in directory: String) -> Bool {
    let tally = Tally(
      of: quick ? Scenario.quickSeeds : (0..<seeds).map { from &+ $0 }, in: directory,
      endingWithFirst: first
    ) {
      seed in
      FileHandle.standardError.write(Data("\rseed \(seed) ".utf8))
    }
    FileHandle.standardError.write(Data("\r".utf8))
    for wrong in tally.wrong {
      print("\nseed \(wrong.seed) (\(Scenario(seed: wrong.seed).theme.rawValue))")
      for finding in wrong.findings { print("  WRONG \(finding)") }
    }
    if let firstWrong = tally.wrong.first, let check = firstWrong.findings.first?.check {
      print()
      showShortest(Scenario(seed: firstWrong.seed), check, in: directory)
    }
    if coverage { show(tally.coverage) }
    print("\(tally.played) seeds, \(tally.wrong.count) wrong")
    return tally.wrong.isEmpty
  }

  private func show(_ coverage: Coverage) {
    func table<Kind: Comparable & CustomStringConvertible>(
      _ counts: [Kind: Int], _ holes: [Kind], _ what: String
    ) {
      print("\(counts.count) kinds of \(what), and how often each was met:")
      for (kind, count) in counts.sorted(by: { $0.key < $1.key }) { print("  \(kind): \(count)") }
      print("\(holes.count) that seeds aim at were not met\(holes.isEmpty ? "" : ":")")
      for kind in holes { print("  \(kind)") }
    }
    let holes = coverage.holes
    table(coverage.failures, holes.failures, "failures")
    table(coverage.limits, holes.limits, "limits")
    table(coverage.refusals, holes.refusals, "refusals in protocols")
  }
}
