import Linux

/// The accept queues of listening sockets, from look to look. When a listening socket is closed, the
/// kernel resets what waits in its queue; clients that have already closed never notice.
struct ListenerQueues {
  private struct Queue {
    /// Upper bound on the connections from before the phase that still wait. The queue is FIFO, so they are
    /// accepted first.
    let before: Int
    var waiting: Int
    /// Since when connections of the phase have waited there at every look.
    var filledSince: Instant?
    /// The most that have left between two looks.
    var mostTaken: Int
    var lastLook: Instant
  }

  /// A server that shuts down cleanly empties its queue first. One whose queue has not been empty for this
  /// long, and is more than twice as long as what it has ever taken at once, does not get that far.
  private static let stuckAfter = Duration.seconds(1)

  private var queues: [ObjectIdentifier: [UInt32: Queue]] = [:]

  /// Takes the next look at the queues of a network namespace.
  ///
  /// - Parameters:
  ///   - open: what waits at the listening sockets with an endpoint's port, also at those that a more specific
  ///     listener now shadows.
  ///   - reached: sockets that the endpoints lead to.
  /// - Returns: connections that were lost with sockets which did not accept and are closed now.
  mutating func update(
    _ space: ObjectIdentifier, _ open: [UInt32: Int], reached: Set<UInt32>, at now: Instant
  ) -> Int {
    let isFirst = queues[space] == nil
    let known = queues[space] ?? [:]
    var lost = 0
    for (socket, queue) in known where open[socket] == nil {
      guard let since = queue.filledSince, queue.lastLook >= since.advanced(by: Self.stuckAfter),
        queue.waiting > 2 * queue.mostTaken
      else { continue }
      lost += max(0, queue.waiting - queue.before - queue.mostTaken)
    }
    queues[space] = [:]
    for (socket, waiting) in open where reached.contains(socket) || known[socket] != nil {
      let last = known[socket]
      let before = min(last?.before ?? (isFirst ? waiting : 0), waiting)
      let taken = max(0, (last?.waiting ?? 0) - waiting)
      queues[space]?[socket] = Queue(
        before: before, waiting: waiting,
        filledSince: waiting > before ? last?.filledSince ?? now : nil,
        mostTaken: max(last?.mostTaken ?? 0, taken), lastLook: now)
    }
    return lost
  }

  /// Whether an endpoint has led to a socket at some look of the phase.
  func knows(_ socket: UInt32, in space: ObjectIdentifier) -> Bool {
    queues[space]?[socket] != nil
  }
}
