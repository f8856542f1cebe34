package import Plan
package import Recording
import Simulation

/// A limit that a scenario is to meet: of which resource, in which kind of phase, with which policy.
package struct LimitAim: Hashable, Sendable {
  package let resource: Resource
  package let kind: PhaseKind
  package let policy: Plan.OnLimit

  /// All limits that seeds aim at. Scenarios meet others only by chance.
  package static let all: [LimitAim] = Resource.allCases.flatMap { resource in
    kinds(of: resource).flatMap { kind in
      Plan.OnLimit.allCases.map { LimitAim(resource: resource, kind: kind, policy: $0) }
    }
  }

  /// The kinds of phases in which seeds aim at a limit of a resource; none where no seed aims at it.
  private static func kinds(of resource: Resource) -> [PhaseKind] {
    switch resource {
    case .descriptorsPerProcess, .descriptorsPerHost, .epollWatches, .memory, .packetsDropped,
      .nobodyListens, .noRoute:
      [.ramp, .churn, .search]
    case .acceptQueue: [.ramp, .churn, .search, .storm]
    // A plan that asks for more connections than it has ports is refused. A churn can run out of
    // ports all the same: closed connections keep theirs in TIME_WAIT.
    case .sourcePorts: [.churn, .storm]
    case .closedByPeer: [.ramp, .hold, .churn, .search]
    case .workerDied: [.ramp, .hold, .churn, .search, .close, .storm]
    default: []
    }
  }

  /// What the server at the plan's target must do for the limit to be met; nil where the simulated host causes
  /// the limit.
  var manner: SimulatedPeer.Manner? {
    switch resource {
    case .nobodyListens: .neverListens
    case .acceptQueue: .capped(at: 60, .stopsAccepting)
    case .closedByPeer where kind == .hold: .closesIdle(after: 1_500_000_000)
    case .closedByPeer: .capped(at: 60, .closes)
    default: nil
    }
  }
}

extension LimitAim: CustomStringConvertible, Comparable {
  package var description: String {
    "\(resource.rawValue) in \(kind.rawValue), on-limit \(policy.rawValue)"
  }

  package static func < (a: LimitAim, b: LimitAim) -> Bool { a.description < b.description }
}
