import Addressing
import Foundation
import Judgement
import Linux
import Plan
import Probe
import Recording
import Simulation
import SystemPackage

@testable import Runner

/// A whole run of a plan in virtual time, in one thread: the product's own coordinator, sampler,
/// ledger and verdict over simulated workers on a simulated host. It leaves an ordinary recording.
struct SimulatedRun {
  let recording: Recording
  let judgement: Judgement
  /// The bytes of its file.
  let file: Data

  init(
    _ plan: String, on host: SimulatedHost = SimulatedHost(), seed: UInt64 = 1,
    events: [SimulatedWorkers.Event] = []
  ) throws {
    let prepared = try PreparedRun(simulated: plan, on: host, seed: seed)
    let plan = prepared.plan
    let network = host.network(seed: seed)
    let workers = SimulatedWorkers(
      network: network, descriptorLimit: host.descriptorsPerProcess, events: events)
    let fleet = try Fleet(
      servers: prepared.staffing.servers, clients: prepared.staffing.clients,
      sources: prepared.staffing.sources.count, on: workers)
    let state = RunState(
      phases: plan.phases.map(PhaseRecord.init), workers: fleet.members.map(WorkerRecord.init))
    let known = Recording(prepared, state, started: "2026-01-01T00:00:00.000Z")
    let workspace = try Workspace()
    let path = workspace.url("simulated.recording").path
    let writer = try RecordingWriter(path: path, recording: known)
    var coordinator = Coordinator(
      prepared: prepared, fleet: fleet, clock: workers, kernel: SimulatedReadings(host, network),
      writer: writer, state: state, started: workers.now(), progress: SilentProgress())
    var ending = RunEnding(writer: writer, recording: known, replay: nil, clock: workers)
    ending.take(try coordinator.drive())
    (recording, judgement) = ending.finish()
    file = try Data(contentsOf: URL(fileURLWithPath: path))
  }
}

extension PreparedRun {
  /// A plan on a simulated host.
  init(simulated text: String, on host: SimulatedHost, seed: UInt64) throws {
    let plan = try Plan.read(text: text, file: "simulated.plan", overrides: [:])
    self.init(
      plan, addresses: try Addresses(of: plan, allowPublic: false, lookup: .simulated),
      host: host.description, seed: seed)
  }
}

/// The workers of a plan on a simulated host, without a coordinator: a test orders and looks.
///
/// - Parameter body: is given the workers' host, which lets time pass.
func withSimulatedFleet(
  _ plan: String, on host: SimulatedHost = SimulatedHost(),
  _ body: (PreparedRun, SimulatedWorkers, inout Fleet) throws -> Void
) throws {
  let prepared = try PreparedRun(simulated: plan, on: host, seed: 1)
  let workers = SimulatedWorkers(
    network: host.network(seed: 1), descriptorLimit: host.descriptorsPerProcess)
  var fleet = try Fleet(
    servers: prepared.staffing.servers, clients: prepared.staffing.clients,
    sources: prepared.staffing.sources.count, on: workers)
  // The servers listen before the first connection is opened.
  workers.pause(until: workers.now().advanced(by: .milliseconds(10)))
  try body(prepared, workers, &fleet)
}

extension AddressLookup {
  /// A host with loopback, and no names.
  fileprivate static var simulated: AddressLookup {
    AddressLookup(
      addresses: { name throws(NameLookup.Failure) in [] },
      interfaces: { () throws(Errno) in [] })
  }
}
