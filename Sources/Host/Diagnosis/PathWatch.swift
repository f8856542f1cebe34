package import Addressing
import Linux
package import Recording
import SystemPackage

/// Watches what lies between the two ends: the listeners' queues, handshakes without an answer, and
/// the kernel's reasons to drop packets.
///
/// The trace of dropped packets starts at most once per phase: at the first look after the kernel has repeated a
/// SYN or SYN-ACK, or after a call has failed with a timeout. The trace ends with the phase, or at the first look after
/// 60 s.
///
/// An endpoint can be watched where its address is in this process's network namespace, or in another one of
/// this host that this process may enter (`EndpointSpaces`). Nothing is known of any other endpoint.
package final class PathWatch: PathReadings {
  private let endpoints: [SocketAddress]
  private let sources: Set<IPAddress>
  /// Asks about the sockets in this process's own network namespace, among them the clients'.
  private let ownDiagnosis: SocketDiagnosis?
  private let endpointSpaces: EndpointSpaces
  /// The network namespaces of the endpoints, as far as they are chosen by now.
  private var spaces: [EndpointSpaces.Space] { endpointSpaces.known() }
  private let connections: ConnectionWatch

  /// What each listener's socket had dropped at the last look, by inode, and what all have dropped since the run
  /// began. A server that starts anew has other sockets, which count from zero.
  private var dropsAtLastLook: [UInt32: Int] = [:]
  private var droppedByListeners = 0
  /// What listened when the phase began, in every namespace that may be the endpoint's.
  private var atPhaseStart: [EndpointSpaces.NamespacedEndpoint: PathFindings.Listener] = [:]
  /// The lengths of the accept queues since the phase began, as each call of `lookAtQueues` noted them.
  private var queues = ListenerQueues()
  /// Connections of other programs that waited in these queues at the last call of `lookAtQueues`.
  private var strangersAtQueues = 0
  /// The kernel's count of repeated SYNs and SYN-ACKs (`synRetransmits`) when the phase began.
  private var synRetransmitsAtPhaseStart = 0.0
  private var trace: PacketDropTrace?
  /// When the trace of this phase started; nil before. It stays set when the trace has ended.
  private var traceStarted: Instant?
  /// Packets that the traces of all phases have shown, by the kernel's reason.
  private var droppedInAll: [String: Int] = [:]
  package private(set) var findings = PathFindings()

  /// With more endpoints than this no listener is watched.
  private static let mostEndpoints = 1024
  /// Long enough for several repetitions of a SYN: the kernel sends at least three within 7 seconds
  /// (`tcp_syn_linear_timeouts` in Documentation/networking/ip-sysctl.rst).
  private static let longestTrace = Duration.seconds(60)

  /// - Parameters:
  ///   - endpoints: where the clients connect to.
  ///   - sources: where they connect from.
  package init(endpoints: [SocketAddress], sources: [IPAddress]) {
    self.endpoints = endpoints
    self.sources = Set(sources)
    ownDiagnosis = try? SocketDiagnosis()
    endpointSpaces = EndpointSpaces(
      of: endpoints.count <= Self.mostEndpoints ? endpoints : [], sources: self.sources,
      own: ownDiagnosis)
    connections = ConnectionWatch(
      to: endpoints, from: self.sources, in: endpointSpaces, own: ownDiagnosis)
    atPhaseStart = listenersEverywhere()
    for listener in atPhaseStart.values {
      dropsAtLastLook.merge(listener.dropsBySocket) { _, last in last }
    }
  }

  // MARK: A phase

  /// Begins a phase: the findings start anew. Only `conntrackMost` is kept, because it is about the whole run.
  package func begin(_ counters: [Series.Key: Double], clientsHaveConnected: Bool) {
    let most = findings.conntrackMost
    findings = PathFindings()
    findings.conntrackMost = most
    synRetransmitsAtPhaseStart = counters[.synRetransmits] ?? 0
    atPhaseStart = listenersEverywhere()
    queues = ListenerQueues()
    strangersAtQueues = 0
    connections.forgetStrangersWaiting()
    lookAtQueues()
    stopTracing()
    traceStarted = nil
    // While no client has connected yet, every connection that stands is another program's.
    if !clientsHaveConnected { connections.noteStrangers() }
  }

  /// Looks at the listeners and at handshakes without an answer. Returns the path's readings for the next
  /// sample.
  ///
  /// - Parameter timedOut: whether the phase has a failure that is a timeout: of the client's own deadline for
  ///   handshakes, or ETIMEDOUT.
  package func look(_ counters: [Series.Key: Double], timedOut: Bool) -> [Reading] {
    lookAtListeners()
    if let entries = counters[.conntrackEntries] {
      findings.conntrackMost = max(findings.conntrackMost ?? 0, Int(entries))
    }
    let synRetransmits = counters[.synRetransmits] ?? 0
    if timedOut || synRetransmits > synRetransmitsAtPhaseStart {
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

  /// Whether every endpoint is in this process's own network namespace. `KernelSeries` reads the counters of
  /// that namespace only.
  package var isInOwnNamespace: Bool {
    ownDiagnosis != nil && endpointSpaces.ownEndpoints.count == endpoints.count
  }

  /// Connections that wait to be accepted at all endpoints, less those recognised as other programs'.
  package var waiting: Int {
    let queued = queued(EndpointSpaces.listening(in: spaces))
    let waiting = queued.reduce(0) { $0 + $1.waiting }
    return waiting > 0 ? max(0, waiting - connections.strangersWaiting(at: queued)) : 0
  }

  /// The queues of the listening sockets to which an endpoint leads, or has led in this phase. A socket of the
  /// latter kind keeps its queue, while a listener on a more specific address gets the new connections.
  private func queued(_ found: [EndpointSpaces.Listening]) -> [QueuedConnections] {
    found.map { listening in
      QueuedConnections(listening) { queues.knows($0.inode, in: listening.space.id) }
    }
  }

  /// Connections that the server may still accept: those that wait to be accepted. Where none waits, those whose
  /// handshake the server's kernel has not seen finish: it repeats their SYN-ACK after a second, and may then
  /// see the end of the handshake.
  package var possibleAcceptances: Int {
    let waiting = waiting
    return waiting > 0 ? waiting : connections.halfOpen
  }

  private func listenersEverywhere() -> [EndpointSpaces.NamespacedEndpoint: PathFindings.Listener] {
    Dictionary(
      EndpointSpaces.listeners(in: endpointSpaces.all()).map { ($0.endpoint, $0.listener) },
      uniquingKeysWith: { first, _ in first })
  }

  /// Notes how many connections wait at each listening socket, and which of them were lost with a socket that
  /// was closed. To be called often while connections come and go.
  package func lookAtQueues() {
    let (found, now) = (EndpointSpaces.listening(in: spaces), Instant.now())
    var closed = 0
    for listening in found {
      let lengths = Dictionary(
        listening.sockets.map { ($0.inode, $0.waiting) }, uniquingKeysWith: { $1 })
      let lost = queues.update(listening.space.id, lengths, reached: listening.reached, at: now)
      // With `tcp_migrate_req` nothing is lost: the kernel has handed the connections to other sockets on the
      // same port.
      if !listening.space.migratesQueues { closed += lost }
    }
    if closed > 0 { findings.closedWithListener += max(0, closed - strangersAtQueues) }
    let queued = queued(found)
    strangersAtQueues =
      queued.contains { $0.waiting > 0 } ? connections.strangersWaiting(at: queued) : 0
  }

  /// How many connections wait at shadowed sockets, by namespace and port. A socket is shadowed where an
  /// endpoint has led to it in this phase, and now leads to a listener on a more specific address.
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
    // While no namespace is chosen for an endpoint, nobody knows whose listeners were seen there: what was
    // found does not count.
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
        // `findings.listeners` keeps the listener that was seen before: its full queue may be the cause.
        findings.withoutListener.insert(name)
        findings.restarted.insert(name)
        continue
      }
      // Where several endpoints have this port, the first gets all that waits at shadowed sockets.
      listener.waitingAtLastLook +=
        shadowed[namespaced.space]?.removeValue(forKey: namespaced.endpoint.port) ?? 0
      listener.isFullWhileUnanswered =
        findings.listeners[name]?.isFullWhileUnanswered ?? false
        || (traceStarted != nil && listener.isFull)
      listener.mostWaiting = max(
        listener.waitingAtLastLook, findings.listeners[name]?.mostWaiting ?? 0)
      listener.isFull = listener.isFull || findings.listeners[name]?.isFull ?? false
      listener.drops = listener.drops(since: before)
      // It is no restart while one of the sockets from the start of the phase still listens: a server that
      // reloads opens new sockets before it closes the old ones, so somebody listens all the time.
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
    try? ownDiagnosis?.each(.synSent, anyOf: endpoints.map(SocketCondition.uses)) { socket in
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
    for (inode, count) in found.flatMap(\.1.dropsBySocket) {
      droppedByListeners += max(0, count - dropsAtLastLook[inode, default: 0])
      dropsAtLastLook[inode] = count
    }
    readings += [
      Reading(
        .listenerWaiting, unit: "connections", kind: .gauge,
        value: Double(found.map(\.1).sum(\.waitingAtLastLook))),
      Reading(
        .listenerDrops, unit: "packets", kind: .counter, value: Double(droppedByListeners)),
    ]
    return readings
  }
}
