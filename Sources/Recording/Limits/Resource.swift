/// What ran out: the normalised cause of a limit. The raw values are part of the contract with
/// users; every output uses them as they stand here.
package enum Resource: String, Sendable, Hashable, CaseIterable {
  case descriptorsPerProcess = "descriptors-per-process"
  case descriptorsPerHost = "descriptors-per-host"
  case epollWatches = "epoll-watches"
  case memory
  case memoryGuard = "memory-guard"
  case sourcePorts = "source-ports"
  case sourceAddress = "source-address"
  case portTaken = "port-taken"
  case acceptQueue = "accept-queue"
  case packetsDropped = "packets-dropped"
  case nobodyListens = "nobody-listens"
  case closedByPeer = "closed-by-peer"
  /// No route, or something on the way, such as a firewall, refuses or resets.
  case noRoute = "no-route"
  case cpu
  case workerDied = "worker-died"
  case unclassified
}
