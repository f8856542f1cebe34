import Linux

/// What waits at the sockets of listeners, from look to look. With a socket that is closed goes whatever
/// waits there, and the clients that have gone by then hear nothing of it.
struct ListenerQueues {
  private struct Queue {
    /// What waited there already when the phase began.
    let before: Int
    var waiting: Int
    /// Since when it has not been seen empty of the phase's connections.
    var filledSince: Instant?
    var lastLook: Instant
  }

  /// A server that goes in good order empties its queue first. One that had something in it at every look
  /// for so long does not accept.
  private static let stuckAfter = Duration.milliseconds(500)

  private var queues: [ObjectIdentifier: [UInt32: Queue]] = [:]

  /// Notes what waits at the listeners of a network namespace, by socket.
  ///
  /// - Returns: what waited at sockets that are gone, and that did not accept.
  mutating func look(
    in space: ObjectIdentifier, _ waiting: [UInt32: Int], at now: Instant
  ) -> Int {
    let isFirst = queues[space] == nil
    let known = queues[space] ?? [:]
    var lost = 0
    for (socket, queue) in known where waiting[socket] == nil {
      guard let since = queue.filledSince, queue.lastLook >= since.advanced(by: Self.stuckAfter)
      else { continue }
      lost += max(0, queue.waiting - queue.before)
    }
    queues[space] = Dictionary(
      uniqueKeysWithValues: waiting.map { socket, count in
        let before = known[socket]?.before ?? (isFirst ? count : 0)
        let isFilled = count > before
        return (
          socket,
          Queue(
            before: before, waiting: count,
            filledSince: isFilled ? known[socket]?.filledSince ?? now : nil, lastLook: now)
        )
      })
    return lost
  }
}
