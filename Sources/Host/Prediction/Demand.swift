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
  /// Ports of the kernel's own range that connections take at once; see `sourcePorts` of the host.
  package var localPortsTaken = 0
  /// The server's `listen` backlog; nil when it is someone else's.
  package var backlog: Int?
  /// Epoll watches of this user that a connection takes: one for each end that we play.
  package var watchesPerConnection: Int
  /// Descriptors that a worker needs for itself: standard streams, epoll, wake-up, listener.
  package var clientOverhead = 6
  package var serverOverhead = 7
  /// Processes of one end that the coordinator starts at most, where it chooses how many.
  package var workersAtMost = Self.usualWorkersAtMost
  package static let usualWorkersAtMost = 1024
  /// Processes that were chosen for an end; nil where only the goal tells how many those are.
  package var clientsChosen: Int?
  package var serversChosen: Int?
  /// Seconds for which a phase leaves connections without a message.
  package var longestIdle = 0.0
  package var memoryGuard: MemoryGuard?
  /// Kernel bytes a connection takes on this machine, where it has been measured.
  package var measuredBytesPerConnection: Int?

  /// The goal is held below 2^40, so that no product with it overflows.
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

  /// Sockets, and so open files, that a connection takes of this kernel.
  package var endsHere: Int { bothEndsHere ? 2 : 1 }

  package func bytesPerConnection(on host: HostDescription) -> Int {
    max(1, measuredBytesPerConnection ?? endsHere * host.bytesPerEnd)
  }

  /// What a connection takes of the control group's memory: only the ends that are ours count, and
  /// each is charged for less than it takes of the machine.
  func bytesPerConnection(in group: ControlGroup, on host: HostDescription) -> Int {
    let client = clientWorkers == nil ? 0 : host.bytesPerEnd(of: .client, in: group)
    let server = serverWorkers == nil ? 0 : host.bytesPerEnd(of: .server, in: group)
    return max(1, client + server)
  }

  /// Every pair of source port and endpoint is one connection.
  package var pairs: Int { sources * portsPerSource * endpoints }
}
