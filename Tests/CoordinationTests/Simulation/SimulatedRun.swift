import Coordination
import Foundation
import Judgement
import Linux
import Plan
import Recording
import Simulation

extension SimulatedRun {
  /// A plan's text on a simulated host. Its recording is gone when this returns.
  ///
  /// - Parameter take: is given the path of the recording before.
  init(
    _ text: String, on host: SimulatedHost = SimulatedHost(), seed: UInt64 = 1,
    events: [SimulatedWorkers.Event] = [], against manner: SimulatedPeer.Manner? = nil,
    beforePhase: @escaping (Int, SimulatedWorkers, SimulatedPeer?) -> Void = { _, _, _ in },
    take: (String) throws -> Void = { _ in }
  ) throws {
    let path = FileManager.default.temporaryDirectory
      .appendingPathComponent("simulated-\(UUID().uuidString).recording").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    try self.init(
      try Plan.simulated(text), on: host, seed: seed, events: events, against: manner,
      beforePhase: beforePhase, recordingAt: path)
    try take(path)
  }

  var recording: Recording { ended.recording }
  var judgement: Judgement { ended.judgement }

  /// The bytes of the recording that a plan leaves.
  static func file(_ text: String, seed: UInt64) throws -> Data {
    var file = Data()
    _ = try SimulatedRun(
      text, seed: seed, take: { file = try Data(contentsOf: URL(fileURLWithPath: $0)) })
    return file
  }
}

extension Plan {
  static func simulated(_ text: String) throws -> Plan {
    try Plan.read(text: text, file: "simulated.plan", overrides: [:])
  }
}

/// The workers of a plan on a simulated host, without a coordinator: a test orders and looks.
///
/// - Parameter body: is given the workers' host, which lets time pass.
func withSimulatedFleet(
  _ plan: String, on host: SimulatedHost = SimulatedHost(),
  _ body: (PreparedRun, SimulatedWorkers, inout Fleet) throws -> Void
) throws {
  let prepared = try PreparedRun(try Plan.simulated(plan), onSimulated: host, seed: 1)
  let workers = SimulatedWorkers(
    network: host.network(seed: 1), descriptorLimit: host.descriptorsPerProcess)
  var fleet = try Fleet(
    servers: prepared.staffing.servers, clients: prepared.staffing.clients,
    sources: prepared.staffing.sources.count, on: workers)
  // The servers listen before the first connection is opened.
  workers.pause(until: workers.now().advanced(by: .milliseconds(10)))
  try body(prepared, workers, &fleet)
}
