package import Coordination
import Linux
package import Plan
import Recording

/// A whole run of a plan in virtual time, in one thread: the product's own coordinator, sampler,
/// ledger and verdict over simulated workers on a simulated host. It leaves an ordinary recording.
package struct SimulatedRun {
  package let ended: EndedRun
  /// The network as the run has left it; its `books` say what really happened.
  package let network: SimulatedNetwork
  /// The server of somebody else that is the plan's target; nil for a plan with a server of its
  /// own.
  package let peer: SimulatedPeer?
  /// When the run began, on the network's clock, in nanoseconds.
  package let began: UInt64

  /// - Parameters:
  ///   - seed: decides chance in the network, and random text in messages.
  ///   - events: what happens to the program from outside meanwhile.
  ///   - manner: what the server at the plan's target does; nil where the plan has a server of its own.
  ///   - beforePhase: is called between two phases, when the earlier one has been counted and the later one has
  ///     not begun, and before the first. It is given how many phases have been counted.
  ///   - prepare: is given each worker's place and process before the worker begins.
  ///   - pages: how many pages of SQLite the recording may have before its disk is full; nil for any number.
  ///   - progress: is told how the run goes.
  ///   - path: where the recording goes; nothing may be there.
  package init(
    _ plan: Plan, on host: SimulatedHost, seed: UInt64, events: [SimulatedWorkers.Event] = [],
    against manner: SimulatedPeer.Manner? = nil,
    beforePhase: @escaping (Int, SimulatedWorkers, SimulatedPeer?) -> Void = { _, _, _ in },
    prepare: @escaping (Int, SimulatedProcess) -> Void = { _, _ in }, pages: Int? = nil,
    progress: any Progress = SilentProgress(), recordingAt path: String
  ) throws {
    let prepared = try PreparedRun(plan, onSimulated: host, seed: seed)
    let network = host.network(seed: seed)
    self.network = network
    let workers = SimulatedWorkers(
      network: network, descriptorLimit: host.descriptorsPerProcess, events: events,
      prepare: prepare)
    let fleet = try Fleet(
      servers: prepared.staffing.servers, clients: prepared.staffing.clients,
      sources: prepared.staffing.sources.count, on: workers)
    peer = try manner.map { manner throws in
      try SimulatedPeer(
        manner, in: Speech.Tongue(of: plan), at: prepared.addresses.targets,
        backlog: Int32(host.somaxconn), on: network)
    }
    if let peer { workers.add(peer) }
    let readings = SimulatedReadings(host, network) { [peer] in beforePhase($0, workers, peer) }
    let state = RunState(
      phases: prepared.plan.phases.map(PhaseRecord.init),
      workers: fleet.members.map(WorkerRecord.init))
    let known = Recording(prepared, state, started: Self.date)
    let writer = try RecordingWriter(path: path, recording: known)
    if let pages { try writer.limit(toPages: pages) }
    began = network.now
    var coordinator = Coordinator(
      prepared: prepared, fleet: fleet, clock: workers,
      hostReadings: readings, writer: writer, state: state,
      started: workers.now(), progress: progress)
    var ending = RunEnding(
      writer: writer, recordingAtStart: known, replay: nil, clock: workers)
    do throws(RecordingError) {
      ending.noteEnd(try coordinator.drive())
    } catch {
      ending.noteEnd(coordinator.endEarly(), writeError: error)
    }
    ended = ending.finish()
  }

  /// The date at which every recording of a simulated run says that it started: virtual time has no calendar.
  private static let date = "2026-01-01T00:00:00.000Z"
}

extension PreparedRun {
  /// A plan on a simulated host, which has loopback addresses and no names.
  package init(_ plan: Plan, onSimulated host: SimulatedHost, seed: UInt64) throws {
    self.init(
      plan, addresses: try Addresses(of: plan, allowPublic: false, lookup: .loopback),
      host: host.description, seed: seed, secure: try SecureContexts(of: plan))
  }
}
