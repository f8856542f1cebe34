/// What a phase showed of the way between the two ends, beside the kernel's counters.
package struct PathFindings: Sendable, Equatable {
  /// The listening sockets at one endpoint, as the endpoint's own kernel describes them. In
  /// `PathFindings.listeners` the values cover the phase so far. Elsewhere they are those of a single look.
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
    /// the phase has found a repeated SYN or a handshake that had timed out.
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

    /// What the present sockets have dropped since an earlier look: a socket that was opened since began at
    /// zero, and one that was closed since takes its count along.
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
  /// Endpoints on this host whose listener was away or replaced at some look: nobody listened there, or
  /// none of the sockets that had listened when the phase began. In between, nobody may have listened.
  package var restarted: Set<String> = []
  /// Endpoints to which connections stood at the last look, and at which none has ever arrived with a client's
  /// own address. NAT may lead all of them elsewhere, so that whoever listens there is no witness.
  package var neverReached: Set<String> = []
  /// Packets that the kernel dropped on the whole machine while handshakes went unanswered, by the
  /// kernel's name of the reason (`DropReason.known`). Nil where no handshake went unanswered, or where the
  /// kernel did not tell.
  package var dropsByReason: [String: Int]?
  /// Nil where no look found a handshake without an answer.
  package var unanswered: Unanswered?
  /// Handshakes that the clients have finished in the phase, whether or not the connections still stand.
  package var finishedHandshakes: Int?
  /// Connections that the clients held when these findings were put together.
  package var held: Int?
  /// Connections that the server end had accepted and has lost, while the clients still hold them.
  package var goneAtServer = 0
  /// Connections that NAT has redirected to another process than the run's own server.
  package var redirected = 0
  /// Whether the run's own server may have closed connections: it met a failure, was full, or has died.
  /// Nil where the server is someone else's.
  package var serverMayClose: Bool?
  /// Connections that the server end holds and the clients do not hold any more; nil where they were not
  /// counted.
  package var leftAtServer: Int?
  /// Whether the counts of connections still changed when the last wait for the server had lasted as long as
  /// it may (`Coordinator.settle`).
  package var stillAccepts = false
  /// Connections of the phase that waited at a listening socket and were lost when it was closed. Only
  /// sockets whose server had stopped accepting count (`ListenerQueues`).
  package var closedWithListener = 0
  /// Connections of a churn that still waited to be accepted at the deadline, or that had been lost with
  /// their listener by then. The deadline is one second, plus the time of the quickest handshake, after the
  /// churn has closed its last connection.
  package var queuedAtDeadline = 0
  /// Connections of other programs that the built-in server holds.
  package var strangersAtServer = 0
  /// The most entries that the table of connection tracking had at one look since the run began; nil where
  /// no look could tell.
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
