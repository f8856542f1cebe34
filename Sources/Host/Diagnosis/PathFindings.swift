/// What was seen during one phase between the two ends: listeners, handshakes without an answer, dropped packets,
/// and connections that only one end has. The kernel's counters are kept elsewhere (`KernelSeries`).
///
/// A "look" below is a call of `PathReadings.look`, which the coordinator makes with every sample.
package struct PathFindings: Sendable, Equatable {
  /// The listening sockets at one endpoint, as the endpoint's own kernel describes them. In
  /// `PathFindings.listeners` the peaks, the drops and the flags cover the phase so far. Any other `Listener`
  /// holds what a single look found.
  package struct Listener: Sendable, Equatable {
    /// Connections that waited to be accepted, summed over the sockets, at the look that found the most.
    package var mostWaiting: Int
    /// Connections that waited to be accepted, summed over the sockets, at the most recent look.
    package var waitingAtLastLook: Int
    /// The sum of the sockets' backlogs.
    package var backlog: Int
    /// Packets that the sockets have dropped. A SYN that is sent and dropped again counts again. In
    /// `PathFindings.listeners` the count starts with the phase, elsewhere when each socket began to listen.
    /// Nil where the kernel does not say.
    package var drops: Int?
    /// What each socket has dropped since it began to listen, by inode.
    package var dropsBySocket: [UInt32: Int] = [:]
    /// Whether a queue was full while handshakes went unanswered. A look counts only if an earlier look of
    /// the phase has found that the kernel had repeated a SYN or SYN-ACK, or that a call had timed out.
    package var isFullWhileUnanswered = false
    /// Whether at some look the queue of one of the sockets was full: more connections waited than that
    /// socket's backlog. A full queue makes the kernel drop new connections (`sk_acceptq_is_full`).
    package var isFull: Bool
    /// The sockets' inodes. Another listener at the same endpoint has other ones.
    package var sockets: Set<UInt32> = []

    /// Sets `isFull` as for a single socket, from `mostWaiting` and `backlog`.
    ///
    /// - Parameter atLastLook: connections that waited at the most recent look; nil for `mostWaiting`.
    package init(mostWaiting: Int, atLastLook: Int? = nil, backlog: Int, drops: Int?) {
      self.mostWaiting = mostWaiting
      waitingAtLastLook = atLastLook ?? mostWaiting
      self.backlog = backlog
      self.drops = drops
      isFull = mostWaiting > backlog
    }

    /// What the present sockets have dropped since an earlier look; nil where the kernel does not say. A socket
    /// that was opened after that look counts from zero. The drops of a socket that was closed after it are
    /// left out.
    func drops(since before: Listener?) -> Int? {
      drops.map { _ in
        dropsBySocket.reduce(0) { sum, socket in
          sum + max(0, socket.value - (before?.dropsBySocket[socket.key] ?? 0))
        }
      }
    }
  }

  /// Handshakes whose SYN was sent again for want of an answer, at the look that found the most of them.
  package struct Unanswered: Sendable, Equatable {
    package var handshakes: Int
    /// From how many source addresses these handshakes came.
    package var sources: Int

    package init(handshakes: Int, sources: Int) {
      self.handshakes = handshakes
      self.sources = sources
    }
  }

  /// Listeners by endpoint, written as in `FailureRecord.endpoint`. An endpoint is missing where its kernel
  /// did not tell, and where nobody has listened in this phase (`withoutListener`).
  package var listeners: [String: Listener] = [:]
  /// Endpoints on this host at which nobody listened at the last look.
  package var withoutListener: Set<String> = []
  /// Endpoints on this host at which, at some look, nobody listened, or only sockets that had not listened when
  /// the phase began. Between the old sockets and the new ones nobody may have listened for a while.
  package var restarted: Set<String> = []
  /// Endpoints to which connections stood at the last count (`PathReadings.acceptance`), and at which none has
  /// ever arrived with a client's own address. NAT may lead all of them elsewhere. So the listener at the
  /// endpoint proves nothing about these connections.
  package var neverReached: Set<String> = []
  /// Packets that the kernel dropped on the whole machine while handshakes went unanswered, by the
  /// kernel's name of the reason (`DropReason.known`). Nil where no handshake went unanswered, and
  /// where this process cannot trace.
  package var dropsByReason: [String: Int]?
  /// What the look with the most unanswered handshakes found; nil where no look found any.
  package var unanswered: Unanswered?
  /// Handshakes that the clients have finished in the phase, whether or not the connections still stand. Nil
  /// until the coordinator adds what the workers have counted (`Coordinator.pathFindings`).
  package var finishedHandshakes: Int?
  /// Connections that the clients held when the coordinator put these findings together; nil before that.
  package var held: Int?
  /// Connections that the server end had accepted and has lost, while the clients still hold them.
  package var goneAtServer = 0
  /// Connections that NAT has redirected to another process than the run's own server.
  package var redirected = 0
  /// Whether the run's own server may have closed connections: it met a failure, was full, refused a handshake
  /// on top of TCP, or a worker of it has died. Nil where the server is someone else's.
  package var serverMayClose: Bool?
  /// Connections that the server end holds and the clients do not hold any more. Nil where nobody counted them:
  /// the coordinator does so only where a peer has closed connections, or has broken off a handshake of TLS.
  package var leftAtServer: Int?
  /// Whether the counts of connections still changed when the last wait for the server reached its longest
  /// time (`Coordinator.settle`).
  package var stillAccepts = false
  /// Connections of the phase that waited at a listening socket and were lost when that socket was closed. Only
  /// sockets whose server had stopped accepting count (`ListenerQueues`).
  package var closedWithListener = 0
  /// Connections of a churn that still waited to be accepted at the deadline, or that had been lost with
  /// their listener by then. The deadline comes one second, plus the time of the quickest handshake, after the
  /// churn has closed its last connection.
  package var queuedAtDeadline = 0
  /// Connections that the built-in server holds and that do not look like the clients': those of other programs and,
  /// behind NAT, the run's own.
  package var strangersAtServer = 0
  /// The most entries that the connection tracking table had at one look since the run began; nil where no
  /// look could tell.
  package var conntrackMost: Int?

  package init() {}

  /// Whether the endpoint's kernel has told who listens there, or that nobody does.
  func knows(_ endpoint: String?) -> Bool {
    endpoint.map { listeners[$0] != nil || withoutListener.contains($0) } ?? false
  }

  /// Whether NAT may lead the clients' connections past this endpoint.
  func mayBeLedElsewhere(_ endpoint: String?) -> Bool {
    endpoint.map(neverReached.contains) ?? false
  }

  func listener(at endpoint: String?) -> Listener? { endpoint.flatMap { listeners[$0] } }
}

extension Sequence<PathFindings.Listener> {
  /// Adds up one number over all listeners. A listener on all addresses counts once, however many
  /// endpoints lead to it.
  package func sum(_ value: (PathFindings.Listener) -> Int) -> Int {
    var seen: Set<Set<UInt32>> = []
    return reduce(0) { sum, listener in
      let isNew = listener.sockets.isEmpty || seen.insert(listener.sockets).inserted
      return isNew ? sum + value(listener) : sum
    }
  }
}
