package import Recording

/// What a plan asks of the machine it runs on.
package struct Demand: Sendable, Equatable {
  package var goal: Int
  /// Nil when someone else plays that end.
  package var clientWorkers: Processes?
  package var serverWorkers: Processes?
  /// Whether both ends of a connection live in this kernel, whoever plays them.
  package var bothEndsHere: Bool
  package var sources: Int
  package var portsPerSource: Int
  package var endpoints: Int
  /// The most ports of the kernel's own range that the run can have in use at once:
  /// `HostDescription.localPortsTaken`.
  package var localPortsTaken = 0
  /// The server's `listen` backlog; nil when it is someone else's.
  package var backlog: Int?
  /// Epoll watches of this user that a connection takes: one for each end that we play.
  package var watchesPerConnection: Int
  /// Descriptors that a worker needs besides its connections'. A server worker has a listener more.
  package var clientOverhead = 6
  package var serverOverhead = 7
  /// The most processes of one end that the coordinator starts where it chooses how many.
  package var workersAtMost = Self.usualWorkersAtMost
  package static let usualWorkersAtMost = 1024
  /// Processes that were chosen for an end; nil where their number is to be computed from the goal.
  package var clientsChosen: Int?
  package var serversChosen: Int?
  /// Bytes of a worker's own memory that an end of a connection takes on top of the kernel's.
  package var ownBytesPerEnd = 0
  /// Bytes that a worker takes for handshakes on top of TCP that are under way.
  package var ownBytesPerWorker = 0
  /// The most seconds for which a phase leaves a connection without a message.
  package var longestIdle = 0.0
  package var memoryGuard: MemoryGuard?
  /// Bytes per connection on this machine, the workers' own included, where they are known; nil in every run so
  /// far.
  package var measuredBytesPerConnection: Int?

  /// A goal above 2^40 is lowered to it, so that no product with the goal overflows.
  package init(
    goal: Int, clientWorkers: Processes?, serverWorkers: Processes?, bothEndsHere: Bool,
    sources: Int, portsPerSource: Int, endpoints: Int, backlog: Int? = nil,
    memoryGuard: MemoryGuard? = nil
  ) {
    self.goal = min(max(0, goal), 1 << 40)
    self.clientWorkers = clientWorkers
    self.serverWorkers = serverWorkers
    self.bothEndsHere = bothEndsHere
    self.sources = max(1, sources)
    self.portsPerSource = max(1, portsPerSource)
    self.endpoints = max(1, endpoints)
    self.backlog = backlog
    self.memoryGuard = memoryGuard
    watchesPerConnection = (clientWorkers == nil ? 0 : 1) + (serverWorkers == nil ? 0 : 1)
  }

  /// Sockets, and so open files, that a connection takes in this kernel.
  package var endsHere: Int { bothEndsHere ? 2 : 1 }

  package func bytesPerConnection(on host: HostDescription) -> Int {
    max(1, measuredBytesPerConnection ?? endsHere * host.bytesPerEnd + ownBytesPerConnection)
  }

  /// Bytes of a control group's memory that a connection takes. Only the ends that are ours count,
  /// and the group is charged for less than an end takes of the machine.
  func bytesPerConnection(in group: ControlGroup, on host: HostDescription) -> Int {
    let client = clientWorkers == nil ? 0 : host.bytesPerEnd(of: .client, in: group)
    let server = serverWorkers == nil ? 0 : host.bytesPerEnd(of: .server, in: group)
    return max(1, client + server + ownBytesPerConnection)
  }

  /// Only ends that we play take memory of workers.
  private var ownBytesPerConnection: Int { watchesPerConnection * ownBytesPerEnd }

  /// Pairs of source port and endpoint, each of which can carry one connection.
  package var pairs: Int { sources * portsPerSource * endpoints }
}
