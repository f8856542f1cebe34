package import Addressing
import Linux
package import Recording
import SystemPackage

/// Watches what lies between the two ends: the listeners' queues, handshakes without an answer, and
/// the kernel's reasons to drop packets. The trace of dropped packets starts once in a phase, at
/// the first look that finds a repeated SYN or a handshake that timed out, and runs until the phase
/// ends, for 60 s at the most.
///
/// Of an endpoint on this host, or in a network namespace that this process may enter, the endpoint's own
/// kernel is asked (`EndpointSpaces`). Of any other endpoint nothing is known.
package final class PathWatch: PathReadings {
  private let endpoints: [SocketAddress]
  private let sources: Set<IPAddress>
  /// Asks about the clients' own sockets.
  private let own: SocketDiagnosis?
  private let endpointSpaces: EndpointSpaces
  private var spaces: [EndpointSpaces.Space] { endpointSpaces.known() }
  private let connections: ConnectionWatch

  /// What listened when the run and when the phase began, in every namespace that may be the endpoint's.
  private var atRunStart: [EndpointSpaces.NamespacedEndpoint: PathFindings.Listener] = [:]
  private var atPhaseStart: [EndpointSpaces.NamespacedEndpoint: PathFindings.Listener] = [:]
  /// The lengths of the accept queues, noted at every look since the phase began.
  private var queues = ListenerQueues()
  /// Connections of other programs that waited at the listeners at the last look.
  private var strangersAtQueues = 0
  private var retransmitsAtPhaseStart = 0.0
  private var trace: PacketDropTrace?
  private var traceStarted: Instant?
  /// Packets that the traces of all phases have shown, by the kernel's reason.
  private var droppedInAll: [String: Int] = [:]
  package private(set) var findings = PathFindings()

  /// With more endpoints than this the listeners are not watched.
  private static let mostEndpoints = 1024
  /// Long enough for the first repetitions of a SYN, which the kernel sends after 1, 3 and 7 seconds.
  private static let longestTrace = Duration.seconds(60)

  /// - Parameters:
  ///   - endpoints: where the clients connect to.
  ///   - sources: where they connect from.
  package init(endpoints: [SocketAddress], sources: [IPAddress]) {
    self.endpoints = endpoints
    self.sources = Set(sources)
    own = try? SocketDiagnosis()
    endpointSpaces = EndpointSpaces(
      of: endpoints.count <= Self.mostEndpoints ? endpoints : [], sources: self.sources, own: own)
    connections = ConnectionWatch(
      to: endpoints, from: self.sources, in: endpointSpaces, own: own)
    atRunStart = listenersEverywhere()
    atPhaseStart = atRunStart
  }

  // MARK: A phase

  /// Begins a phase: the findings start anew. Only `conntrackMost`, the highest level of connection
  /// tracking in the whole run, is carried over.
  package func begin(_ counters: [Series.Key: Double], clientsHaveConnected: Bool) {
    let most = findings.conntrackMost
    findings = PathFindings()
    findings.conntrackMost = most
    retransmitsAtPhaseStart = counters[.synRetransmits] ?? 0
    atPhaseStart = listenersEverywhere()
    queues = ListenerQueues()
    strangersAtQueues = 0
    connections.forgetStrangersWaiting()
    lookAtQueues()
    stopTracing()
    traceStarted = nil
    // Before the first connection of a client, all that stands is strangers'.
    if !clientsHaveConnected { connections.noteStrangers() }
  }

  /// Looks at the listeners and at handshakes without an answer. Returns the path's readings for the next
  /// sample.
  ///
  /// - Parameter timedOut: whether handshakes of this phase have met the clients' own deadline.
  package func look(_ counters: [Series.Key: Double], timedOut: Bool) -> [Reading] {
    lookAtListeners()
    if let entries = counters[.conntrackEntries] {
      findings.conntrackMost = max(findings.conntrackMost ?? 0, Int(entries))
    }
    let repeated = counters[.synRetransmits] ?? 0
    if timedOut || repeated > retransmitsAtPhaseStart {
      countUnanswered()
      if traceStarted == nil {
        traceStarted = .now()
        trace = PacketDropTrace(reasons: DropReason.kernelNames)
        if trace != nil { findings.dropsByReason = [:] }
      }
    }
    readTrace()
    return readings()
  }

  /// Ends the tracing of dropped packets, if any is under way.
  package func stopTracing() { trace = nil }

  // MARK: Listeners

  /// Whether every endpoint has a listener whose kernel can be asked.
  package var knowsServer: Bool {
    let found = Set(EndpointSpaces.listeners(in: spaces).map(\.endpoint.endpoint))
    return !endpoints.isEmpty && found.isSuperset(of: endpoints)
  }

  /// Whether every endpoint is in the network namespace of this process, whose counters are read.
  package var isInOwnNamespace: Bool {
    own != nil && endpointSpaces.ownEndpoints.count == endpoints.count
  }

  /// Connections of all endpoints that wait to be accepted, less those recognised as other programs'.
  package var waiting: Int {
    let queued = queued(EndpointSpaces.listening(in: spaces))
    let waiting = queued.reduce(0) { $0 + $1.waiting }
    return waiting > 0 ? max(0, waiting - connections.strangersWaiting(at: queued)) : 0
  }

  /// The queues of the sockets that the endpoints lead to, or have led to in this phase: another listener may
  /// shadow one by now.
  private func queued(_ found: [EndpointSpaces.Listening]) -> [QueuedConnections] {
    found.map { listening in
      QueuedConnections(listening) { queues.knows($0.inode, in: listening.space.id) }
    }
  }

  /// Connections that the server may still accept: those that wait to be accepted; where none do, those whose
  /// handshake the server's kernel has not seen finish. The kernel sends their SYN-ACK again after a second,
  /// and may see the end of the handshake then.
  package var possibleAcceptances: Int {
    let waiting = waiting
    return waiting > 0 ? waiting : connections.halfOpen
  }

  private func listenersEverywhere() -> [EndpointSpaces.NamespacedEndpoint: PathFindings.Listener] {
    Dictionary(
      EndpointSpaces.listeners(in: endpointSpaces.all()).map { ($0.endpoint, $0.listener) },
      uniquingKeysWith: { first, _ in first })
  }

  /// Notes how many connections wait at each listening socket. To be called often while connections come and
  /// go.
  package func lookAtQueues() {
    let (found, now) = (EndpointSpaces.listening(in: spaces), Instant.now())
    var closed = 0
    for listening in found {
      let lengths = Dictionary(
        listening.sockets.map { ($0.inode, $0.waiting) }, uniquingKeysWith: { $1 })
      let lost = queues.update(listening.space.id, lengths, reached: listening.reached, at: now)
      // Where queues migrate, the kernel has handed the connections to other sockets on the same port.
      if !listening.space.migratesQueues { closed += lost }
    }
    if closed > 0 { findings.closedWithListener += max(0, closed - strangersAtQueues) }
    let queued = queued(found)
    strangersAtQueues =
      queued.contains { $0.waiting > 0 } ? connections.strangersWaiting(at: queued) : 0
  }

  /// How many connections wait at sockets that the endpoints have led to in this phase, and that another
  /// listener shadows by now; by namespace and port.
  private func shadowedWaiting(
    _ found: [EndpointSpaces.Listening]
  ) -> [ObjectIdentifier: [UInt16: Int]] {
    var waiting: [ObjectIdentifier: [UInt16: Int]] = [:]
    for listening in found {
      for socket in listening.sockets
      where !listening.reached.contains(socket.inode)
        && queues.knows(socket.inode, in: listening.space.id)
      {
        waiting[listening.space.id, default: [:]][socket.local.port, default: 0] += socket.waiting
      }
    }
    return waiting
  }

  private func lookAtListeners() {
    let found = EndpointSpaces.listening(in: spaces)
    // Findings about an endpoint do not count while no namespace is chosen for it.
    let known = Set(spaces.flatMap(\.endpoints))
    for name in endpoints.filter({ !known.contains($0) }).map({ "\($0)" }) {
      findings.listeners[name] = nil
      findings.withoutListener.remove(name)
      findings.restarted.remove(name)
    }
    var shadowed = shadowedWaiting(found)
    for (namespaced, current) in found.flatMap(\.endpoints) {
      let name = "\(namespaced.endpoint)"
      let before = atPhaseStart[namespaced]
      guard var listener = current else {
        // The listener that was seen before is kept: its full queue may be the cause.
        findings.withoutListener.insert(name)
        findings.restarted.insert(name)
        continue
      }
      // Of several endpoints with this port the first gets all that waits at shadowed sockets.
      listener.waitingAtLastLook +=
        shadowed[namespaced.space]?.removeValue(forKey: namespaced.endpoint.port) ?? 0
      listener.isFullWhileUnanswered =
        findings.listeners[name]?.isFullWhileUnanswered ?? false
        || (traceStarted != nil && listener.isFull)
      listener.mostWaiting = max(
        listener.waitingAtLastLook, findings.listeners[name]?.mostWaiting ?? 0)
      listener.isFull = listener.isFull || findings.listeners[name]?.isFull ?? false
      listener.drops = listener.drops(since: before)
      // No restart while one of the first sockets still listens: a server that reloads opens new
      // sockets before it closes the old ones, so no SYN goes unheard.
      if let before, before.sockets.isDisjoint(with: listener.sockets) {
        findings.restarted.insert(name)
      }
      findings.listeners[name] = listener
      findings.withoutListener.remove(name)
    }
  }

  // MARK: Connections

  package var portsFreeOfClients: ClosedRange<UInt16>? {
    get { connections.portsFreeOfClients }
    set { connections.portsFreeOfClients = newValue }
  }

  package func acceptance(of clients: [Int32], holding held: Int) -> AcceptanceCount? {
    defer { findings.neverReached = Set(connections.neverReached.map { "\($0)" }) }
    return connections.acceptance(of: clients, holding: held)
  }

  package var stillHeldBehindNAT: Int { connections.stillHeldBehindNAT }

  package var leftAtServer: Int? {
    knowsServer ? connections.ends()?.values.reduce(0) { $0 + max(0, $1.server - $1.client) } : nil
  }

  package var heldAtBothEnds: Int? {
    knowsServer ? connections.ends()?.values.reduce(0) { $0 + min($1.server, $1.client) } : nil
  }

  // MARK: Handshakes without an answer

  private func countUnanswered() {
    var (handshakes, from) = (0, Set<IPAddress>())
    try? own?.each(.synSent, anyOf: endpoints.map(SocketCondition.uses)) { socket in
      guard socket.retransmits > 0, sources.contains(socket.local.ip) else { return }
      handshakes += 1
      from.insert(socket.local.ip)
    }
    guard handshakes > findings.unanswered?.handshakes ?? 0 else { return }
    findings.unanswered = PathFindings.Unanswered(handshakes: handshakes, sources: from.count)
  }

  // MARK: Dropped packets

  private func readTrace() {
    guard let trace, let traceStarted else { return }
    for (reason, count) in trace.read() {
      findings.dropsByReason?[reason, default: 0] += count
      droppedInAll[reason, default: 0] += count
    }
    if .now() >= traceStarted.advanced(by: Self.longestTrace) { stopTracing() }
  }

  private func readings() -> [Reading] {
    var readings = droppedInAll.map { reason, count in
      Reading(.packetsDropped(reason), unit: "packets", kind: .counter, value: Double(count))
    }
    let found = EndpointSpaces.listeners(in: spaces)
    guard !found.isEmpty else { return readings }
    let drops = found.map { endpoint, listener in
      var listener = listener
      listener.drops = listener.drops(since: atRunStart[endpoint])
      return listener
    }.sum { $0.drops ?? 0 }
    readings += [
      Reading(
        .listenerWaiting, unit: "connections", kind: .gauge,
        value: Double(found.map(\.1).sum(\.waitingAtLastLook))),
      Reading(
        .listenerDrops, unit: "packets", kind: .counter, value: Double(drops)),
    ]
    return readings
  }
}
