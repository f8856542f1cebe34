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
      return try settle(watching: { path.mayStillBeAccepted }) { _ in path.mayStillBeAccepted == 0 }
    }
    try settle { fleet in
      let (held, atServer) = (fleet.current(.held, .client), fleet.heldAtServer)
      // Where others have come from the clients' addresses, the two are never equal.
      let hasOthers = fleet.acceptedByServer > fleet.total(.established, .client)
      guard !fleet.knowsOwnConnections else {
        return atServer == held || hasOthers && atServer > held && path.waiting == 0
      }
      return path.waiting == 0 && atServer + fleet.strangersHeldAtServer >= held
    }
  }

  /// How long after a churn's last connection was closed the server may take to accept it.
  private static let acceptTime = Duration.seconds(1)

  /// Waits for the server to accept what a churn has opened, and closed by now; returns how many it has
  /// not accepted in time. Those of a churn that was cut off need not have come in time.
  mutating func awaitAcceptance() throws(RecordingError) -> Int {
    var acceptance = acceptance
    var fewest = Int.max
    try loop(until: clock.now().advanced(by: Self.acceptTime)) { fleet in
      fewest = min(fewest, acceptance.outstanding(fleet))
      return fewest == 0
    }
    let notInTime = fewest
    queuedAtDeadline = notInTime > 0 ? min(notInTime, hostReadings.path.waiting) : 0
    let closed = closedWithListener
    queuedAtDeadline += closed
    // What was not accepted in time is waited for all the same: late and never are different
    // causes.
    if notInTime > 0 { _ = lookAtPath(adding: hostReadings.readings()) }
    let (isOurs, path) = (hasOwnServer, hostReadings.path)
    try settle(watching: { isOurs ? 0 : path.mayStillBeAccepted }) { fleet in
      fewest = min(fewest, acceptance.outstanding(fleet))
      return fewest == 0
        && (!isOurs || fleet.heldAtServer <= fleet.current(.held, .client))
    }
    // What has been closed since the deadline is among those that were not in time.
    let (missing, lost) = course.goesOn ? (notInTime, closed) : (fewest, closedWithListener)
    return max(missing, unfinishedAtServer()) + lost
  }

  /// Connections of this phase that were closed with a listener of someone else's that had not accepted
  /// them, but for those whose clients were there still, and have counted it.
  private var closedWithListener: Int {
    guard !hasOwnServer else { return 0 }
    let closedByPeer = fleet.total(.closedByPeer, .client) - closedByPeerBefore
    // Connections of other programs that wait there, and that their clients have reset, look like ours.
    let most = fleet.total(.established, .client) - establishedBefore
    return max(0, min(most, hostReadings.path.findings.closedWithListener) - closedByPeer)
  }

  /// Connections of this phase that someone else's server on this host never got: its kernel has not
  /// seen the end of their handshakes, or found the queue full then. They wait nowhere: the clients hold
  /// them all the same, until they close them. The counters are of the whole
  /// namespace: what other listeners take can only make the number smaller, and so can connections that are
  /// held back for their first bytes (TCP_DEFER_ACCEPT).
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

  /// What the clients hold and what the server end holds of it; nil where nobody can know. Where
  /// the server has fewer, it looks again for a moment: a connection that was closed at one end is soon gone at
  /// the other.
  mutating func countHeld() -> (established: Int, accepted: Int?) {
    var looks = 0
    while true {
      let established = fleet.current(.held, .client)
      let accepted = countAccepted(established: established)
      looks += 1
      // The kernel may have been asked for seconds: what was lost meanwhile is in neither count.
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

  /// How many of the connections that stand at the clients alone can be ones that no server has ever
  /// accepted: only a phase that opens can bring such; of our own server it is known how many it has
  /// accepted.
  func mostPhantoms(in record: PhaseRecord) -> Int {
    // A phase that opens nothing has no new phantoms, only those from before; what stands when a churn is
    // over stood before it.
    guard record.kind.grows, !record.kind.comesAndGoes else {
      return atBegin.atServer == nil
        ? max(phantoms, hostReadings.path.mayStillBeAccepted) : phantoms
    }
    guard hasOwnServer, serverMayHaveClosed == false else { return .max }
    let bound = fleet.total(.established, .client) - fleet.acceptedByServer
    // Below zero it has accepted others from the same addresses, and nobody knows how many; nor does
    // anybody where some wait still.
    return bound < 0 ? .max : max(bound, hostReadings.path.mayStillBeAccepted)
  }

  /// Looks at what someone else's server on this host has of a churn's connections, and at those that
  /// wait: what waited before is gone first.
  ///
  /// - Parameter isSample: else the server is only looked at until it is seen to have any.
  mutating func lookForAcceptance(isSample: Bool = false) {
    guard !hasOwnServer, state.phases[phase].kind.comesAndGoes else { return }
    hostReadings.path.lookAtQueues()
    // For its side effect: it notes how many from before the phase can still wait.
    _ = acceptance.outstanding(fleet)
    guard hostReadings.path.knowsServer else { return }
    let held = fleet.current(.held, .client)
    guard isSample || !sawAcceptance, held <= Self.mostLookedThrough else { return }
    _ = countAccepted(established: held)
  }

  /// Each takes 3 µs, as both ends are gone through.
  private static let mostLookedThrough = 10_000

  /// Tells which ports no client has taken.
  func updatePortsNoClientUses() {
    hostReadings.path.portsNoClientUses = fleet.usesEphemeralPorts ? nil : ephemeralPorts
  }

  /// What our own server holds of the clients' connections, by its counters. Capped, since these may include
  /// other programs' connections from the clients' own addresses: at what the clients hold; in a close, at
  /// what they held when it began, as the server may be behind them.
  var acceptedByCounters: Int {
    let record = state.phases[phase]
    // A run that opens nothing serves others, and counts them.
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

  /// What the server end has when a phase begins: of our own server it is counted again only where
  /// something has moved since the last phase's end.
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
    // The first is nil where it is not known.
    var (atMost, atLeast) = (Int?.none, 0)
    if let found = path.acceptance(of: clientProcesses, holding: established) {
      // Those that NAT has redirected have been accepted there.
      atMost = found.unknown == 0 || found.alone > 0 ? max(0, established - found.alone) : nil
      atLeast = min(established, found.accepted + found.redirected)
      acceptedForSure = found.unknown > 0 ? atLeast : nil
      sawAcceptance = sawAcceptance || found.accepted > 0
    }
    // A partial count must not be reported as the total.
    if atMost != nil { state.phases[phase].accepted = max(state.phases[phase].accepted, atLeast) }
    return atMost
  }

  private mutating func countAcceptedByOwnServer(_ established: Int) -> Int? {
    // Whoever they are: it has no more than these.
    let most = fleet.heldAtServer + fleet.strangersHeldAtServer
    guard let found = kernelCountForOwnServer(established) else {
      if ownServerCanTell {
        return plan.goal > 0 && !isClosing
          ? min(established, fleet.heldAtServer) : fleet.heldAtServer
      }
      return established > 0 && most < established ? most : nil
    }
    // The kernel was asked later than the clients, who may have opened more meanwhile.
    let accepted = min(most, max(0, established - found.alone))
    // What NAT redirected to another program may have been passed on by it, as a proxy does.
    return found.unknown + found.redirected == 0 || accepted < established ? accepted : nil
  }

  /// What a close leaves at the server is more than the clients hold.
  private var isClosing: Bool {
    state.phases[phase].kind.closes && state.phases[phase].started != nil
  }

  /// Whether the server is ours, and nothing keeps its counters from telling the run's connections from
  /// others' (`Fleet.knowsOwnConnections`). Else its kernel is asked, as that of someone else's server is.
  var ownServerCanTell: Bool { hasOwnServer && fleet.knowsOwnConnections }

  private var clientProcesses: [Int32] {
    fleet.members.filter { $0.end == .client && $0.isAlive }.map(\.process.id)
  }

  /// Asks the kernel which of the clients' connections our own server has, when the server's counters are not
  /// enough: it also serves other programs, or NAT hides the clients' addresses. Nil when they are enough.
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
    // Some may be on their way still; the server's counters cannot tell.
    let deadline = clock.now().advanced(by: Self.settleTime)
    while let now = found, now.alone > 0, clock.now() < deadline, !course.isInterrupted {
      let mayAcceptMore = path.mayStillBeAccepted > 0
      sleep(until: clock.now().advanced(by: .milliseconds(20)))
      found = look()
      if !mayAcceptMore { break }
    }
    return found
  }

  /// Connections that NAT has redirected to another program than our own server, at the end of a phase at
  /// which the server has not all of them.
  func countRedirected(_ established: Int) -> Int {
    guard hasOwnServer, established <= Self.mostLookedThroughAtEnd else { return 0 }
    return hostReadings.path.acceptance(of: clientProcesses, holding: established)?.redirected ?? 0
  }

  /// A look at so many took 0.3 s.
  private static let mostLookedThroughAtEnd = 100_000
}
