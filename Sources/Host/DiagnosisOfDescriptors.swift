import Linux
import Recording

/// Descriptors of a process, open files of the host, watches of epoll.
extension Scene {
  /// Room beyond the goal for what a process opens for itself.
  private static let spareDescriptors = 64

  func descriptorsOfProcess(_ failure: FailureRecord) -> Diagnosed {
    let now = host.descriptors.hard
    let processes =
      if case .count(let count) = demand.workers(of: failure.end) { max(1, count) } else { 1 }
    // At least more than there is: a worker may also meet its limit by an uneven share.
    let needed = max(
      Capacity.divideUp(demand.goal, processes) + Self.spareDescriptors,
      Capacity.withHeadroom(now))
    var found = Diagnosed(
      .descriptorsPerProcess, knob: "RLIMIT_NOFILE", now: now, needed: needed,
      evidence: [
        Fact("RLIMIT_NOFILE soft", Format.count(host.descriptors.soft)),
        Fact("RLIMIT_NOFILE hard", Format.count(host.descriptors.hard)),
      ])
    if let nrOpen = host.descriptorsAtMost {
      found.evidence.append(Fact("fs.nr_open", Format.count(nrOpen)))
      if nrOpen <= now {
        found.knob = "fs.nr_open"
        found.now = nrOpen
      }
    }
    found.evidence += moreProcesses(failure.end, than: processes)
    found.fix = raise(to: needed, evidence: &found.evidence)
    return found
  }

  /// The same goal with the limit as it stands, spread over more processes.
  private func moreProcesses(_ end: End, than processes: Int) -> [Fact] {
    guard case .count = demand.workers(of: end),
      let auto = Capacity.workersNeeded(
        goal: demand.goal, descriptors: host.descriptorsPerProcess,
        overhead: demand.overhead(of: end)),
      auto > processes, auto <= demand.workersAtMost
    else { return [] }
    return [
      Fact(
        "without raising it",
        "`processes: auto` reaches the goal with \(Format.count(auto)) \(end.rawValue) processes")
    ]
  }

  /// `ulimit` where this user's shell may; else `prlimit`, for a shell to be given by one that may.
  private func raise(to needed: Int, evidence: inout [Fact]) -> String {
    var steps: [String] = []
    if let ceiling = host.descriptorsAtMost, needed > ceiling {
      steps.append(privileged("sysctl -w fs.nr_open=\(needed)"))
    }
    if host.mayRaiseHardLimit {
      steps.append("ulimit -n \(needed)")
    } else {
      steps.append(privileged("prlimit --pid $$ --nofile=\(needed):\(needed)"))
      evidence.append(
        Fact("CAP_SYS_RESOURCE", "no: this process may not raise its hard limit, prlimit needs it"))
    }
    return steps.joined(separator: " && ")
  }

  /// The count is kept by processor and summed now and then: from this share on the end is near.
  private static let nearlyAllFiles = 0.9

  /// ENFILE also stands for a socket that found no memory for its inode (`__sys_accept4_file` and
  /// `__sock_create` in net/socket.c): then files are far from their end.
  func descriptorsOfHost() -> Diagnosed {
    let open = Int(after[.filesOpen] ?? Double(host.filesOpen ?? 0))
    if let most = host.filesAtMost, after[.filesOpen] != nil,
      Double(open) < Self.nearlyAllFiles * Double(most)
    {
      var found = memory()
      found.evidence += [
        Fact("files open", Format.count(open)), Fact("fs.file-max", Format.count(most)),
      ]
      return found
    }
    let others = host.filesOpen ?? 0
    let needed = Capacity.withHeadroom(
      others + demand.endsHere * demand.goal + demand.ownDescriptors(on: host))
    return Diagnosed(
      .descriptorsPerHost, knob: "fs.file-max", now: host.filesAtMost, needed: needed,
      fix: privileged("sysctl -w fs.file-max=\(needed)"),
      evidence: [
        Fact("files open", Format.count(open)),
        Fact(
          "CAP_SYS_ADMIN",
          host.capabilities.contains(.sysAdmin)
            ? "yes here, yet the process that failed was not exempt"
            : "no: this user is not exempt"),
      ])
  }

  /// The errno reads "No space left on device", but no disk is meant (epoll_ctl(2)).
  func epollWatches() -> Diagnosed {
    let perConnection = max(1, demand.watchesPerConnection)
    let needed = Capacity.withHeadroom(perConnection * demand.goal + demand.ownWatches(on: host))
    return Diagnosed(
      .epollWatches, knob: "fs.epoll.max_user_watches", now: host.epollWatches, needed: needed,
      fix: privileged("sysctl -w fs.epoll.max_user_watches=\(needed)"),
      evidence: [
        Fact("watches a connection", String(perConnection)),
        Fact("user", "\(host.user): all watches of a user count together"),
      ])
  }
}
