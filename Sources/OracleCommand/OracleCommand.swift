import ArgumentParser
import Foundation
import Oracle

/// Plays scenarios that seeds make, on a simulated host, and holds what the program says against what has really
/// happened.
@main
struct OracleCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "runner-oracle",
    abstract: "Is what the program says of a run what has really happened?")

  @Option(help: "One seed: prints its scenario, and what is wrong.")
  var seed: UInt64?
  @Option(help: "How many seeds to play, from --from on.")
  var seeds: UInt64 = 100
  @Option(help: "The first seed.")
  var from: UInt64 = 0
  @Option(help: "Play every so manieth seed only: with --from, the work of several processes.")
  var stride: UInt64 = 1
  @Flag(help: "End with the first seed at which something is wrong.")
  var first = false
  @Flag(help: "Print which failures and limits were met.")
  var coverage = false

  func run() throws {
    let directory = FileManager.default.temporaryDirectory
      .appendingPathComponent("runner-oracle-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: directory) }
    if let seed {
      let scenario = Scenario(seed: seed)
      print(scenario)
      let findings = Oracle.findings(of: scenario, in: directory)
      for finding in findings { print("WRONG \(finding)") }
      throw ExitCode(findings.isEmpty ? 0 : 1)
    }
    var met = Coverage()
    var wrong = 0
    for seed in Swift.stride(from: from, to: from + seeds, by: Int(stride)) {
      let scenario = Scenario(seed: seed)
      // Before it is played: a trap says nothing of its seed.
      FileHandle.standardError.write(Data("\rseed \(seed) ".utf8))
      let (findings, coverage) = Oracle.play(scenario, in: directory)
      met.add(coverage)
      guard !findings.isEmpty else { continue }
      wrong += 1
      print("\nseed \(seed) (\(scenario.theme.rawValue))")
      for finding in findings { print("  WRONG \(finding)") }
      if first { throw ExitCode(1) }
    }
    FileHandle.standardError.write(Data("\r".utf8))
    if coverage { show(met) }
    print("\(seeds / stride) seeds, \(wrong) wrong")
    if wrong > 0 { throw ExitCode(1) }
  }

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
