package import Host
import Linux

/// A host of which everything is known: what it has, and what it grants to processes.
package struct SimulatedHost {
  /// RLIMIT_NOFILE of every worker, soft and hard.
  package var descriptorsPerProcess = 20_000
  /// By process ID, the limit of descriptors that somebody has given a worker since it began. The simulated
  /// host reports this limit and does not enforce it.
  package var loweredDescriptors: [Int32: Int] = [:]
  /// fs.file-max, which binds every process here, as if none had CAP_SYS_ADMIN; nil for no bound.
  package var files: Int?
  /// fs.epoll.max_user_watches.
  package var watches = 5_000_000
  package var processors = 2
  /// Bytes.
  package var memory = 24 << 30
  /// Bytes that one end of a connection takes.
  package var memoryPerSocket = 4_200
  /// net.core.somaxconn. The host reports it; the simulated `listen` does not lower a backlog to it.
  package var somaxconn = 4_096
  package var localPorts = 32_768...60_999
  /// The settings of the network between the two ends; `network(seed:)` adds the host's own bounds.
  package var dials = SimulatedNetwork.Dials()

  package init() { dials.costPerCall = 2_000 }

  /// What the product would read of this host.
  package var description: HostDescription {
    var host = HostDescription()
    host.hostname = "simulated"
    host.kernel = "simulated"
    host.processors = processors
    host.ownProcessors = Processors(allowed: Array(0..<processors))
    host.memoryTotal = memory
    host.memoryAvailable = memory
    host.descriptors = ResourceLimit(soft: descriptorsPerProcess, hard: descriptorsPerProcess)
    host.descriptorsAtMost = 1 << 20
    host.hasRaisedDescriptors = true
    host.filesAtMost = files
    host.filesOpen = 0
    host.epollWatches = watches
    host.localPorts = localPorts
    host.somaxconn = somaxconn
    host.synBacklog = 1024
    host.ipv6 = .on
    host.conntrackAtMost = dials.conntrack
    host.conntrackEntries = dials.conntrack == nil ? nil : 0
    host.tracksLoopback = dials.conntrack == nil ? nil : true
    return host
  }

  /// A network with the bounds of this host.
  package func network(seed: UInt64) -> SimulatedNetwork {
    var dials = dials
    dials.watches = min(dials.watches, watches)
    dials.descriptors = min(dials.descriptors, files ?? .max)
    dials.sockets = min(dials.sockets, memory / memoryPerSocket)
    return SimulatedNetwork(dials, seed: seed)
  }
}
