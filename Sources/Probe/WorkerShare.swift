package import Addressing

/// All that a worker needs to know of a plan, and its part in it.
package struct WorkerShare: Sendable {
  /// Which of the end's workers this is, from 0, and how many there are.
  package var index: Int
  package var count: Int

  package init(index: Int, count: Int) {
    self.index = index
    self.count = count
  }

  /// This worker's part of `total` things dealt out one by one.
  package func part(of total: Int) -> Int {
    total / count + (index < total % count ? 1 : 0)
  }

  /// Where this worker's `own`th thing stands among those of all workers.
  package func ordinal(_ own: Int) -> UInt64 {
    UInt64(index) + UInt64(own) * UInt64(count)
  }
}

/// What a client worker does in one phase; the goal is that of all workers together.
package enum ClientTask: Sendable, Equatable {
  /// Opens connections until `goal` are held, at `rate` a second over all workers.
  case open(goal: Int, rate: Double?)
  /// Keeps what it has.
  case keep
  /// Closes all connections; with a reset, or in order with FIN.
  case close(rate: Double?, reset: Bool)
}

package struct ClientAssignment: Sendable {
  package var share: WorkerShare
  package var sources: [IPAddress]
  package var ports: ClosedRange<UInt16>
  package var endpoints: [SocketAddress]
  /// Nanoseconds after which a handshake is given up.
  package var connectTimeout: UInt64
  /// One task a phase of the plan.
  package var tasks: [ClientTask]

  package init(
    share: WorkerShare, sources: [IPAddress], ports: ClosedRange<UInt16>,
    endpoints: [SocketAddress], connectTimeout: UInt64, tasks: [ClientTask]
  ) {
    self.share = share
    self.sources = sources
    self.ports = ports
    self.endpoints = endpoints
    self.connectTimeout = connectTimeout
    self.tasks = tasks
  }

  /// The most connections that this worker is ever asked to hold.
  var capacity: Int {
    tasks.reduce(0) { most, task in
      if case .open(let goal, _) = task { max(most, share.part(of: goal)) } else { most }
    }
  }
}

package struct ServerAssignment: Sendable {
  package var endpoint: SocketAddress
  package var backlog: Int32
  package var reply: ServerReply
  package var readiness: ServerReadiness
  /// RLIMIT_NOFILE of the process: every descriptor is below it.
  package var descriptorLimit: Int

  package init(
    endpoint: SocketAddress, backlog: Int32, reply: ServerReply, readiness: ServerReadiness,
    descriptorLimit: Int
  ) {
    self.endpoint = endpoint
    self.backlog = backlog
    self.reply = reply
    self.readiness = readiness
    self.descriptorLimit = descriptorLimit
  }
}

package enum ServerReply: Sendable {
  case echo, discard
}

package enum ServerReadiness: Sendable {
  /// Answers at once; waits for EPOLLOUT only when the socket is full.
  case direct
  /// EPOLLIN, then EPOLLOUT, then EPOLLIN again for every answer.
  case rearm
}
