/// What was seen between the two ends while a phase went on, beside the kernel's counters.
package struct PathFindings: Sendable, Equatable {
  /// Who listens at an endpoint, as the endpoint's own kernel tells. Where several listeners share
  /// a port, all of them together.
  package struct Listener: Sendable, Equatable {
    /// Connections that wait to be accepted: the most that were seen.
    package var waiting: Int
    /// Those that waited at the last look.
    package var waitingAtLastLook: Int
    package var backlog: Int
    /// Handshakes that it has dropped in the phase; nil where the kernel does not say.
    package var drops: Int?
    /// Whether its queue was full at a look at which handshakes went unanswered.
    package var isFullWhileUnanswered = false
    /// Whether one of its sockets was seen with a full queue. The kernel drops what comes when more
    /// wait than the backlog says (`sk_acceptq_is_full`).
    package var isFull: Bool
    /// Its sockets; another listener at the same endpoint has others.
    package var sockets: Set<UInt32> = []

    package init(waiting: Int, left: Int? = nil, backlog: Int, drops: Int?) {
      self.waiting = waiting
      waitingAtLastLook = left ?? waiting
      self.backlog = backlog
      self.drops = drops
      isFull = waiting > backlog
    }
  }

  /// Handshakes that had waited for an answer for so long that their SYN was sent again: the most
  /// at once, and how many sources they came from.
  package struct Unanswered: Sendable, Equatable {
    package var handshakes: Int
    package var sources: Int

    package init(handshakes: Int, sources: Int) {
      self.handshakes = handshakes
      self.sources = sources
    }
  }

  /// By endpoint, as failures name it. An endpoint that is missing was not looked at, or nobody
  /// listens there: see `withoutListener`.
  package var listeners: [String: Listener] = [:]
  /// Endpoints of this host that nobody listens at.
  package var withoutListener: Set<String> = []
  /// Endpoints of this host that had no listener at some look, or another one than at the phase's
  /// begin: meanwhile nobody may have listened.
  package var restarted: Set<String> = []
  /// Packets of the whole machine that the kernel dropped while handshakes went unanswered, by its
  /// own reasons; nil where it did not tell, or was not asked.
  package var dropped: [String: Int]?
  package var unanswered: Unanswered?
  /// Handshakes that the clients finished in the phase, and what they hold at its end.
  package var established: Int?
  package var held: Int?
  /// Connections that the server end had accepted and has not any more, of which the clients have not
  /// heard.
  package var goneAtServer = 0
  /// Connections that another process than the run's own server has: NAT has redirected them.
  package var redirected = 0
  /// Whether our own server may have closed connections: it met a failure, was full, or has died. Nil
  /// where it is someone else's.
  package var serverMayClose: Bool?
  /// Connections that the server end has at the end of the phase and the clients have not; nil where
  /// that was not asked.
  package var leftAtServer: Int?
  /// Whether the server was accepting connections still when they had been waited for long enough.
  package var stillAccepts = false
  /// Connections that waited at sockets of a listener which did not accept, and were closed with them.
  package var closedWithListener = 0
  /// Connections of a churn that waited to be accepted still when their clients had been gone for a second.
  package var queuedAtDeadline = 0
  /// Connections of other programs that the built-in server holds.
  package var strangersAtServer = 0
  /// The highest level of conntrack's table since the run began.
  package var conntrackMost: Int?

  package init() {}

  /// Whether the kernel of the endpoint could be asked who listens there.
  func knows(_ endpoint: String?) -> Bool {
    endpoint.map { listeners[$0] != nil || withoutListener.contains($0) } ?? false
  }

  func listener(at endpoint: String?) -> Listener? { endpoint.flatMap { listeners[$0] } }
}

extension Sequence<PathFindings.Listener> {
  /// Adds up a number of all listeners. A listener that several endpoints lead to, as one on all
  /// addresses does, counts once.
  package func sum(_ value: (PathFindings.Listener) -> Int) -> Int {
    var seen: Set<Set<UInt32>> = []
    return reduce(0) { sum, listener in
      let isNew = listener.sockets.isEmpty || seen.insert(listener.sockets).inserted
      return isNew ? sum + value(listener) : sum
    }
  }
}
