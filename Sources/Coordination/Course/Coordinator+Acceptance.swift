import Host
import Linux
import Plan
import Probe
import Recording
import WorkerLog

/// Counts the clients' connections: how many each end holds, and how many no server has accepted.
extension Coordinator {
  /// Gives the server a moment to accept what is on its way, and to notice what the clients have closed.
  mutating func settleServer() throws(RecordingError) {
    let path = hostReadings.path
    guard hasOwnServer else {
      return try settle(watching: { path.possibleAcceptances }) { _ in
        path.possibleAcceptances == 0
      }
    }
    try settle { fleet in
      let (held, atServer) = (fleet.current(.held, .client), fleet.heldAtServer)
      // Where other programs have connected from the clients' addresses, the server may hold more than the
      // clients do.
      let hasOthers = fleet.acceptedByServer > fleet.total(.established, .client)
      guard !fleet.knowsOwnConnections else {
        return atServer == held || hasOthers && atServer > held && path.waiting == 0
      }
      return path.waiting == 0 && atServer + fleet.strangersHeldAtServer >= held
    }
  }

  /// How long the server has to accept a churn's last connection, from the moment at which the client closed
  /// it: one second, plus the time of the run's quickest handshake. The client's last packet takes half a
  /// round trip to the server. A handshake takes a whole one, so its time is enough.
  private var acceptTime: Duration {
    .seconds(1) + (fleet.handshakeTimes?.lowerBound ?? .zero)
  }

  /// Waits for the server to accept the connections of a churn, all of which are closed by now unless the churn was cut
  /// off.
  ///
  /// - Returns: how many the server did not accept within `acceptTime`; for a churn that was cut off, how many it has not
  ///   accepted by the end of the second, longer wait. Those that never reached someone else's server, or were lost with
  ///   its listener, are among them.
  mutating func awaitAcceptance() throws(RecordingError) -> Int {
    var acceptance = acceptance
    var fewest = Int.max
    try loop(until: clock.now().advanced(by: acceptTime)) { fleet in
      fewest = min(fewest, acceptance.outstanding(fleet))
      return fewest == 0
    }
    let notInTime = fewest
    queuedAtDeadline = notInTime > 0 ? min(notInTime, hostReadings.path.waiting) : 0
    // Counted at the deadline, since a connection that is lost with its listener later is in `notInTime`.
    let lostByDeadline = lostWithListener
    queuedAtDeadline += lostByDeadline
    // The diagnosis needs what the path shows at the deadline, so the path is looked at now.
    if notInTime > 0 { _ = lookAtPath(adding: hostReadings.readings()) }
    let (isOurs, path) = (hasOwnServer, hostReadings.path)
    // Waits for the rest as well: that the server accepts late has another cause than that it never accepts.
    try settle(watching: { isOurs ? 0 : path.possibleAcceptances }) { fleet in
      fewest = min(fewest, acceptance.outstanding(fleet))
      return fewest == 0
        && (!isOurs || fleet.heldAtServer <= fleet.current(.held, .client))
    }
    let (missing, lost) =
      course.waitsGoOn ? (notInTime, lostByDeadline) : (fewest, lostWithListener)
    return max(missing, unfinishedAtServer()) + lost
  }

  /// Connections of this phase that were lost because someone else's listener was closed before its server
  /// accepted them. Left out are those that a client still held then: they count as closed by the peer.
  private var lostWithListener: Int {
    guard !hasOwnServer else { return 0 }
    let closedByPeer = fleet.total(.closedByPeer, .client) - closedByPeerBefore
    // Other programs' connections that were in the queue, and that their clients have reset, look like ours.
    let most = fleet.total(.established, .client) - establishedBefore
    return max(0, min(most, hostReadings.path.findings.closedWithListener) - closedByPeer)
  }

  /// Connections of this phase that someone else's server on this host never got. Its kernel has not seen the
  /// end of their handshakes, or the accept queue was full when the end came. Such connections wait in no
  /// queue, and a client holds each until the client closes it.
  ///
  /// The kernel's counters cover the whole network namespace, so connections to other listeners can make the
  /// number smaller, but never larger. So can connections that the kernel keeps from the queue until their first
  /// bytes come (TCP_DEFER_ACCEPT).
  private func unfinishedAtServer() -> Int {
    guard !hasOwnServer, hostReadings.path.isInOwnNamespace else { return 0 }
    let now = hostReadings.readings().values
    func rise(_ key: Series.Key) -> Int? {
      guard let after = now[key], let before = countersBefore[key] else { return nil }
      return Int(max(0, after - before))
    }
    guard let opened = rise(.passiveOpens), let deferred = rise(.deferredAccepts) else { return 0 }
    let finished = fleet.total(.established, .client) - establishedBefore
    let unfinished = max(0, finished - opened - deferred)
    // Where none of the run's connections was seen at this server, NAT may lead all of them to another kernel.
    // Then only as many count as full queues and drops of these listeners explain.
    guard !sawAcceptance else { return unfinished }
    let dropped = hostReadings.path.findings.listeners.values.sum { $0.drops ?? 0 }
    return min(unfinished, rise(.listenOverflows) ?? 0, dropped)
  }

  /// How many connections the clients hold, and how many of these the server end holds; the latter is nil where
  /// nobody can know. Counts up to `mostLooks` times: again where the clients have lost some meanwhile, and where someone
  /// else's server holds fewer, as a connection that was closed at one end is soon gone at the other.
  mutating func countHeld() -> (established: Int, accepted: Int?) {
    var looks = 0
    while true {
      let established = fleet.current(.held, .client)
      let accepted = countAccepted(established: established)
      looks += 1
      // The kernel may take seconds to answer. A connection that was lost meanwhile is in `established` and
      // not in `accepted`, so both are counted again.
      if fleet.current(.held, .client) < established, looks < Self.mostLooks { continue }
      guard !hasOwnServer, let accepted, accepted < established, looks < Self.mostLooks,
        established <= Self.mostLookedThroughAtEnd
      else {
        return (established, accepted)
      }
      sleep(until: clock.now().advanced(by: .milliseconds(20)))
    }
  }

  private static let mostLooks = 5

  /// An upper bound for the phantoms: connections that the clients hold and that no server has ever accepted.
  /// Only a phase that opens connections can add phantoms. For such a phase the bound follows from our own
  /// server's counter of accepted connections. There is none (`Int.max`) where the server is someone else's, or
  /// may have closed connections.
  func mostPhantoms(in record: PhaseRecord) -> Int {
    // A phase that opens nothing has only the phantoms from before. So has a churn: the connections that stand
    // when it is over stood before it.
    guard record.kind.grows, !record.kind.comesAndGoes else {
      return atBegin.atServer == nil
        ? max(phantoms, hostReadings.path.possibleAcceptances) : phantoms
    }
    guard hasOwnServer, serverMayHaveClosed == false else { return .max }
    let bound = fleet.total(.established, .client) - fleet.acceptedByServer
    // A negative bound shows that the server has also accepted other programs' connections from the clients'
    // addresses. Nobody knows how many, so there is no bound then. In any case the connections that still wait
    // are not accepted.
    return bound < 0 ? .max : max(bound, hostReadings.path.possibleAcceptances)
  }

  /// In a churn against someone else's server on this host, looks at the accept queues and at the
  /// connections that the server has.
  ///
  /// - Parameter isSample: whether a sample is taken. At other looks the server is asked only until
  ///   it has been seen to have a connection of the run.
  mutating func lookForAcceptance(isSample: Bool = false) {
    guard !hasOwnServer, state.phases[phaseIndex].kind.comesAndGoes else { return }
    hostReadings.path.lookAtQueues()
    // For the side effect: `acceptance` notes how many from before the phase can still wait.
    _ = acceptance.outstanding(fleet)
    guard hostReadings.path.knowsServer else { return }
    let held = fleet.current(.held, .client)
    guard isSample || !sawAcceptance, held <= Self.mostLookedThrough else { return }
    _ = countAccepted(established: held)
  }

  /// With more connections held than this, the kernel is not asked during a churn: its answer takes 3 µs per
  /// connection.
  private static let mostLookedThrough = 10_000

  /// Tells the path readings whether the ephemeral ports are still free of clients.
  func updatePortsFreeOfClients() {
    hostReadings.path.portsFreeOfClients = fleet.usesEphemeralPorts ? nil : ephemeralPorts
  }

  /// How many of the clients' connections our own server holds, by its counters. These may include other
  /// programs' connections from the clients' own addresses, so the number is capped at what the clients hold.
  /// In a close the server may close later than the clients, so the cap is what the clients held at its begin.
  var acceptedByCounters: Int {
    let record = state.phases[phaseIndex]
    // A run that opens nothing serves other programs, and counts their connections.
    guard plan.mostConnections > 0 else { return fleet.heldAtServer }
    return min(
      fleet.heldAtServer,
      record.kind.closes ? record.established : fleet.current(.held, .client))
  }

  /// How many connections each end holds, by the workers' counters.
  struct Standing: Equatable {
    let atClients: Int
    let atServer: Int
    let strangers: Int
  }

  var standing: Standing {
    Standing(
      atClients: fleet.current(.held, .client), atServer: fleet.heldAtServer,
      strangers: fleet.strangersHeldAtServer)
  }

  /// How many connections the server end holds when a phase begins; nil where nobody can know. It is the number
  /// from the end of the last phase, unless the server is ours and its or the clients' counters have changed.
  mutating func acceptedAtBegin() -> Int? {
    guard hasOwnServer, standing != standingAtEnd else { return acceptedAtEnd }
    return countAccepted(established: fleet.current(.held, .client))
  }

  /// Connections that the server end has accepted and holds; nil where nobody can know.
  mutating func countAccepted(established: Int) -> Int? {
    hasOwnServer
      ? countAcceptedByOwnServer(established) : countAcceptedByForeignServer(established)
  }

  private mutating func countAcceptedByForeignServer(_ established: Int) -> Int? {
    acceptedForSure = nil
    guard established > 0, !course.isInterrupted else { return nil }
    let path = hostReadings.path
    // `atMost` is nil where it is not known.
    var (atMost, atLeast) = (Int?.none, 0)
    if let found = path.acceptance(of: clientProcesses, holding: established) {
      // Redirected connections count as accepted: the program that NAT led them to has accepted them.
      atMost = found.unknown == 0 || found.alone > 0 ? max(0, established - found.alone) : nil
      atLeast = min(established, found.accepted + found.redirected)
      acceptedForSure = found.unknown > 0 ? atLeast : nil
      sawAcceptance = sawAcceptance || found.accepted > 0
    }
    // Without an upper bound nobody knows the total, and the lower bound must not be recorded as the total.
    if atMost != nil {
      state.phases[phaseIndex].accepted = max(state.phases[phaseIndex].accepted, atLeast)
    }
    return atMost
  }

  private mutating func countAcceptedByOwnServer(_ established: Int) -> Int? {
    // All connections that the server holds, the clients' and other programs'.
    let most = fleet.heldAtServer + fleet.strangersHeldAtServer
    guard let found = kernelCountForOwnServer(established) else {
      if ownServerCanTell {
        return plan.mostConnections > 0 && !isClosing
          ? min(established, fleet.heldAtServer) : fleet.heldAtServer
      }
      return established > 0 && most < established ? most : nil
    }
    // The kernel was asked after the clients were counted. If the clients have opened more meanwhile, `alone`
    // may exceed `established`.
    let accepted = min(most, max(0, established - found.alone))
    // Where our server seems to have all connections but NAT has redirected some, the total is unknown: a proxy
    // that got the redirected ones may have passed them on to our server.
    return found.unknown + found.redirected == 0 || accepted < established ? accepted : nil
  }

  /// Whether a close is under way: then the server may hold more than the clients do.
  private var isClosing: Bool {
    state.phases[phaseIndex].kind.closes && state.phases[phaseIndex].started != nil
  }

  /// Whether the server is ours, and its counters can tell the run's connections from others'
  /// (`Fleet.knowsOwnConnections`). Else its kernel is asked, as for someone else's server.
  var ownServerCanTell: Bool { hasOwnServer && fleet.knowsOwnConnections }

  private var clientProcesses: [Int32] {
    fleet.members.filter { $0.end == .client && $0.isAlive }.map(\.process.id)
  }

  /// Asks the kernel how many of the clients' connections our own server has. The server's counters do not
  /// always tell: it may also serve other programs, or NAT may hide the clients' addresses.
  ///
  /// Nil where the kernel does not tell, or is not asked:
  /// - in a close, in an interrupted run, and where the clients hold nothing;
  /// - where the counters show that the server lacks some and holds no strangers' connections;
  /// - where the counters raise no doubt, nothing waits at the listeners, and the clients hold more than
  ///   `mostLookedThroughAtEnd` connections.
  private mutating func kernelCountForOwnServer(_ established: Int) -> AcceptanceCount? {
    guard established > 0, !course.isInterrupted, !isClosing else { return nil }
    let path = hostReadings.path
    let clients = clientProcesses
    func look() -> AcceptanceCount? {
      let isShort = fleet.heldAtServer < established
      if isShort, fleet.strangersHeldAtServer == 0 { return nil }
      let hasOthers = fleet.acceptedByServer > fleet.total(.established, .client)
      guard isShort || hasOthers || established <= Self.mostLookedThroughAtEnd || path.waiting > 0
      else { return nil }
      return path.acceptance(of: clients, holding: established)
    }
    var found = look()
    // Connections that the clients alone have may still be on their way to the server. The server's counters
    // cannot tell, so the kernel is asked again for a while.
    let deadline = clock.now().advanced(by: Self.settleTime)
    while let now = found, now.alone > 0, clock.now() < deadline, !course.isInterrupted {
      let mayAcceptMore = path.possibleAcceptances > 0
      sleep(until: clock.now().advanced(by: .milliseconds(20)))
      found = look()
      if !mayAcceptMore { break }
    }
    return found
  }

  /// Connections that NAT has redirected to another program than our own server. Counted at the end
  /// of a phase, where our server lacks some.
  func countRedirected(_ established: Int) -> Int {
    guard hasOwnServer, established <= Self.mostLookedThroughAtEnd else { return 0 }
    return hostReadings.path.acceptance(of: clientProcesses, holding: established)?.redirected ?? 0
  }

  /// With more connections held than this, the kernel is not asked just to confirm or complete a count: for
  /// 100,000 connections its answer took 0.3 s.
  private static let mostLookedThroughAtEnd = 100_000
}
