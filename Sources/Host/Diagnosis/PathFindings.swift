/// What a phase showed of the way between the two ends, beside the kernel's counters.
package struct PathFindings: Sendable, Equatable {
  /// The listening sockets at one endpoint, taken together, as the endpoint's own kernel describes them.
  package struct Listener: Sendable, Equatable {
    /// The most connections that waited to be accepted at one look.
    package var mostWaiting: Int
    /// Connections that waited to be accepted at the last look.
    package var waitingAtLastLook: Int
    /// The sum of the sockets' backlogs.
    package var backlog: Int
    /// Packets that the listener has dropped, each repeated SYN counted again: in `PathFindings.listeners`
    /// since the phase began, else since it began to listen. Nil where the kernel does not say.
    package var drops: Int?
    /// Whether a queue was full at some look after the first at which a SYN had been sent again or a
    /// handshake had timed out.
    package var isFullWhileUnanswered = false
    /// Whether one of the sockets had a full queue at some look: more connections waited than its backlog
    /// says. The kernel then drops new ones (`sk_acceptq_is_full`).
    package var isFull: Bool
    /// The sockets' inodes. Another listener at the same endpoint has other ones.
    package var sockets: Set<UInt32> = []

    /// - Parameter atLastLook: connections that waited at the last look; nil for `mostWaiting`.
    package init(mostWaiting: Int, atLastLook: Int? = nil, backlog: Int, drops: Int?) {
      self.mostWaiting = mostWaiting
      waitingAtLastLook = atLastLook ?? mostWaiting
      self.backlog = backlog
      self.drops = drops
      isFull = mostWaiting > backlog
    }
  }

  /// Handshakes whose SYN was sent again for want of an answer: the most at one look, and how many source
  /// addresses they came from.
  package struct Unanswered: Sendable, Equatable {
    package var handshakes: Int
    package var sources: Int

    package init(handshakes: Int, sources: Int) {
      self.handshakes = handshakes
      self.sources = sources
    }
  }

  /// Listeners by endpoint, as failures write it. An endpoint is missing where its kernel did not tell, or
  /// where nobody has listened: see `withoutListener`.
  package var listeners: [String: Listener] = [:]
  /// Endpoints on this host at which nobody listened at the last look.
  package var withoutListener: Set<String> = []
  /// Endpoints on this host at which nobody may have listened for a while: at some look there was no
  /// listener, or none of the sockets that had listened when the phase began.
  package var restarted: Set<String> = []
  /// Packets that the kernel dropped on the whole machine while handshakes went unanswered, by the
  /// kernel's reason; nil where the kernel was not asked, or did not tell.
  package var dropsByReason: [String: Int]?
  /// Nil where no look found a handshake without an answer.
  package var unanswered: Unanswered?
  /// Handshakes that the clients have finished in the phase.
  package var established: Int?
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
  /// Whether the server was still accepting connections when the longest wait for it was over.
  package var stillAccepts = false
  /// Connections that were lost when the listening socket at which they waited was closed: it had stopped
  /// accepting before.
  package var closedWithListener = 0
  /// Connections of a churn that still waited to be accepted when the time for that was over, or had been
  /// lost with their listener by then. That time is a second and the quickest handshake's, from the last
  /// close on.
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
