package import Addressing
package import Messages
package import SystemPackage

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
  /// Opens connections until `goal` are held.
  case open(goal: Int, pace: Pace)
  /// As `open`, with a goal that only the order names (`Scoreboard.Command.goal`), up to `most`.
  /// What is held beyond that goal is closed.
  case seek(most: Int, pace: Pace)
  /// Keeps what it has.
  case keep
  /// Opens connections on top of the ones that are held, at `rate` a second over all workers for
  /// `span` nanoseconds, and closes each one `lifetime` nanoseconds after it was established.
  case churn(rate: Double, lifetime: UInt64, span: UInt64, reset: Bool)
  /// Closes all connections; with a reset, or in order with FIN.
  case close(pace: Pace, reset: Bool)

  /// Whether connections are begun in it.
  var opens: Bool {
    switch self {
    case .open, .seek, .churn: true
    case .keep, .close: false
    }
  }

  /// How fast connections are opened or closed.
  package enum Pace: Sendable, Equatable {
    /// Each when its turn comes.
    case unpaced
    /// Connections a second, over all workers.
    case rate(Double)
    /// Nanoseconds that all of them take together. Only a worker knows how many it has to open or
    /// to close when its order comes.
    case over(UInt64)

    /// Connections a second over all workers, as a schedule counts them, for a worker that has so
    /// many of its own to go through; nil without a pace.
    func rate(own: Int, of share: WorkerShare) -> Double? {
      switch self {
      case .unpaced: nil
      case .rate(let rate): rate
      case .over(let span): Double(own) * Double(share.count) / (Double(max(1, span)) / 1e9)
      }
    }
  }
}

package struct ClientAssignment: Sendable {
  /// The table counts them in a byte.
  package static let mostRetries = 100

  package var share: WorkerShare
  package var sources: [IPAddress]
  package var ports: PortSet
  package var endpoints: [SocketAddress]
  /// Nanoseconds after which a handshake is given up.
  package var connectTimeout: UInt64
  /// How often a handshake that has timed out is tried again; at most `mostRetries`.
  package var retries: Int
  /// One task a phase of the plan.
  package var tasks: [ClientTask]
  package var patterns: [MessagePattern]
  /// Places in `patterns` of the ones that are played in each phase of the plan.
  package var patternsOfPhase: [[Int]]
  /// Nanoseconds from the start of each phase in which messages become due; nil, or no entry, for as
  /// long as it lasts.
  package var spanOfPhase: [UInt64?]
  /// What a server that speaks first is known to send, over and over; nil where it does not.
  package var pushed: [UInt8]?
  package var seed: UInt64
  /// What each phase of the plan drives again; no entry, or nil, where the rate alone says when.
  package var recordedArrivals: [ArrivalCurve?]
  /// Processors to stay on; empty where any will do.
  package var processors: [Int]
  /// Nanoseconds before a message is due from which on it is waited for awake, so that a late timer
  /// does not count as latency; 0 where workers have to share processors.
  package var awake: UInt64

  package init(
    share: WorkerShare, sources: [IPAddress], ports: PortSet,
    endpoints: [SocketAddress], connectTimeout: UInt64, retries: Int = 0, tasks: [ClientTask],
    patterns: [MessagePattern] = [], patternsOfPhase: [[Int]] = [], spanOfPhase: [UInt64?] = [],
    pushed: [UInt8]? = nil, seed: UInt64 = 0, recordedArrivals: [ArrivalCurve?] = [],
    processors: [Int] = [], awake: UInt64 = 0
  ) {
    self.share = share
    self.sources = sources
    self.ports = ports
    self.endpoints = endpoints
    self.connectTimeout = connectTimeout
    self.retries = min(retries, Self.mostRetries)
    self.tasks = tasks
    self.patterns = patterns
    self.patternsOfPhase = patternsOfPhase
    self.spanOfPhase = spanOfPhase
    self.pushed = pushed
    self.seed = seed
    self.recordedArrivals = recordedArrivals
    self.processors = processors
    self.awake = awake
  }

  /// The most connections that this worker is ever asked to hold.
  var capacity: Int {
    var most = 0
    var base = 0
    for task in tasks {
      switch task {
      case .open(let goal, _), .seek(let goal, _):
        base = max(base, share.part(of: goal))
        most = max(most, base)
      case .churn(let rate, let lifetime, _, _):
        most = max(most, base + churned(rate: rate, lifetime: lifetime))
      case .close: base = 0
      case .keep: break
      }
    }
    return most
  }

  /// The most connections of churns that this worker is ever asked to hold.
  var churnCapacity: Int {
    tasks.reduce(0) { most, task in
      if case .churn(let rate, let lifetime, _, _) = task {
        max(most, churned(rate: rate, lifetime: lifetime))
      } else {
        most
      }
    }
  }

  /// Connections of a churn that are open at once, with those whose handshakes take as long as they
  /// may.
  private func churned(rate: Double, lifetime: UInt64) -> Int {
    let seconds = (Double(lifetime) + Double(connectTimeout) * Double(1 + retries)) / 1e9
    return share.part(of: Int(min(rate * seconds, 1e9).rounded(.up))) + 1
  }
}

package struct ServerAssignment: Sendable {
  /// The most that `descriptorLimit` should be: some hosts grant a process a billion descriptors,
  /// and the tables are as long. What is not used of them takes addresses, no memory.
  package static let mostDescriptors = 1 << 24

  package var endpoint: SocketAddress
  package var backlog: Int32
  package var reply: ServerReply
  package var readiness: ServerReadiness
  /// Rows of the tables, and so the highest RLIMIT_NOFILE that the process may have: every
  /// descriptor is below it.
  package var descriptorLimit: Int
  /// The end of a pipe, opened not to block, that is told what is read (`ReceivedFrame`); nil in runs.
  package var echoesTo: FileDescriptor?
  /// Processors to stay on; empty where any will do.
  package var processors: [Int]

  package init(
    endpoint: SocketAddress, backlog: Int32, reply: ServerReply, readiness: ServerReadiness,
    descriptorLimit: Int, echoesTo: FileDescriptor? = nil, processors: [Int] = []
  ) {
    self.endpoint = endpoint
    self.backlog = backlog
    self.reply = reply
    self.readiness = readiness
    self.descriptorLimit = descriptorLimit
    self.echoesTo = echoesTo
    self.processors = processors
  }
}
