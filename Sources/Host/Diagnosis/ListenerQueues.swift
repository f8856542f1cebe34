import Linux

/// What waits at the sockets of listeners, from look to look. With a socket that is closed goes whatever
/// waits there, and the clients that have gone by then hear nothing of it.
struct ListenerQueues {
  /// What waits at listening sockets of a network namespace, by socket.
  struct Look {
    /// At those that the endpoints lead to.
    var reached: [UInt32: Int] = [:]
    /// At all that have an endpoint's port. One that is not reached any more, as another listens on the
    /// very address of the endpoint now, is open still.
    var open: [UInt32: Int] = [:]
  }

  private struct Queue {
    /// What waited there already when the phase began, and does still at the most: it is accepted first.
    let before: Int
    var waiting: Int
    /// Since when some of the phase's connections wait there and none has been seen to leave.
    var stuckSince: Instant?
    var lastLook: Instant
  }

  /// A server that goes in good order empties its queue first. One whose queue has only grown for so long
  /// does not accept.
  private static let stuckAfter = Duration.seconds(1)

  private var queues: [ObjectIdentifier: [UInt32: Queue]] = [:]

  /// - Returns: what waited at sockets that are closed by now, and that did not accept.
  mutating func look(in space: ObjectIdentifier, _ look: Look, at now: Instant) -> Int {
    let isFirst = queues[space] == nil
    let known = queues[space] ?? [:]
    var lost = 0
    for (socket, queue) in known where look.open[socket] == nil {
      guard let since = queue.stuckSince, queue.lastLook >= since.advanced(by: Self.stuckAfter)
      else { continue }
      lost += max(0, queue.waiting - queue.before)
    }
    queues[space] = [:]
    for (socket, waiting) in look.open where look.reached[socket] != nil || known[socket] != nil {
      let last = known[socket]
      let before = min(last?.before ?? (isFirst ? waiting : 0), waiting)
      var since = waiting >= last?.waiting ?? 0 ? last?.stuckSince ?? now : now
      if waiting <= before { since = now }
      queues[space]?[socket] = Queue(
        before: before, waiting: waiting, stuckSince: waiting > before ? since : nil, lastLook: now)
    }
    return lost
  }
}
