extension LimitRecord {
  /// What stopped it, in one phrase: "client socket: EMFILE (Too many open files)", or the
  /// resource's words where there is no errno.
  package var cause: String {
    let place = [end.rawValue, syscall].compactMap(\.self).joined(separator: " ")
    // Without a setting that would move it, the queue had room.
    if resource == .acceptQueue, syscall == nil, knob == nil {
      return "\(place): it does not accept its connections"
    }
    return "\(place): \(errno?.words ?? resource.words)"
  }
}

extension FailureRecord {
  /// What the failure is called in charts and tables: "client socket EMFILE".
  package var cause: String {
    [end.rawValue, syscall, errno?.name].compactMap(\.self).joined(separator: " ")
  }
}

extension ErrnoRecord {
  /// "EMFILE (Too many open files)".
  package var words: String { "\(name) (\(text))" }
}

extension Resource {
  /// What happened when this ran out, for people.
  package var words: String {
    switch self {
    case .descriptorsPerProcess: "no descriptors left in the process"
    case .descriptorsPerHost: "no descriptors left on the host"
    case .epollWatches: "no epoll watches left for the user"
    case .memory: "no memory left"
    case .memoryGuard: "less memory left than the guard keeps"
    case .sourcePorts: "no source ports left"
    case .sourceAddress: "a source address is not on this host"
    case .portTaken: "the port is taken"
    case .acceptQueue: "the accept queue is full"
    case .packetsDropped: "packets are dropped on the way"
    case .nobodyListens: "nobody listens"
    case .closedByPeer: "closed by the peer"
    case .noRoute: "no route, or a firewall rule"
    case .cpu: "every core is busy"
    case .workerDied: "a worker died"
    case .unclassified: "cause unknown"
    }
  }
}
