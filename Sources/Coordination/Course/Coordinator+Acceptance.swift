import Host
import Linux
import Plan
import Probe
import Recording
import WorkerLog

/// What both ends hold of the clients' connections, and which of them no server has accepted.
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

  /// The time that the server has to accept a churn's last connection, from the moment it was closed: a
  /// second, and the time of the quickest handshake. The client's last packet is on its way for half a round
  /// trip, and a handshake takes a whole one.
  private var acceptTime: Duration {
    .seconds(1) + (fleet.handshakeTimes?.lowerBound ?? .zero)
  }

  /// Waits for the server to accept the connections that a churn has opened, and closed by now.
  /// Returns how many the server has not accepted in time; for a churn that was cut off, how many
  /// it has not accepted at all.
  mutating func awaitAcceptance() throws(RecordingError) -> Int {
    var acceptance = acceptance
    var fewest = Int.max
    try loop(until: clock.now().advanced(by: acceptTime)) { fleet in
      fewest = min(fewest, acceptance.outstanding(fleet))
      return fewest == 0
    }
    let notInTime = fewest
    queuedAtDeadline = notInTime > 0 ? min(notInTime, hostReadings.path.waiting) : 0
    // Counted at the deadline: what is lost with a listener later is in `notInTime` already.
    let lostByDeadline = lostWithListener
    queuedAtDeadline += lostByDeadline
    // What the path shows at the deadline is kept for the diagnosis.
    if notInTime > 0 { _ = lookAtPath(adding: hostReadings.readings()) }
    let (isOurs, path) = (hasOwnServer, hostReadings.path)
    // Goes on waiting for the rest: a connection that is accepted late has another cause than one that is
    // never accepted.
    try settle(watching: { isOurs ? 0 : path.possibleAcceptances }) { fleet in
      fewest = min(fewest, acceptance.outstanding(fleet))
      return fewest == 0
        && (!isOurs || fleet.heldAtServer <= fleet.current(.held, .client))
    }
    let (missing, lost) =
      course.goesOn ? (notInTime, lostByDeadline) : (fewest, lostWithListener)
    return max(missing, unfinishedAtServer()) + lost
  }

  /// Connections of this phase that were lost because someone else's listener was closed before it
  /// accepted them. Those that a client still held then are left out: they are counted as closed by
  /// the peer.
  private var lostWithListener: Int {
    guard !hasOwnServer else { return 0 }
    let closedByPeer = fleet.total(.closedByPeer, .client) - closedByPeerBefore
    // Connections of other programs that wait there, and that their clients have reset, look like ours.
    let most = fleet.total(.established, .client) - establishedBefore
    return max(0, min(most, hostReadings.path.findings.closedWithListener) - closedByPeer)
  }

  /// Connections of this phase that someone else's server on this host never got: its kernel has
  /// not seen the end of their handshakes, or the accept queue was full then. They wait in no
  /// queue, and the clients hold them until they close them. The kernel's counters are those of the
  /// whole network namespace, so other listeners' connections can only make the number smaller. So
  /// can connections that are held back for their first bytes (TCP_DEFER_ACCEPT).
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
    // NAT may redirect them to another kernel, unless some have been seen to arrive at this one.
    guard !sawAcceptance else { return unfinished }
    let dropped = hostReadings.path.findings.listeners.values.sum { $0.drops ?? 0 }
    return min(unfinished, rise(.listenOverflows) ?? 0, dropped)
  }

  /// How many connections the clients hold, and how many of these the server end holds; nil where
  /// nobody can know. Where someone else's server holds fewer, looks again for a moment: a
  /// connection that was closed at one end is soon gone at the other.
  mutating func countHeld() -> (established: Int, accepted: Int?) {
    var looks = 0
    while true {
      let established = fleet.current(.held, .client)
      let accepted = countAccepted(established: established)
      looks += 1
      // The kernel may take seconds to answer. What was lost meanwhile is in `established`, and not in
      // `accepted`.
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

  /// An upper bound for the phantoms: the connections that stand at the clients alone and that no
  /// server has ever accepted. Only a phase that opens connections can add to them. Our own server
  /// knows how many it has accepted.
  func mostPhantoms(in record: PhaseRecord) -> Int {
    // A phase that opens nothing has only the phantoms from before. So has a churn: what stands
    // when it is over stood before it.
    guard record.kind.grows, !record.kind.comesAndGoes else {
      return atBegin.atServer == nil
        ? max(phantoms, hostReadings.path.possibleAcceptances) : phantoms
    }
    guard hasOwnServer, serverMayHaveClosed == false else { return .max }
    let bound = fleet.total(.established, .client) - fleet.acceptedByServer
    // Below zero the server has accepted other programs' connections from the same addresses,
    // nobody knows how many. Where connections still wait, at least so many are not accepted.
    return bound < 0 ? .max : max(bound, hostReadings.path.possibleAcceptances)
  }

  /// In a churn against someone else's server on this host, looks at the accept queues and at the
  /// connections that the server has.
  ///
  /// - Parameter isSample: whether a sample is taken. At other looks the server is asked only until
  ///   it has been seen to have a connection of the run.
  mutating func lookForAcceptance(isSample: Bool = false) {
    guard !hasOwnServer, state.phases[phase].kind.comesAndGoes else { return }
    hostReadings.path.lookAtQueues()
    // For the side effect: `acceptance` notes how many from before the phase can still wait.
    _ = acceptance.outstanding(fleet)
    guard hostReadings.path.knowsServer else { return }
    let held = fleet.current(.held, .client)
    guard isSample || !sawAcceptance, held <= Self.mostLookedThrough else { return }
    _ = countAccepted(established: held)
  }

  /// The most connections held at which the kernel is asked during a churn: it takes 3 µs per connection.
  private static let mostLookedThrough = 10_000

  /// Tells the path readings whether the ephemeral ports are still free of clients.
  func updatePortsFreeOfClients() {
    hostReadings.path.portsFreeOfClients = fleet.usesEphemeralPorts ? nil : ephemeralPorts
  }

  /// What our own server holds of the clients' connections, by its counters. These may include
  /// other programs' connections from the clients' own addresses. So the number is capped at what the
  /// clients hold. In a close the server may be behind, and the cap is what they held when it began.
  var acceptedByCounters: Int {
    let record = state.phases[phase]
    // A run that opens nothing serves other programs, and counts their connections.
    guard plan.goal > 0 else { return fleet.heldAtServer }
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

  /// How many connections the server end has when a phase begins. They are counted again only at
  /// our own server, and only where something has moved since the end of the last phase.
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
      // A connection that NAT has redirected was accepted by the program that it was redirected to.
      atMost = found.unknown == 0 || found.alone > 0 ? max(0, established - found.alone) : nil
      atLeast = min(established, found.accepted + found.redirected)
      acceptedForSure = found.unknown > 0 ? atLeast : nil
      sawAcceptance = sawAcceptance || found.accepted > 0
    }
    // Without an upper bound the total is unknown, and the lower bound must not be recorded in its place.
    if atMost != nil { state.phases[phase].accepted = max(state.phases[phase].accepted, atLeast) }
    return atMost
  }

  private mutating func countAcceptedByOwnServer(_ established: Int) -> Int? {
    // The server holds no more than these, whoever has opened them.
    let most = fleet.heldAtServer + fleet.strangersHeldAtServer
    guard let found = kernelCountForOwnServer(established) else {
      if ownServerCanTell {
        return plan.goal > 0 && !isClosing
          ? min(established, fleet.heldAtServer) : fleet.heldAtServer
      }
      return established > 0 && most < established ? most : nil
    }
    // The kernel was asked after the clients were counted, and they may have opened more meanwhile.
    let accepted = min(most, max(0, established - found.alone))
    // A program to which NAT has redirected a connection may have passed it on to our server, as a proxy
    // does.
    return found.unknown + found.redirected == 0 || accepted < established ? accepted : nil
  }

  /// Whether a close is under way: then the server may hold more than the clients do.
  private var isClosing: Bool {
    state.phases[phase].kind.closes && state.phases[phase].started != nil
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
  /// - where the counters raise no doubt, and more than `mostLookedThroughAtEnd` connections are held.
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
    // Some connections may still be on their way; the server's counters cannot tell.
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

  /// The most connections held at which the kernel is asked only to confirm or complete a count: going
  /// through so many took 0.3 s.
  private static let mostLookedThroughAtEnd = 100_000
}
