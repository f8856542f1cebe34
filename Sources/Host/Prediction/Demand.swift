package import Recording

/// What a plan asks of the machine it runs on.
package struct Demand: Sendable, Equatable {
  /// The most connections that are to stand at once.
  package var goal: Int
  /// How many processes the plan asks for at each end; nil when someone else plays that end.
  package var clientWorkers: Processes?
  package var serverWorkers: Processes?
  /// Whether both ends of a connection live in this kernel, whoever plays them.
  package var bothEndsHere: Bool
  package var sources: Int
  package var portsPerSource: Int
  package var endpoints: Int
  /// The most ports of `net.ipv4.ip_local_port_range` that the run can have in use at once
  /// (`HostDescription.localPortsTaken`).
  package var localPortsTaken = 0
  /// The backlog that the server gives `listen`; nil when the server is someone else's.
  package var backlog: Int?
  /// Epoll watches of this user that a connection takes: one for each end that the run's own workers play.
  package var watchesPerConnection: Int
  /// Descriptors that a worker needs besides its connections'. Whoever makes a demand sets the one that counts for
  /// it: a run and `serve` from `descriptorsPerWorker`, `connect` from its own count.
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
  /// Bytes that a worker takes for the handshakes of TLS that are under way at once.
  package var ownBytesPerWorker = 0
  /// Bytes that a client worker takes on top, for handshakes that are kept to overhear a session.
  package var ownBytesPerClient = 0
  /// The most seconds for which a phase leaves a connection without a message.
  package var longestIdle = 0.0
  package var memoryGuard: MemoryGuard?
  /// Bytes per connection on this machine, the workers' own included, where they are known; nil in every run so
  /// far.
  package var measuredBytesPerConnection: Int?

  /// Lowers a goal above 2^40 to 2^40, so that no product with the goal overflows.
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

  /// Bytes that a control group is charged for a connection. Only the ends that the run's own workers play
  /// count, and for each the group is charged less than the end takes of the machine.
  func bytesPerConnection(in group: ControlGroup, on host: HostDescription) -> Int {
    let client = clientWorkers == nil ? 0 : host.bytesPerEnd(of: .client, in: group)
    let server = serverWorkers == nil ? 0 : host.bytesPerEnd(of: .server, in: group)
    return max(1, client + server + ownBytesPerConnection)
  }

  /// Bytes of the workers' own memory that a connection takes: only the ends that they play take any.
  private var ownBytesPerConnection: Int { watchesPerConnection * ownBytesPerEnd }

  /// How many tuples of source address, source port and endpoint there are. Each can carry one connection.
  package var tuples: Int { sources * portsPerSource * endpoints }
}
