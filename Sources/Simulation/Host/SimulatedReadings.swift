package import Host
package import Recording

/// What a simulated host says of itself while a run goes on.
package final class SimulatedReadings: HostReadings {
  private let host: SimulatedHost
  private let network: SimulatedNetwork
  package let path: any PathReadings

  /// - Parameter beforePhase: is called before each phase begins, with the number of phases before it.
  package init(
    _ host: SimulatedHost, _ network: SimulatedNetwork, beforePhase: @escaping (Int) -> Void
  ) {
    self.host = host
    self.network = network
    path = SimulatedPath(network, beforePhase)
  }

  package func readings() -> [Reading] {
    func reading(_ key: Series.Key, _ unit: String, _ kind: Series.Kind, _ value: Int) -> Reading {
      Reading(key, unit: unit, kind: kind, value: Double(value))
    }
    let tracking =
      network.dials.conntrack == nil
      ? []
      : [
        reading(.conntrackEntries, "connections", .gauge, network.trackedTuples),
        reading(.conntrackDrops, "packets", .counter, network.conntrackDrops),
      ]
    return tracking + [
      reading(.timeWait, "sockets", .gauge, network.timeWaits),
      reading(.socketsAllocated, "sockets", .gauge, network.sockets),
      reading(.filesOpen, "files", .gauge, network.descriptors),
      reading(.listenOverflows, "events", .counter, network.overflows),
      reading(.listenDrops, "events", .counter, network.overflows),
    ]
  }

  package func availableMemory() -> Int? {
    host.memory - network.sockets * host.memoryPerSocket
  }

  package func tightestGroup() -> GroupBound? { nil }
  package func privateBytes(of process: Int32) -> Int? { nil }
  package func descriptorLimit(of process: Int32) -> Int? { host.loweredDescriptors[process] }
  package func ownProcessorTime() -> Double { 0 }
}

/// The path between the two ends, read from the simulated network itself.
private final class SimulatedPath: PathReadings {
  private let network: SimulatedNetwork
  /// By the listener's address, how many SYNs it had dropped when the phase began.
  private var dropsBefore: [String: Int] = [:]
  private(set) var findings = PathFindings()
  private let beforePhase: (Int) -> Void
  private var phasesBegun = 0

  init(_ network: SimulatedNetwork, _ beforePhase: @escaping (Int) -> Void) {
    self.network = network
    self.beforePhase = beforePhase
  }

  func begin(_ counters: [Series.Key: Double], clientsHaveConnected: Bool) {
    beforePhase(phasesBegun)
    phasesBegun += 1
    let most = findings.conntrackMost
    findings = PathFindings()
    findings.conntrackMost = most
    dropsBefore = Dictionary(
      uniqueKeysWithValues: network.listening.map { ("\($0.address)", $0.drops) })
  }

  func look(_ counters: [Series.Key: Double], timedOut: Bool) -> [Reading] {
    if network.dials.conntrack != nil {
      findings.conntrackMost = max(findings.conntrackMost ?? 0, network.trackedTuples)
    }
    findings.withoutListener = Set(network.withoutListener.map { "\($0)" })
    for listener in network.listening {
      let name = "\(listener.address)"
      let most = findings.listeners[name]?.mostWaiting ?? 0
      findings.listeners[name] = PathFindings.Listener(
        mostWaiting: max(most, listener.waiting), atLastLook: listener.waiting,
        backlog: listener.backlog,
        drops: listener.drops - (dropsBefore[name] ?? 0))
    }
    return []
  }

  let isInOwnNamespace = true
  var knowsServer: Bool { !network.listening.isEmpty }
  var waiting: Int { network.listening.reduce(0) { $0 + $1.waiting } }
  var possibleAcceptances: Int { waiting }
  /// Takes every connection in an accept queue for one of the run's: a simulated run has no other clients.
  func acceptance(of clients: [Int32], holding held: Int) -> AcceptanceCount? {
    let alone = min(held, network.standingUnaccepted)
    return AcceptanceCount(accepted: held - alone, alone: alone)
  }
  let stillHeldBehindNAT = 0
  var portsFreeOfClients: ClosedRange<UInt16>?
  var leftAtServer: Int? { nil }
  var heldAtBothEnds: Int? { nil }
  func lookAtQueues() {}
  func stopTracing() {}
}
