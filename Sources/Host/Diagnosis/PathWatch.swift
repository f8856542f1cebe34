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
  /// What the clients' connections meet.
  private let there: [SocketCondition]
  /// Asks about the clients' own sockets.
  private let own: SocketDiagnosis?
  private let endpointSpaces: EndpointSpaces
  private var spaces: [EndpointSpaces.Space] { endpointSpaces.known() }

  /// What listened when the run and when the phase began, in every namespace that may be the endpoint's.
  private var atRunStart: [EndpointSpaces.Place: PathFindings.Listener] = [:]
  private var atPhaseStart: [EndpointSpaces.Place: PathFindings.Listener] = [:]
  private var retransmitsAtPhaseStart = 0.0
  /// Endpoints that have had connections from these sources: then no address is translated on the way.
  private var reached: Set<SocketAddress> = []
  /// What the clients' connections were at the server when they were looked at last, where a rule
  /// translates their addresses.
  private var translated: Set<ConnectionEnds> = []
  /// What processes at the endpoints had from other addresses when no client had any connection yet: none
  /// of it is a client's behind a rule that translates addresses.
  private var strangersBefore: Set<ConnectionEnds> = []
  package var strangersPorts: ClosedRange<UInt16>?
  /// Others that wait at the listeners, as they were seen last, and when to look again.
  private var strangersWaiting = 0
  private var nextLookAtStrangers: Instant?
  private var looksAtStrangersTakeLong = false
  /// Nanoseconds: what a hundred thousand connections take.
  private static let longestLookAtStrangers: UInt64 = 200_000_000
  private var trace: PacketDropTrace?
  private var traceStarted: Instant?
  private var droppedInAll: [String: Int] = [:]
  package private(set) var findings = PathFindings()

  private static let mostStrangers = 100_000
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
    there = endpoints.map(SocketCondition.uses)
    own = try? SocketDiagnosis()
    endpointSpaces = EndpointSpaces(
      of: endpoints.count <= Self.mostEndpoints ? endpoints : [], sources: self.sources, own: own)
    atRunStart = listenersEverywhere()
    atPhaseStart = atRunStart
  }

  /// Whether the clients' end of a connection may be one of theirs, as far as its address and port tell.
  private func mayBeClients(_ end: SocketAddress) -> Bool {
    sources.contains(end.ip) && strangersPorts?.contains(end.port) != true
  }

  // MARK: A phase

  /// Begins a phase: the findings start anew. Only `conntrackMost`, the highest level of connection
  /// tracking in the whole run, is carried over.
  package func begin(_ counters: [Series.Key: Double], hasClients: Bool) {
    let most = findings.conntrackMost
    findings = PathFindings()
    findings.conntrackMost = most
    retransmitsAtPhaseStart = counters[.synRetransmits] ?? 0
    atPhaseStart = listenersEverywhere()
    stopTracing()
    traceStarted = nil
    if !hasClients { strangersBefore = strangers() }
  }

  /// What processes at the endpoints have that is none of the clients'.
  private func strangers() -> Set<ConnectionEnds> {
    var strangers: Set<ConnectionEnds> = []
    try? eachServerEnd { socket in
      guard socket.hasOwner, !mayBeClients(socket.remote), strangers.count < Self.mostStrangers
      else { return }
      strangers.insert(ConnectionEnds(client: socket.remote, server: socket.local))
    }
    return strangers
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
  package var waiting: Int {
    let waiting = listeners().values.sum(\.waiting)
    return waiting > 0 ? max(0, waiting - countStrangersWaiting()) : 0
  }

  /// Those of others that can be told from the clients': by their ports, and by their addresses where the
  /// clients' connections arrive under their own. One that its peer has reset waits, too, and cannot be
  /// seen. Where a look takes long nobody is looked for any more.
  private func countStrangersWaiting() -> Int {
    let began = Instant.now()
    guard !looksAtStrangersTakeLong else { return 0 }
    if let next = nextLookAtStrangers, began < next { return strangersWaiting }
    var (ofSources, ofOthers, isReached) = (0, 0, !reached.isEmpty)
    for space in spaces {
      try? space.diagnosis.each([.established, .closeWait], anyOf: space.here) { socket in
        let isOurs = mayBeClients(socket.remote)
        if socket.hasOwner {
          isReached = isReached || isOurs
        } else if !isOurs {
          if sources.contains(socket.remote.ip) { ofSources += 1 } else { ofOthers += 1 }
        }
      }
    }
    strangersWaiting = ofSources + (isReached ? ofOthers : 0)
    let now = Instant.now()
    let took = now.nanoseconds(since: began)
    looksAtStrangersTakeLong = took > Self.longestLookAtStrangers
    nextLookAtStrangers = now.advanced(byNanoseconds: 10 * took)
    return strangersWaiting
  }

  /// Connections that the clients may have and the endpoints' processes may still get: those that wait
  /// to be accepted; where none do, those whose handshake the server's kernel has not seen the end of.
  /// The kernel sends its SYN-ACK again after a second.
  package var pending: Int {
    let waiting = waiting
    return waiting > 0 ? waiting : halfOpen
  }

  private var halfOpen: Int {
    var count = 0
    for space in spaces {
      try? space.diagnosis.each(.synReceived, anyOf: space.here) {
        if sources.contains($0.remote.ip) { count += 1 }
      }
    }
    return count
  }

  package var leftAtServer: Int? {
    ends()?.values.reduce(0) { $0 + max(0, $1.server - $1.client) }
  }

  package var translatedLeft: Int {
    guard !translated.isEmpty else { return 0 }
    var count = 0
    try? eachServerEnd { socket in
      let ends = ConnectionEnds(client: socket.remote, server: socket.local)
      if socket.hasOwner, translated.contains(ends) { count += 1 }
    }
    return count
  }

  package var heldAtBothEnds: Int? {
    ends()?.values.reduce(0) { $0 + min($1.server, $1.client) }
  }

  package func acceptance(of clients: [Int32], holding held: Int) -> AcceptanceCount? {
    let spaces = spaces
    guard let own, spaces.contains(where: { !$0.endpoints.isEmpty }) else { return nil }
    do throws(Errno) {
      var numbers = EndNumbers { self.mayBeClients($0) }
      try own.each(.established, anyOf: there) { numbers.takeClient($0) }
      for space in spaces { try numbers.match(space) }
      translated = []
      if let count = numbers.count(of: held) {
        reached.formUnion(numbers.reached)
        return count
      }
      var (mine, others) = ([ConnectionEnds: UInt32](), Set<ConnectionEnds>())
      try own.each(.established, anyOf: there) { socket in
        guard socket.hasOwner else { return }
        let ends = ConnectionEnds(client: socket.local, server: socket.remote)
        if mayBeClients(socket.local) {
          mine[ends] = socket.inode
        } else if !sources.contains(socket.local.ip) {
          others.insert(ends)
        }
      }
      // Other programs may have come from the same addresses. Whose an end is, only the processes'
      // descriptors tell; where nobody may look at them, all of the others' may be among the rest.
      var strangers = max(0, mine.count - held)
      if strangers > 0, let inodes = OpenSockets.inodes(of: clients) {
        mine = mine.filter { inodes.contains($0.value) }
        strangers = 0
      }
      var ends = MatchedEnds(mine, from: sources, others: others.union(strangersBefore))
      for space in spaces { try ends.match(space) }
      reached.formUnion(ends.reached.keys)
      let found = ends.found(reachedBefore: reached)
      translated = found.translated
      let redirected = try RedirectedEnds(of: found.lost + found.unknown, in: spaces, own: own)
      let lost = found.lost.count { !redirected.contains($0) }
      let unknown = found.unknown.count { !redirected.contains($0) }
      let led = found.lost.count + found.unknown.count - lost - unknown
      return AcceptanceCount(
        accepted: max(0, found.accepted - strangers),
        alone: max(0, found.waiting.count + lost - strangers),
        redirected: max(0, led - strangers),
        unknown: max(0, unknown + found.deferred.count - strangers))
    } catch {
      return nil
    }
  }

  /// The established connections at the endpoints, whoever they come from, as their kernels have them:
  /// also those that wait to be accepted.
  private func eachServerEnd(_ body: (DiagnosedSocket) -> Void) throws(Errno) {
    for space in spaces {
      try space.diagnosis.each(
        .established, anyOf: space.here, body)
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
        guard socket.hasOwner, mayBeClients(socket.remote) else { return }
        ends[socket.remote.ip, default: (0, 0)].server += 1
      }
      try own.each(.established, anyOf: there) { socket in
        if mayBeClients(socket.local) { ends[socket.local.ip]?.client += 1 }
      }
    } catch {
      return nil
    }
    return ends
  }

  private func listeners() -> [SocketAddress: PathFindings.Listener] {
    Dictionary(
      asked(spaces).compactMap { asked in asked.listener.map { (asked.place.endpoint, $0) } },
      uniquingKeysWith: { first, _ in first })
  }

  private func listenersEverywhere() -> [EndpointSpaces.Place: PathFindings.Listener] {
    Dictionary(
      asked(endpointSpaces.all()).compactMap { asked in asked.listener.map { (asked.place, $0) } },
      uniquingKeysWith: { first, _ in first })
  }

  /// What listens at the endpoints whose kernel has answered; nil where nobody does.
  private func asked(
    _ spaces: [EndpointSpaces.Space]
  ) -> [(place: EndpointSpaces.Place, listener: PathFindings.Listener?)] {
    var found: [(place: EndpointSpaces.Place, listener: PathFindings.Listener?)] = []
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
        found.append((space.place(endpoint), PathFindings.Listener(sockets, at: endpoint)))
      }
    }
    return found
  }

  private func lookAtListeners() {
    let found = asked(spaces)
    // What was said by a namespace that is not believed any more is no finding.
    let known = Set(spaces.flatMap(\.endpoints))
    for name in endpoints.filter({ !known.contains($0) }).map({ "\($0)" }) {
      findings.listeners[name] = nil
      findings.withoutListener.remove(name)
      findings.restarted.remove(name)
    }
    for (place, asked) in found {
      let name = "\(place.endpoint)"
      let before = atPhaseStart[place]
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
        let before = before?.drops ?? 0
        return drops >= before ? drops - before : drops
      }
      // No restart while one of the first sockets still listens: a server that reloads opens new
      // sockets before it closes the old ones, so no SYN goes unheard.
      if let before, before.sockets.isDisjoint(with: listener.sockets) {
        findings.restarted.insert(name)
      }
      findings.listeners[name] = listener
      findings.withoutListener.remove(name)
    }
  }

  // MARK: Handshakes without an answer

  private func countUnanswered() {
    var (handshakes, from) = (0, Set<IPAddress>())
    try? own?.each(.synSent, anyOf: there) { socket in
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
    let found = asked(spaces).compactMap { asked in asked.listener.map { (asked.place, $0) } }
    guard !found.isEmpty else { return readings }
    let drops = found.map { place, listener in
      var listener = listener
      listener.drops = max(0, (listener.drops ?? 0) - (atRunStart[place]?.drops ?? 0))
      return listener
    }.sum { $0.drops ?? 0 }
    readings += [
      Reading(
        .listenerWaiting, unit: "connections", kind: .gauge,
        value: Double(found.map(\.1).sum(\.waiting))),
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
    let endpoint = SocketAddress(endpoint.ip.unmapped, endpoint.port)
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
