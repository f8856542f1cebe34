import Linux

/// Notes the lengths of accept queues look by look in a phase, to tell how many connections are lost when a
/// listening socket is closed. The kernel resets the connections in the socket's queue, but a client that has
/// already closed its own end never hears of that.
struct ListenerQueues {
  /// The accept queue of one listening socket.
  private struct Queue {
    /// How many of the waiting connections are from before the phase, at most. The queue is FIFO, so these
    /// are accepted first.
    let oldWaiting: Int
    /// Connections that waited at the last look.
    var waiting: Int
    /// Since when every look has found connections of the phase waiting; nil where the last look found none.
    var filledSince: Instant?
    /// The most connections by which the queue has become shorter from one look to the next.
    var mostTaken: Int
    var lastLook: Instant
  }

  /// For how long every look must have found connections of the phase waiting, before they count as lost with
  /// their socket. A server that shuts down cleanly accepts all connections that wait before it closes the
  /// socket. Where a queue was filled for so long, and is longer than twice `mostTaken`, the server had stopped
  /// accepting.
  private static let stuckAfter = Duration.seconds(1)

  /// By namespace, and by the socket's inode.
  private var queues: [ObjectIdentifier: [UInt32: Queue]] = [:]

  /// Notes a look at the queues of a network namespace.
  ///
  /// - Parameters:
  ///   - lengths: how many connections wait at each listening socket with an endpoint's port, by inode;
  ///     sockets that get no SYN because a listener on an endpoint's very address goes before them are among
  ///     them.
  ///   - reached: the inodes of the sockets that SYNs to the endpoints reach now.
  /// - Returns: connections of the phase that were lost since the look before, at sockets that had stopped
  ///   accepting and are closed now.
  mutating func update(
    _ space: ObjectIdentifier, _ lengths: [UInt32: Int], reached: Set<UInt32>, at now: Instant
  ) -> Int {
    let isFirst = queues[space] == nil
    let known = queues[space] ?? [:]
    var lost = 0
    for (socket, queue) in known where lengths[socket] == nil {
      guard let since = queue.filledSince, queue.lastLook >= since.advanced(by: Self.stuckAfter),
        queue.waiting > 2 * queue.mostTaken
      else { continue }
      // Since the last look the server may have accepted as many as it ever has from one look to the next.
      lost += max(0, queue.waiting - queue.oldWaiting - queue.mostTaken)
    }
    queues[space] = [:]
    for (socket, waiting) in lengths where reached.contains(socket) || known[socket] != nil {
      let last = known[socket]
      let oldWaiting = min(last?.oldWaiting ?? (isFirst ? waiting : 0), waiting)
      let taken = max(0, (last?.waiting ?? 0) - waiting)
      queues[space]?[socket] = Queue(
        oldWaiting: oldWaiting, waiting: waiting,
        filledSince: waiting > oldWaiting ? last?.filledSince ?? now : nil,
        mostTaken: max(last?.mostTaken ?? 0, taken), lastLook: now)
    }
    return lost
  }

  /// Whether SYNs to an endpoint have reached the socket at some look of the phase, and the socket was still
  /// open at the last look.
  func knows(_ socket: UInt32, in space: ObjectIdentifier) -> Bool {
    queues[space]?[socket] != nil
  }
}
