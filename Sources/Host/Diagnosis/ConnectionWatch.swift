import Addressing
import Linux
import SystemPackage

/// Asks the kernels at both ends which of the clients' connections the server end has.
final class ConnectionWatch {
  private let sources: Set<IPAddress>
  /// Matches the sockets on this host that are connected to the endpoints.
  private let clientSideFilter: [SocketCondition]
  /// Asks this host's kernel about the clients' own sockets; nil where that is not possible.
  private let own: SocketDiagnosis?
  private let endpointSpaces: EndpointSpaces
  private var spaces: [EndpointSpaces.Space] { endpointSpaces.known() }

  /// Endpoints at which connections from `sources` have arrived with their own addresses at some count (`acceptance`).
  private var reached: Set<SocketAddress> = []
  /// Endpoints to which the clients had connections at the last count, and at which no connection has ever arrived
  /// with its own address: NAT leads them elsewhere, or rewrites their addresses.
  var neverReached: Set<SocketAddress> { notReachedAtLastCount.subtracting(reached) }
  private var notReachedAtLastCount: Set<SocketAddress> = []
  /// Routes whose connections have all arrived with their own addresses and ports at some count.
  private var routesWithoutNAT: Set<ConnectionRoute> = []
  /// Server ends of the clients' connections whose addresses NAT has rewritten, as of the last count.
  private var endsBehindNAT: Set<ConnectionEnds> = []
  /// Connections that processes at the endpoints had before the clients had any. They are not the clients',
  /// whatever addresses NAT may give to the clients.
  private var strangersBefore: Set<ConnectionEnds> = []
  /// The ephemeral ports, as long as no client uses any of them: until then a connection from such a port is
  /// another program's. Nil once a client uses one.
  var portsFreeOfClients: ClosedRange<UInt16>?
  /// Other programs' connections that waited at the listeners at the last look.
  private var lastStrangersWaiting = 0
  private var nextLookAtStrangers: Instant?
  /// Whether a look of this phase has taken longer than `longestLookAtStrangers`.
  private var looksAtStrangersTakeLong = false
  /// Nanoseconds. A look makes the kernel go through all of its connections, so a longer one is the phase's
  /// last.
  private static let longestLookAtStrangers: UInt64 = 200_000_000
  /// The most entries of `strangersBefore`.
  private static let mostStrangers = 100_000

  init(
    to endpoints: [SocketAddress], from sources: Set<IPAddress>, in endpointSpaces: EndpointSpaces,
    own: SocketDiagnosis?
  ) {
    self.sources = sources
    clientSideFilter = endpoints.map(SocketCondition.uses)
    self.own = own
    self.endpointSpaces = endpointSpaces
  }

  /// Whether this address and port can belong to a client worker.
  private func couldBeClient(_ end: SocketAddress) -> Bool {
    sources.contains(end.ip) && portsFreeOfClients?.contains(end.port) != true
  }

  // MARK: Strangers

  /// Notes the connections that processes at the endpoints have while no client has any yet, but for
  /// those that could be a client's by their address and port.
  func noteStrangers() {
    strangersBefore = []
    try? eachServerEnd { socket in
      guard socket.hasOwner, !couldBeClient(socket.remote),
        strangersBefore.count < Self.mostStrangers
      else { return }
      strangersBefore.insert(ConnectionEnds(client: socket.remote, server: socket.local))
    }
  }

  /// Connections of other programs that wait at the listeners, as far as they can be recognised: by their
  /// ports, and by their addresses where the clients' connections arrive with the clients' own addresses. A
  /// connection that its peer has reset waits as well, but cannot be seen. After a look that took longer than
  /// `longestLookAtStrangers` the last number stands until the next phase.
  func strangersWaiting(at queued: [QueuedConnections]) -> Int {
    let began = Instant.now()
    if looksAtStrangersTakeLong { return lastStrangersWaiting }
    if let next = nextLookAtStrangers, began < next { return lastStrangersWaiting }
    // Connections from other addresses than the clients' are counted by the address at which they wait: NAT
    // may rewrite the clients' addresses on the way to one such address, but not to another.
    var (ofSources, ofOthers, reachedNow) = (0, [SocketAddress: Int](), reached)
    for queued in queued {
      try? queued.space.diagnosis.each(
        [.established, .closeWait], anyOf: queued.filter
      ) { socket in
        let isOurs = couldBeClient(socket.remote)
        if socket.hasOwner {
          if isOurs { reachedNow.insert(socket.local) }
        } else if !isOurs, queued.canHold(arrivalAt: socket.local) {
          if sources.contains(socket.remote.ip) {
            ofSources += 1
          } else {
            ofOthers[socket.local, default: 0] += 1
          }
        }
      }
    }
    // A connection from another address than the clients' is a stranger's where it waits at an endpoint that the
    // clients reach with their own addresses. So it is at any other address of a port whose endpoints they all
    // reach so.
    let notReached = Set(queued.flatMap(\.space.endpoints)).subtracting(reachedNow)
    let undecidedPorts = Set(notReached.map(\.port))
    lastStrangersWaiting =
      ofOthers.reduce(ofSources) { sum, others in
        reachedNow.contains(others.key) || !undecidedPorts.contains(others.key.port)
          ? sum + others.value : sum
      }
    let now = Instant.now()
    let took = now.nanoseconds(since: began)
    looksAtStrangersTakeLong = took > Self.longestLookAtStrangers
    // So looks take at most about a tenth of the time.
    nextLookAtStrangers = now.advanced(byNanoseconds: 10 * took)
    return lastStrangersWaiting
  }

  /// Notes that a phase begins: strangers seen in the last one no longer count.
  func forgetStrangersWaiting() {
    lastStrangersWaiting = 0
    nextLookAtStrangers = nil
    looksAtStrangersTakeLong = false
  }

  // MARK: The clients'

  /// Handshakes of the clients that the server's kernel has not seen finish. Where nothing has arrived with
  /// the clients' addresses, NAT may rewrite them, so every handshake counts.
  var halfOpen: Int {
    var count = 0
    for space in spaces {
      try? space.diagnosis.each(.synReceived, anyOf: space.serverSideFilter) {
        if reached.isEmpty || sources.contains($0.remote.ip) { count += 1 }
      }
    }
    return count
  }

  /// Of the connections behind NAT at the last look, how many the endpoints still have.
  var stillHeldBehindNAT: Int {
    guard !endsBehindNAT.isEmpty else { return 0 }
    var count = 0
    try? eachServerEnd { socket in
      let ends = ConnectionEnds(client: socket.remote, server: socket.local)
      if socket.hasOwner, endsBehindNAT.contains(ends) { count += 1 }
    }
    return count
  }

  /// Counts how many of the clients' connections the server end has; nil where no kernel can be asked.
  ///
  /// - Parameters:
  ///   - clients: the client processes' PIDs.
  ///   - held: how many connections these processes hold.
  func acceptance(of clients: [Int32], holding held: Int) -> AcceptanceCount? {
    let spaces = spaces
    guard let own, spaces.contains(where: { !$0.endpoints.isEmpty }) else { return nil }
    do throws(Errno) {
      var tally = EndTally { self.couldBeClient($0) }
      try own.each(.established, anyOf: clientSideFilter) { tally.takeClient($0) }
      for space in spaces { try tally.takeServerEnds(of: space) }
      endsBehindNAT = []
      notReachedAtLastCount = tally.endpointsWithoutArrivals
      if let count = tally.count(of: held) {
        routesWithoutNAT.formUnion(tally.arrivedRoutes)
        reached.formUnion(tally.arrivedRoutes.map(\.server))
        return count
      }
      var mine: [ConnectionEnds: UInt32] = [:]
      try eachOwnEnd(own) { if couldBeClient($0.client) { mine[$0] = $1 } }
      // Other programs may have connected from the same addresses. Only the processes' descriptors show
      // whose a socket is. Without the right to read them, nobody knows which of the numbers below include the
      // strangers. Each number could include all of them, so they are subtracted from each.
      var strangers = max(0, mine.count - held)
      if strangers > 0, let inodes = OpenSockets.inodes(of: clients) {
        mine = mine.filter { inodes.contains($0.value) }
        strangers = 0
      }
      var ends = MatchedEnds(mine, routesWithoutNAT: routesWithoutNAT)
      for space in spaces { try ends.match(space) }
      // This host's kernel is asked after the endpoints' kernels, so that it also tells of connections that
      // another program has opened meanwhile.
      var others = strangersBefore
      if ends.hasStrangers {
        try eachOwnEnd(own) { ends, _ in if mine[ends] == nil { others.insert(ends) } }
      }
      let found = ends.found(reachedBefore: reached, others: others)
      routesWithoutNAT.formUnion(ends.fullyMatched)
      reached.formUnion(ends.routesWithMatches.map(\.server))
      endsBehindNAT = found.behindNAT
      let away = found.lost + found.unreached
      let redirected = try RedirectedEnds(of: away, in: spaces, own: own)
      let lost = found.lost.count { !redirected.contains($0) }
      let unreached = found.unreached.count { !redirected.contains($0) }
      let redirectedCount = away.count - lost - unreached
      return AcceptanceCount(
        accepted: max(0, found.accepted - strangers),
        alone: max(0, found.waiting.count + lost - strangers),
        redirected: max(0, redirectedCount - strangers),
        unknown: max(
          0, unreached + found.ambiguous.count + found.deferred.count - strangers))
    } catch {
      return nil
    }
  }

  /// Passes on this host's ends of established connections to the endpoints, with their sockets' inodes. Ends
  /// that no process has are left out.
  private func eachOwnEnd(
    _ own: SocketDiagnosis, _ body: (ConnectionEnds, UInt32) -> Void
  ) throws(Errno) {
    try own.each(.established, anyOf: clientSideFilter) {
      if $0.isOwnedWithTwoAddresses {
        body(ConnectionEnds(client: $0.local, server: $0.remote), $0.inode)
      }
    }
  }

  /// Passes on the established connections that the endpoints' kernels have at the endpoints, from whatever
  /// address. Those that wait to be accepted are among them.
  private func eachServerEnd(_ body: (DiagnosedSocket) -> Void) throws(Errno) {
    for space in spaces {
      try space.diagnosis.each(.established, anyOf: space.serverSideFilter, body)
    }
  }

  /// Counts the ends of established connections by source address: the server ends that processes at the endpoints
  /// have, and the client ends on this host. Nil where that cannot be known. An address without a server end
  /// is left out.
  ///
  /// The ends are counted by address, since one address may have more client ends than server ends, as while
  /// connections wait to be accepted. Such a surplus must not hide server ends left over at another address.
  func ends() -> [IPAddress: (server: Int, client: Int)]? {
    guard let own else { return nil }
    var ends: [IPAddress: (server: Int, client: Int)] = [:]
    do throws(Errno) {
      // The server side first: a connection that is opened between the two counts must not look
      // left over.
      try eachServerEnd { socket in
        guard socket.hasOwner, couldBeClient(socket.remote) else { return }
        ends[socket.remote.ip, default: (0, 0)].server += 1
      }
      try own.each(.established, anyOf: clientSideFilter) { socket in
        if couldBeClient(socket.local) { ends[socket.local.ip]?.client += 1 }
      }
    } catch {
      return nil
    }
    return ends
  }
}
