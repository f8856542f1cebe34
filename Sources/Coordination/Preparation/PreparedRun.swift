import Addressing
package import Host
import Linux
package import Plan
import Probe
package import Recording

/// A plan on a host, before any connection is opened: what each worker would do, and how far the
/// run would get.
package struct PreparedRun {
  package let plan: Plan
  package let seed: UInt64
  package let host: HostDescription
  package let addresses: Addresses
  package let staffing: Staffing
  package let demand: Demand
  package let prediction: [PredictionTerm]
  /// Why the run's workers cannot be started; nil when they can.
  package let obstacle: String?
  /// The recorded run to drive again; nil for a run that goes by its plan alone.
  package let replay: Replay?

  /// Looks up the addresses that the plan names, and describes this host.
  ///
  /// Throws `InvalidPlan` where a name has no address, a target is public and `allowPublic` is false, the
  /// addresses do not fit the plan, or its certificates cannot be used. Throws `Errno` where the descriptor
  /// limit cannot be set.
  ///
  /// - Parameters:
  ///   - written: the plan to run, before its searches are bounded by ports.
  ///   - isForRun: whether the plan is about to run. Then this process's descriptor limit, which the workers
  ///     inherit, is raised as far as the run needs and the host allows, and a few datagrams are sent over
  ///     loopback to learn whether the kernel tracks connections there. Otherwise nothing is changed or sent.
  ///   - allowPublic: see `Addresses`.
  ///   - seed: the random text in messages follows from it; nil for a seed that is drawn at random.
  package init(
    _ written: Plan, isForRun: Bool, allowPublic: Bool = false, seed: UInt64? = nil,
    replay: Replay? = nil
  ) throws {
    let addresses = try Addresses(of: written, allowPublic: allowPublic)
    let secure = try SecureContexts(of: written)
    var host = HostDescription.current()
    if isForRun {
      let most = written.boundingSearches(
        sources: addresses.sources.count, ports: addresses.ports.count
      ).mostConnections
      // Enough for one process that holds all of them alone.
      try host.raiseDescriptors(to: most + Self.spareDescriptors)
      host.tryTracking()
    }
    self.init(
      written, addresses: addresses, host: host, seed: seed ?? .random(in: .min ... .max),
      replay: replay, secure: secure)
  }

  /// Prepares a run on a given host with given addresses, which need not be this machine's.
  package init(
    _ written: Plan, addresses: Addresses, host: HostDescription, seed: UInt64,
    replay: Replay? = nil, secure: SecureContexts = .none
  ) {
    self.addresses = addresses
    let plan = written.boundingSearches(
      sources: addresses.sources.count, ports: addresses.ports.count)
    self.plan = plan
    self.replay = replay
    self.seed = seed
    self.host = host
    staffing = Staffing(
      plan: plan, addresses: addresses,
      descriptorLimit: min(host.descriptorsPerProcess, ServerAssignment.mostDescriptors),
      processors: host.ownProcessors, room: host.workersAtMost, seed: seed,
      recordedArrivals: replay?.arrivals ?? [], secure: secure)
    var demand = Demand(plan, addresses: addresses, staffing: staffing)
    let sources = addresses.sources.count
    demand.localPortsTaken = host.localPortsTaken(
      by: addresses.ports, each: (plan.mostConnections + sources - 1) / sources)
    self.demand = demand
    prediction = Capacity.predict(demand, on: host)
    obstacle = Start.obstacle(demand, on: host)
  }

  /// How many descriptors beyond the plan's connections are asked for: for a process itself and for other programs'
  /// connections.
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
