import Host
import Linux
import Plan
import Probe
import Recording

/// A plan on this host, before anything is opened: who would do what, and how far it would go.
struct Outlook {
  let plan: Plan
  let seed: UInt64
  let host: HostDescription
  let addresses: Addresses
  let staffing: Staffing
  let demand: Demand
  let prediction: [PredictionTerm]
  /// What is to be driven again; nil for a run that goes by its plan alone.
  let replay: Replay?

  /// Looks up what the plan names; throws `InvalidPlan` when that leads nowhere, or to a stranger.
  ///
  /// - Parameters:
  ///   - isForRun: raises this process's own descriptor limit as far as it may, which the workers
  ///     inherit, and sends a few packets over loopback to learn whether they are tracked. Without
  ///     it nothing is changed and no connection is opened.
  ///   - allowPublic: see `Addresses`.
  ///   - seed: what random text in messages follows from; nil for any.
  init(
    _ plan: Plan, isForRun: Bool, allowPublic: Bool = false, seed: UInt64? = nil,
    replay: Replay? = nil
  ) throws {
    self.plan = plan
    self.replay = replay
    let seed = seed ?? UInt64.random(in: .min ... .max)
    self.seed = seed
    addresses = try Addresses(of: plan, allowPublic: allowPublic)
    var host = HostDescription.current()
    if isForRun {
      // One process that holds the whole goal is the fewest there can be, so ask for that much.
      let wanted = plan.goal + descriptorsOfAWorker + 1
      host.descriptors = try ResourceLimit.raiseDescriptors(
        to: min(wanted, host.descriptorsAtMost ?? wanted))
      host.tryTracking()
    }
    self.host = host
    staffing = Staffing(
      plan: plan, addresses: addresses,
      descriptorLimit: min(host.descriptorsPerProcess, ServerAssignment.mostDescriptors),
      processors: host.ownProcessors, seed: seed, recordedArrivals: replay?.arrivals ?? [])
    demand = Demand(plan, addresses: addresses, staffing: staffing)
    prediction = Capacity.predict(demand, on: host)
  }

  var predicted: PredictionTerm? { prediction.binding }

  var predictionLine: String? { predicted?.line }
}

extension PredictionTerm {
  /// "2,745,679 connections, bound by host epoll-watches (…)".
  var line: String {
    "\(Format.count(connections)) connections, bound by \(end.rawValue) "
      + "\(resource.rawValue) (\(reason))"
  }
}
