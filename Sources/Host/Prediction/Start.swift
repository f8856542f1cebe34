package import Recording

/// Tells, before a run, whether its workers can be started, and afterwards why one could not be.
package enum Start {
  /// The system calls that the coordinator makes to start a worker.
  package enum Call: String, Sendable {
    case eventfd, mmap, fork
  }

  /// One sentence that says why this host cannot start the workers that the run wants; nil when it can.
  package static func obstacle(_ demand: Demand, on host: HostDescription) -> String? {
    let wanted = workers(demand, on: host)
    guard let bound = host.workerBounds.first, bound.left < wanted else { return nil }
    return """
      \(Format.count(wanted)) worker processes cannot be started: \(bound.words) leaves room for \
      \(Format.count(bound.left)); \(Format.count(needed(wanted, bound))) \
      \(needed(wanted, bound) == 1 ? "is" : "are") needed: \(fix(wanted, bound, host))
      """
  }

  /// Finds the cause of a failure to start a worker.
  ///
  /// - Parameters:
  ///   - errno: what the call failed with.
  ///   - started: how many workers had been started before.
  package static func diagnose(
    _ call: Call, errno: ErrnoRecord, started: Int, _ demand: Demand, on host: HostDescription
  ) -> Cause {
    let wanted = workers(demand, on: host)
    var cause = Cause(call: call, errno: errno, started: started, wanted: wanted)
    switch (call, errno.name) {
    case (.eventfd, "EMFILE"):
      cause.blame(host.workerBounds.first { $0.kind == .resourceLimit("n") }, on: host)
    case (.eventfd, "ENFILE"):
      let now = host.filesAtMost
      let change = SettingChange(
        .sysctl, "fs.file-max", from: now,
        to: Capacity.withHeadroom(
          // systemd sets the most that 64 bits hold.
          min(max(now ?? 0, host.filesOpen ?? 0), Int.max / 2) + demand.endsHere * demand.goal))
      cause.knob = change.setting
      cause.now = now
      cause.needed = Int(change.value)
      cause.fix = change.command(as: host)
    case (.fork, "EAGAIN"):
      // The kernel does not say which bound was met, so the one that left the least room is blamed. The
      // numbers are from before the start: tasks that others have started since are not in them.
      cause.blame(host.workerBounds.first { $0.kind != .resourceLimit("n") }, on: host)
    case (.mmap, "ENOMEM"), (.fork, "ENOMEM"), (.eventfd, "ENOMEM"):
      cause.evidence = [Fact("memory available", Format.bytes(host.memoryAvailable))]
      if let group = host.memoryGroup {
        cause.evidence += [
          Fact(group.file, Format.bytes(group.most)), Fact("in use", Format.bytes(group.used)),
        ]
      }
    default: break
    }
    return cause
  }

  /// Why a worker could not be started, and what raises the limit.
  package struct Cause: Sendable, Equatable, CustomStringConvertible {
    package var call: Call
    package var errno: ErrnoRecord
    /// How many workers had been started before.
    package var started: Int
    /// How many workers the run wants, of both ends.
    package var wanted: Int
    /// The setting that kept the worker from being started; nil where it is not known.
    package var knob: String?
    /// The present value of the setting.
    package var now: Int?
    /// The value that the setting needs: enough for all workers. Of fs.file-max: enough for the goal's
    /// connections.
    package var needed: Int?
    /// The command that gives the setting that value.
    package var fix: String?
    package var evidence: [Fact] = []

    package var description: String {
      var text = """
        \(call.rawValue) failed for worker \(Format.count(started + 1)) of \
        \(Format.count(wanted)) with \(errno.words)
        """
      if let knob {
        text += ": \(knob)"
        if let now { text += ", now \(Format.count(now))" }
        if let needed { text += ", needed \(Format.count(needed))" }
      }
      for fact in evidence { text += "; \(fact.name): \(fact.value)" }
      if let fix { text += "; to raise it: \(fix)" }
      return text
    }

    /// Makes a bound the cause.
    fileprivate mutating func blame(_ bound: WorkerBound?, on host: HostDescription) {
      guard let bound else { return }
      knob = bound.name
      now = bound.most
      needed = Start.needed(wanted, bound)
      fix = Start.fix(wanted, bound, host)
      evidence = [
        Fact("in use before", Format.count(bound.used)),
        Fact("workers wanted", Format.count(wanted)),
      ]
    }
  }

  // MARK: - Numbers

  /// How many workers the run wants, of both ends.
  private static func workers(_ demand: Demand, on host: HostDescription) -> Int {
    demand.processes(of: .client, on: host) + demand.processes(of: .server, on: host)
  }

  /// The value that the bound's setting needs, so that this many workers can be started.
  private static func needed(_ workers: Int, _ bound: WorkerBound) -> Int {
    Capacity.raised(from: bound.most, to: bound.used + workers)
  }

  /// The command that raises the bound's setting to the value of `needed`.
  private static func fix(
    _ workers: Int, _ bound: WorkerBound, _ host: HostDescription
  ) -> String {
    SettingChange(bound, to: needed(workers, bound)).command(as: host)
  }
}
