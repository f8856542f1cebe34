import Addressing
import Coordination
import Host
import Linux
import Plan
import Probe
import Recording

/// What would spoil a run and is known before it begins: a host that is too small, or not clean.
enum Preflight {
  /// Where the host has more TCP sockets than this, preflight makes no `SocketSurvey`, which would
  /// take seconds.
  private static let mostSockets = 200_000.0

  /// The reasons not to begin the run, one sentence each; empty when the run may begin.
  static func findings(_ prepared: PreparedRun) -> [String] {
    [prepared.obstacle, prediction(prepared), otherRuns()].compactMap(\.self) + sockets(prepared)
  }

  /// What the run takes from other programs because its plan says so: no reason to refuse the run.
  static func notes(_ prepared: PreparedRun) -> [String] {
    let (host, taken) = (prepared.host, prepared.demand.localPortsTaken)
    guard host.takesFromOthers(taken), let range = host.localPorts else { return [] }
    return [
      "its connections take \(Format.count(taken)) of the \(Format.count(range.count)) ports of"
        + " net.ipv4.ip_local_port_range: while they stand, other programs' `connect` may fail"
        + " with EADDRNOTAVAIL; `ports: auto` leaves"
        + " \(Format.count(host.portsLeftToOthers?.count ?? 0)) to them"
    ]
  }

  private static func prediction(_ prepared: PreparedRun) -> String? {
    guard let predicted = prepared.predicted, predicted.connections < prepared.plan.mostConnections
    else {
      return nil
    }
    return
      "the host will stop before the goal of \(Format.count(prepared.plan.mostConnections)): at "
      + "\(prepared.predictionLine ?? ""); see `runner doctor \(prepared.plan.file)`"
  }

  private static func otherRuns() -> String? {
    // A run locks its directory while it lasts. A process of this name without a lock is no run,
    // and this process and its ancestors are no other run.
    let family = CurrentProcess.family
    let others = DirectoryLock.holders(named: "runner").filter { !family.contains($0) }
    guard let first = others.min() else { return nil }
    return "another run is under way (process \(first)): both would share the host's limits"
  }

  private static func sockets(_ prepared: PreparedRun) -> [String] {
    let readings = KernelSeries(host: prepared.host).readings().values
    let open = (readings[.socketsInUse] ?? 0) + (readings[.timeWait] ?? 0)
    guard open <= mostSockets else {
      return ["\(Format.count(Int(open))) TCP sockets are on this host already"]
    }
    let staffing = prepared.staffing
    let survey = SocketSurvey(
      listeners: staffing.servers.map(\.endpoint), sources: staffing.sources,
      ports: prepared.addresses.ports, endpoints: staffing.endpoints,
      hasTimestamps: prepared.host.hasTimestamps)
    return [takenEndpoints(survey), portsInTimeWait(survey, prepared)].compactMap(\.self)
  }

  private static func takenEndpoints(_ survey: SocketSurvey) -> String? {
    guard let first = survey.taken.first else { return nil }
    let more = survey.taken.count > 1 ? " and \(survey.taken.count - 1) more" : ""
    return
      "somebody listens on \(first)\(more) already; `ss -tlnp 'sport = :\(first.port)'` says who"
  }

  /// Says that TIME_WAIT leaves too few source ports; nil where it leaves enough. The run skips
  /// ports in TIME_WAIT, so they matter only where the others do not suffice for the goal.
  private static func portsInTimeWait(
    _ survey: SocketSurvey, _ prepared: PreparedRun
  ) -> String? {
    let pairs = prepared.demand.tuples
    let left = pairs - survey.blockedPairs
    guard left < prepared.plan.mostConnections else { return nil }
    guard survey.blockedPairs > 0 else { return nil }
    return "\(Format.count(survey.inTimeWait)) source ports of the plan are in TIME_WAIT and leave "
      + "\(Format.count(left)) of \(Format.count(pairs)) pairs of source port and endpoint; "
      + "they are free again a minute after they were closed"
  }
}
