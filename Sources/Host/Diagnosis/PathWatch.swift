package import Addressing
import Linux
package import Recording
import SystemPackage

/// Watches what lies between the two ends: the listeners' queues, handshakes without an answer, and
/// the kernel's reasons to drop packets. The trace of dropped packets starts once in a phase, at
/// the first look that finds a repeated SYN or a handshake that timed out, and runs until the phase
/// ends, for 60 s at the most.
///
/// An endpoint on this host, or in a network namespace that this process may enter, is asked about
/// at its own kernel (`EndpointSpaces`); of others nothing is known.
package final class PathWatch: PathReadings {
  private let endpoints: [SocketAddress]
  private let sources: Set<IPAddress>
  /// Asks about the clients' own sockets.
  private let own: SocketDiagnosis?
  private let endpointSpaces: EndpointSpaces
  private var spaces: [EndpointSpaces.Space] { endpointSpaces.known() }

  private var dropsAtRunStart: [SocketAddress: Int] = [:]
  private var dropsAtPhaseStart: [SocketAddress: Int] = [:]
  private var socketsAtPhaseStart: [SocketAddress: Set<UInt32>] = [:]
  private var retransmitsAtPhaseStart = 0.0
  /// Whether a server has had connections from these sources: then no address is translated on the way.
  private var hasSeenOurs = false
  private var trace: PacketDropTrace?
  private var traceStarted: Instant?
  private var droppedInAll: [String: Int] = [:]
  package private(set) var findings = PathFindings()

  /// With more endpoints than this the listeners are not watched.
  private static let mostEndpoints = 1024
  /// Longer than any kernel's first repetitions of a SYN take: 1, 3 and 7 seconds.
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
    dropsAtPhaseStart = listeners().compactMapValues(\.drops)
    dropsAtRunStart = dropsAtPhaseStart
  }

  // MARK: A phase

  /// Begins a phase: the findings start anew. Only `conntrackMost`, the highest level of connection
  /// tracking in the whole run, is carried over.
  package func begin(_ counters: [Series.Key: Double]) {
    let most = findings.conntrackMost
    findings = PathFindings()
    findings.conntrackMost = most
    retransmitsAtPhaseStart = counters[.synRetransmits] ?? 0
    let listeners = listeners()
    dropsAtPhaseStart = listeners.compactMapValues(\.drops)
    socketsAtPhaseStart = listeners.mapValues(\.sockets)
    stopTracing()
    traceStarted = nil
  }

  /// Looks at the listeners and at handshakes without an answer, and returns what belongs into the next sample.
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
        trace = PacketDropTrace(reasons: DropReason.thatMatter)
        if trace != nil { findings.dropped = [:] }
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
    let found = listeners()
    return !endpoints.isEmpty && endpoints.allSatisfy { found[$0] != nil }
  }

  /// Whether every endpoint is in the network namespace of this process, whose counters are read.
  package var isInOwnNamespace: Bool {
    own != nil && endpointSpaces.ownEndpoints.count == endpoints.count
  }

  /// Connections of all endpoints that wait to be accepted.
  package var waiting: Int { listeners().values.sum(\.waiting) }

  /// Connections that the clients may have and the endpoints' processes may still get: those that wait
  /// to be accepted; where none do, those whose handshake the server's kernel has not seen the end of.
  /// The kernel sends its SYN-ACK again after a second.
  package var pending: Int {
    let waiting = waiting
    return waiting > 0 ? waiting : halfOpen
  }

  private var halfOpen: Int { countHalfOpen { _ in true } }

  /// Handshakes whose end the kernel has seen, and which wait for the connection's first bytes
  /// (TCP_DEFER_ACCEPT). It sends no SYN-ACK again, as it does after a second where the end was
  /// lost.
  private var deferred: Int { countHalfOpen { $0.retransmits == 0 } }

  private func countHalfOpen(_ matches: (DiagnosedSocket) -> Bool) -> Int {
    var count = 0
    for space in spaces {
      try? space.diagnosis.each(
        .synReceived, anyOf: space.endpoints.map(SocketCondition.local)
      ) { if sources.contains($0.remote.ip), matches($0) { count += 1 } }
    }
    return count
  }

  /// How many of the clients' connections have been accepted by a process at the endpoints; nil
  /// where that cannot be known. The kernel goes through all connections of the host for it.
  ///
  /// - Parameter held: connections of the clients now. Where more are found, other programs' are among
  ///   them, and nobody can tell whose wait to be accepted.
  package func accepted(of held: Int) -> Int? {
    guard let (ours, waiting) = connections() else { return nil }
    if ours > 0 { hasSeenOurs = true }
    // The server never had a connection from our addresses: they are translated on the way, so nothing
    // can be told.
    guard ours + waiting > 0 || hasSeenOurs else { return nil }
    // All that the clients hold may be accepted; but where more wait, others have come from the same
    // addresses, and may have been accepted instead.
    guard ours < held else { return waiting == 0 ? held : nil }
    let isMixed = ours + waiting > held
    // What a listener defers until its first bytes come, it has not refused.
    let deferred = min(isMixed ? held - ours : held - ours - waiting, deferred)
    guard deferred > 0 else { return ours }
    return ours + deferred == held ? nil : ours + deferred
  }

  package var leftAtServer: Int? {
    ends()?.values.reduce(0) { $0 + max(0, $1.server - $1.client) }
  }

  package var heldAtBothEnds: Int? {
    ends()?.values.reduce(0) { $0 + min($1.server, $1.client) }
  }

  package func unaccepted(
    of clients: [Int32], holding held: Int, evenAlone: Bool
  ) -> Int? {
    guard knowsServer, let own else { return nil }
    do throws(Errno) {
      var count = 0
      try eachClientEnd(own) { _ in count += 1 }
      guard count > held || evenAlone else { return nil }
      var accepted: Set<ConnectionEnds> = []
      // A rule that translates an address leaves the port as it is, where nobody else has it.
      var translated: Set<UInt16> = []
      try eachServerEnd { socket in
        guard socket.hasOwner else { return }
        accepted.insert(ConnectionEnds(client: socket.remote, server: socket.local))
        if !sources.contains(socket.remote.ip) { translated.insert(socket.remote.port) }
      }
      var (alone, isMet) = (Set<UInt32>(), false)
      try eachClientEnd(own) { socket in
        if accepted.contains(ConnectionEnds(client: socket.local, server: socket.remote)) {
          isMet = true
        } else if !translated.contains(socket.local.port) {
          alone.insert(socket.inode)
        }
      }
      // Where no end meets another, something is between all of them.
      guard isMet else { return nil }
      let deferred = alone.isEmpty ? 0 : deferred
      let others = max(0, count - held)
      // Whose they are, only the processes' descriptors tell. Of all but the others', they are ours.
      let ours =
        others == 0
        ? alone.count
        : OpenSockets.count(of: clients, among: alone) ?? max(0, alone.count - others)
      return max(0, ours - deferred)
    } catch {
      return nil
    }
  }

  private struct ConnectionEnds: Hashable {
    let client: SocketAddress
    let server: SocketAddress
  }

  /// The established connections at the endpoints, whoever they come from, as their kernels have them:
  /// also those that wait to be accepted.
  private func eachServerEnd(_ body: (DiagnosedSocket) -> Void) throws(Errno) {
    for space in spaces {
      try space.diagnosis.each(
        .established, anyOf: space.endpoints.map(SocketCondition.local), body)
    }
  }

  /// The established connections of this host's programs from the sources to the endpoints.
  private func eachClientEnd(
    _ own: SocketDiagnosis, _ body: (DiagnosedSocket) -> Void
  ) throws(Errno) {
    try own.each(.established, anyOf: endpoints.map(SocketCondition.remote)) { socket in
      if socket.hasOwner, sources.contains(socket.local.ip) { body(socket) }
    }
  }

  /// The established ends of connections from the sources that processes at the endpoints have, and
  /// those that this host has. By source address: where the clients' side has more sockets at one
  /// address, as while connections wait to be accepted, that surplus must not hide what is left at
  /// another address.
  private func ends() -> [IPAddress: (server: Int, client: Int)]? {
    guard knowsServer, let own else { return nil }
    var ends: [IPAddress: (server: Int, client: Int)] = [:]
    do throws(Errno) {
      // The server side first: a connection that is opened between the two counts must not look
      // left over.
      try eachServerEnd { socket in
        guard socket.hasOwner, sources.contains(socket.remote.ip) else { return }
        ends[socket.remote.ip, default: (0, 0)].server += 1
      }
      try own.each(.established, anyOf: endpoints.map(SocketCondition.remote)) { socket in
        ends[socket.local.ip]?.client += 1
      }
    } catch {
      return nil
    }
    return ends
  }

  /// Connections from the sources at the endpoints, as their kernels have them.
  private func connections() -> (owned: Int, waiting: Int)? {
    // A server whose listener is gone can still be asked for its connections.
    guard hasSeenOurs || knowsServer else { return nil }
    var (ours, waiting) = (0, 0)
    do throws(Errno) {
      try eachServerEnd { socket in
        guard sources.contains(socket.remote.ip) else { return }
        if socket.hasOwner { ours += 1 } else { waiting += 1 }
      }
    } catch {
      return nil
    }
    return (ours, waiting)
  }

  private func listeners() -> [SocketAddress: PathFindings.Listener] {
    askedListeners().compactMapValues(\.self)
  }

  /// What listens at the endpoints whose kernel has answered; nil where nobody does.
  private func askedListeners() -> [SocketAddress: PathFindings.Listener?] {
    var found: [SocketAddress: PathFindings.Listener?] = [:]
    for space in spaces {
      var sockets: [DiagnosedSocket] = []
      let ports = Set(space.endpoints.map(\.port)).map(SocketCondition.localPort)
      do throws(Errno) {
        try space.diagnosis.each(.listen, anyOf: ports) { sockets.append($0) }
      } catch {
        // A kernel without INET_DIAG says nothing, which is not that nobody listens.
        continue
      }
      for endpoint in space.endpoints {
        found[endpoint] = .some(PathFindings.Listener(sockets, at: endpoint))
      }
    }
    return found
  }

  private func lookAtListeners() {
    let found = askedListeners()
    // What was said by a namespace that is not believed any more is no finding.
    let known = Set(spaces.flatMap(\.endpoints))
    for name in endpoints.filter({ !known.contains($0) }).map({ "\($0)" }) {
      findings.listeners[name] = nil
      findings.withoutListener.remove(name)
      findings.restarted.remove(name)
    }
    for (endpoint, asked) in found {
      let name = "\(endpoint)"
      guard var listener = asked else {
        // The listener that was seen before is kept: its full queue may be the cause.
        findings.withoutListener.insert(name)
        findings.restarted.insert(name)
        continue
      }
      listener.left = listener.waiting
      listener.isFullWhileUnanswered =
        findings.listeners[name]?.isFullWhileUnanswered ?? false
        || (traceStarted != nil && listener.isFull)
      listener.waiting = max(listener.waiting, findings.listeners[name]?.waiting ?? 0)
      listener.isFull = listener.isFull || findings.listeners[name]?.isFull ?? false
      // The counter of a listener that was opened during the phase began at zero.
      listener.drops = listener.drops.map { drops in
        let before = dropsAtPhaseStart[endpoint] ?? 0
        return drops >= before ? drops - before : drops
      }
      // No restart while one of the first sockets still listens: a server that reloads opens new
      // sockets before it closes the old ones, so no SYN goes unheard.
      if let first = socketsAtPhaseStart[endpoint], first.isDisjoint(with: listener.sockets) {
        findings.restarted.insert(name)
      }
      findings.listeners[name] = listener
      findings.withoutListener.remove(name)
    }
  }

  // MARK: Handshakes without an answer

  private func countUnanswered() {
    var (handshakes, from) = (0, Set<IPAddress>())
    try? own?.each(.synSent, anyOf: endpoints.map(SocketCondition.remote)) { socket in
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
      findings.dropped?[reason, default: 0] += count
      droppedInAll[reason, default: 0] += count
    }
    if .now() >= traceStarted.advanced(by: Self.longestTrace) { stopTracing() }
  }

  private func readings() -> [Reading] {
    var readings = droppedInAll.map { reason, count in
      Reading(.packetsDropped(reason), unit: "packets", kind: .counter, value: Double(count))
    }
    let found = listeners()
    guard !found.isEmpty else { return readings }
    let drops = found.map { endpoint, listener in
      var listener = listener
      listener.drops = max(0, (listener.drops ?? 0) - (dropsAtRunStart[endpoint] ?? 0))
      return listener
    }.sum { $0.drops ?? 0 }
    readings += [
      Reading(
        .listenerWaiting, unit: "connections", kind: .gauge,
        value: Double(found.values.sum(\.waiting))),
      Reading(
        .listenerDrops, unit: "handshakes", kind: .counter, value: Double(drops)),
    ]
    return readings
  }
}

extension PathFindings.Listener {
  /// The listening sockets that a SYN to an endpoint reaches: sockets on its very address go before
  /// sockets on all addresses (`compute_score` in net/ipv4/inet_hashtables.c). Nil when there are
  /// none.
  init?(_ sockets: [DiagnosedSocket], at endpoint: SocketAddress) {
    let exact = sockets.filter { $0.local == endpoint }
    let chosen =
      exact.isEmpty
      ? sockets.filter {
        $0.local.port == endpoint.port && $0.local.ip.isEvery(like: endpoint.ip)
          && (endpoint.ip.isV6 || !$0.isV6Only)
      } : exact
    guard !chosen.isEmpty else { return nil }
    self.init(
      waiting: chosen.reduce(0) { $0 + $1.waiting }, backlog: chosen.reduce(0) { $0 + $1.backlog },
      drops: chosen.reduce(0 as Int?) { sum, socket in
        sum.flatMap { sum in socket.drops.map { sum + $0 } }
      })
    // Each socket has a queue of its own, and gets a share of the SYNs whatever waits at the others.
    isFull = chosen.contains { $0.waiting > $0.backlog }
    self.sockets = Set(chosen.map(\.inode))
  }
}
