/// The cause of a limit: what ran out, or what else refused connections. Users rely on the raw values, and every
/// output uses them as they stand here.
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
  /// TCP's handshake was over, and then an end refused TLS or the WebSocket.
  case refusedByPeer = "refused-by-peer"
  /// There is no route, or something on the way, such as a firewall, refuses or resets connections.
  case noRoute = "no-route"
  case cpu
  case workerDied = "worker-died"
  case unclassified
}

/// The words that every output has for a resource. docs/limits.md has the same table, and a test
/// compares the two.
extension Resource {
  package struct Traits: Sendable {
    /// What happened, for people.
    package let words: String
    /// What moves the limit, in words: where there is no command to give, or in addition to one. Nil
    /// where that is not known.
    package let wayOut: String?

    fileprivate init(_ words: String, _ wayOut: String?) {
      self.words = words
      self.wayOut = wayOut
    }
  }

  package var traits: Traits {
    switch self {
    case .descriptorsPerProcess:
      Traits("no descriptors left in the process", "RLIMIT_NOFILE up to fs.nr_open; more processes")
    case .descriptorsPerHost: Traits("no descriptors left on the host", "fs.file-max")
    case .epollWatches:
      Traits("no epoll watches left for the user", "fs.epoll.max_user_watches; no disk is full")
    case .memory: Traits("no memory left", "RAM, the control group's bound, or net.ipv4.tcp_mem")
    case .memoryGuard:
      Traits("less memory left than the guard keeps", "RAM, or the control group's bound")
    case .sourcePorts: Traits("no source ports left", "more sources, or wider ports")
    case .sourceAddress: Traits("a source address is not on this host", "ip addr add")
    case .portTaken: Traits("the port is taken", "whoever holds it, or another port")
    case .acceptQueue:
      Traits("the accept queue is full", "a longer backlog, or a server that accepts faster")
    case .packetsDropped:
      Traits("packets are dropped on the way", "connection tracking, a firewall, or loss")
    case .nobodyListens: Traits("nobody listens", "the server: it has to listen there")
    case .closedByPeer: Traits("closed by the peer", "the peer's own limit: ask its host")
    case .refusedByPeer:
      Traits(
        "refused on top of TCP",
        "what was said: a certificate, a version, a status, a close code, or the peer's own limit")
    case .noRoute: Traits("no route, or a firewall rule", "a route, or the rule that refuses")
    case .cpu:
      Traits(
        "no processor time left", "more processors, a larger quota, or less load beside the run")
    case .workerDied: Traits("a worker died", "whoever ended or stopped it")
    case .unclassified: Traits("cause unknown", nil)
    }
  }

  package var words: String { traits.words }
  package var wayOut: String? { traits.wayOut }
}
