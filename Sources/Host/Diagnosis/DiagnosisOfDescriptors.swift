import Linux
import Recording

/// Diagnoses of descriptors, open files of the host, and epoll watches.
extension DiagnosisContext {
  /// Descriptors asked for beyond a process's share of the goal, for what the process opens for itself.
  private static let spareDescriptors = 64

  /// Diagnoses EMFILE: RLIMIT_NOFILE, or `fs.nr_open` where that keeps the limit from being raised.
  func descriptorsOfProcess(_ failure: FailureRecord) -> Diagnosed {
    let now = host.descriptors.hard
    let processes = max(1, demand.processes(of: failure.end, on: host))
    let strangers = failure.end == .server ? path.strangersAtServer : 0
    let share = Capacity.divideUp(demand.goal + strangers, processes) + Self.spareDescriptors
    if let loweredDescriptors {
      return Diagnosed(
        .descriptorsPerProcess, knob: "RLIMIT_NOFILE", now: loweredDescriptors,
        needed: max(share, loweredDescriptors + 1),
        evidence: [
          Fact("RLIMIT_NOFILE of the worker", Format.count(loweredDescriptors)),
          Fact(
            "when the run began",
            "\(Format.count(min(now, host.descriptorsAtMost ?? now))): another program has lowered it "
              + "since, as prlimit does"),
        ])
    }
    // More than the limit that was met in any case: the process may have had more than an even share.
    let needed = max(share, Capacity.withHeadroom(now))
    var found = Diagnosed(
      .descriptorsPerProcess, knob: "RLIMIT_NOFILE", now: now, needed: needed,
      evidence: [
        Fact("RLIMIT_NOFILE soft", Format.count(host.descriptors.soft)),
        Fact("RLIMIT_NOFILE hard", Format.count(host.descriptors.hard)),
      ])
    if strangers > 0 {
      found.evidence.append(
        Fact("of other programs", "\(Format.count(strangers)) connections, which take descriptors"))
    }
    if let nrOpen = host.descriptorsAtMost {
      found.evidence.append(Fact("fs.nr_open", Format.count(nrOpen)))
      if nrOpen <= now {
        found.knob = "fs.nr_open"
        found.now = nrOpen
      }
    }
    found.evidence += moreProcesses(failure.end, than: processes)
    found.fix = commandToRaise(to: needed, evidence: &found.evidence)
    return found
  }

  /// As evidence, with how many processes `processes: auto` reaches the goal under the present limit. Empty
  /// where the plan has `auto` already, or where `auto` would start no more than there are, or too many.
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

  /// The command that raises RLIMIT_NOFILE: `ulimit` where this user's shell may raise its hard limit; else
  /// `prlimit` on that shell, run by root. Where `fs.nr_open` is too low, the command raises it first.
  private func commandToRaise(to needed: Int, evidence: inout [Fact]) -> String {
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

  /// The share of `fs.file-max` from which on open files may have met the limit: the kernel counts files per
  /// processor and sums up only now and then, so the number that it shows may be too low.
  private static let nearlyAllFiles = 0.9

  /// Diagnoses ENFILE. It also stands for a socket that found no memory for its inode (`__sys_accept4_file` and
  /// `__sock_create` in net/socket.c): then far fewer files are open than `fs.file-max` allows.
  func descriptorsOfHost(_ failure: FailureRecord) -> Diagnosed {
    // `filesOpen` was read after the failure, and connections may have been closed in between, as in a churn.
    // Then the files that were open before the run, plus those of the run, are nearer to the truth.
    let ours =
      failure.established + (demand.endsHere > 1 ? failure.accepted : 0)
      + demand.ownDescriptors(on: host)
    let open = max(Int(after[.filesOpen] ?? 0), (host.filesOpen ?? 0) + ours)
    if let most = host.filesAtMost, after[.filesOpen] != nil,
      Double(open) < Self.nearlyAllFiles * Double(most)
    {
      var found = memory(failure)
      found.evidence += [
        Fact("files open", Format.count(open)), Fact("fs.file-max", Format.count(most)),
      ]
      return found
    }
    // At ENFILE as many files were open as are allowed. Those that this run did not have are other programs'.
    let others = max(host.filesOpen ?? 0, max(open, host.filesAtMost ?? 0) - ours)
    let change = SettingChange(
      .sysctl, "fs.file-max", from: host.filesAtMost,
      to: Capacity.withHeadroom(
        others + demand.endsHere * demand.goal + demand.ownDescriptors(on: host)))
    return diagnosed(
      .descriptorsPerHost, raisedBy: change, now: host.filesAtMost,
      evidence: [
        Fact("files open", Format.count(open)),
        Fact("of this run", Format.count(ours)),
        Fact(
          "of others",
          "\(Format.count(others)); whose: `\(privileged("lsof -n"))"
            + " | awk '{print $2, $1}' | sort | uniq -c | sort -n | tail`"),
        Fact(
          "CAP_SYS_ADMIN",
          host.isExemptFromFileMax
            ? "yes here, yet the process that failed was not exempt"
            : "no: this user is not exempt"),
      ])
  }

  /// Diagnoses ENOSPC of epoll_ctl(2). It reads "No space left on device", but no disk is meant.
  func epollWatches(_ failure: FailureRecord) -> Diagnosed {
    let perConnection = max(1, demand.watchesPerConnection)
    let own = demand.ownWatches(on: host)
    // The kernel tells nobody how many watches a user has; at ENOSPC the user had all that are allowed.
    let ours =
      (demand.clientWorkers == nil ? 0 : failure.established)
      + (demand.serverWorkers == nil ? 0 : failure.accepted) + own
    let others = max(0, (host.epollWatches ?? 0) - ours)
    let change = SettingChange(
      .sysctl, "fs.epoll.max_user_watches", from: host.epollWatches,
      to: Capacity.withHeadroom(others + perConnection * demand.goal + own))
    return diagnosed(
      .epollWatches, raisedBy: change, now: host.epollWatches,
      evidence: [
        Fact("watches a connection", String(perConnection)),
        Fact("user", "\(host.user): all watches of a user count together"),
        Fact("of this run", Format.count(ours)),
        Fact(
          "of others",
          "\(Format.count(others)); whose: `\(privileged("grep -c ^tfd: /proc/[0-9]*/fdinfo/*"))"
            + " 2>/dev/null | sort -t: -k2n | tail`"),
      ])
  }

  /// A limit that the change of a setting raises, with that change as the fix.
  ///
  /// - Parameter needed: nil for the change's value.
  func diagnosed(
    _ resource: Resource, raisedBy change: SettingChange, now: Int?, needed: Int? = nil,
    evidence: [Fact]
  ) -> Diagnosed {
    Diagnosed(
      resource, knob: change.setting, now: now, needed: needed ?? Int(change.value),
      fix: change.command(as: host), evidence: evidence + whoMay)
  }

  /// As evidence, that root of a user namespace of its own may not change the host's settings.
  private var whoMay: [Fact] {
    host.isInFirstUserNamespace
      ? [] : [Fact("user namespace", "its root may not set this: to be run on the host itself")]
  }
}
