import Addressing
package import Host
import Linux
package import Plan
import Probe
package import Recording

/// A plan on this host, before anything is opened: who would do what, and how far it would go.
package struct PreparedRun {
  package let plan: Plan
  package let seed: UInt64
  package let host: HostDescription
  package let addresses: Addresses
  package let staffing: Staffing
  package let demand: Demand
  package let prediction: [PredictionTerm]
  /// Why its workers cannot be started; nil when they can.
  package let obstacle: String?
  /// What is to be driven again; nil for a run that goes by its plan alone.
  package let replay: Replay?

  /// Looks up what the plan names; throws `InvalidPlan` when that leads nowhere, or to a stranger.
  ///
  /// - Parameters:
  ///   - isForRun: raises this process's own descriptor limit as far as it may, which the workers
  ///     inherit, and sends a few packets over loopback to learn whether they are tracked. Without
  ///     it nothing is changed and no connection is opened.
  ///   - allowPublic: see `Addresses`.
  ///   - seed: what random text in messages follows from; nil for any.
  package init(
    _ written: Plan, isForRun: Bool, allowPublic: Bool = false, seed: UInt64? = nil,
    replay: Replay? = nil
  ) throws {
    let addresses = try Addresses(of: written, allowPublic: allowPublic)
    var host = HostDescription.current()
    if isForRun {
      let goal = written.fitted(sources: addresses.sources.count, ports: addresses.ports.count).goal
      // One process that holds the whole goal is the fewest there can be, so ask for that much.
      try host.raiseDescriptors(to: goal + Self.spareDescriptors)
      host.tryTracking()
    }
    self.init(
      written, addresses: addresses, host: host, seed: seed ?? .random(in: .min ... .max),
      replay: replay)
  }

  /// On a host and with addresses that are known, whichever host that is.
  package init(
    _ written: Plan, addresses: Addresses, host: HostDescription, seed: UInt64,
    replay: Replay? = nil
  ) {
    self.addresses = addresses
    let plan = written.fitted(sources: addresses.sources.count, ports: addresses.ports.count)
    self.plan = plan
    self.replay = replay
    self.seed = seed
    self.host = host
    staffing = Staffing(
      plan: plan, addresses: addresses,
      descriptorLimit: min(host.descriptorsPerProcess, ServerAssignment.mostDescriptors),
      processors: host.ownProcessors, room: host.workersAtMost, seed: seed,
      recordedArrivals: replay?.arrivals ?? [])
    var demand = Demand(plan, addresses: addresses, staffing: staffing)
    let sources = addresses.sources.count
    demand.localPortsTaken = host.localPortsTaken(
      by: addresses.ports, each: (plan.goal + sources - 1) / sources)
    self.demand = demand
    prediction = Capacity.predict(demand, on: host)
    obstacle = Start.obstacle(demand, on: host)
  }

  /// Descriptors that a process has beyond the goal, for itself and for what others open.
  private static let spareDescriptors = 1024

  package var predicted: PredictionTerm? { prediction.binding }

  package var predictionLine: String? { predicted?.line }
}

extension PredictionTerm {
  /// "2,745,679 connections, bound by host epoll-watches (…)".
  package var line: String {
    "\(Format.count(connections)) connections, bound by \(end.rawValue) "
      + "\(resource.rawValue) (\(reason))"
  }
}
