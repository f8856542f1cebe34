package import Recording

/// Whether the workers of a run can be started, and why they could not.
package enum Start {
  /// What the coordinator does for a worker before that is on its own.
  package enum Call: String, Sendable {
    case eventfd, mmap, fork
  }

  /// Why a run could not start the workers that it wants, in one sentence; nil when it can.
  package static func obstacle(_ demand: Demand, on host: HostDescription) -> String? {
    let wanted = workers(demand, on: host)
    guard let bound = host.workerBounds.first, bound.left < wanted else { return nil }
    return """
      \(Format.count(wanted)) worker processes cannot be started: \(bound.words) leaves room for \
      \(Format.count(bound.left)); \(Format.count(needed(wanted, bound))) \
      \(needed(wanted, bound) == 1 ? "is" : "are") needed: \(fix(wanted, bound, host))
      """
  }

  /// What kept a worker from being started.
  ///
  /// - Parameter started: workers that had been.
  package static func diagnose(
    _ call: Call, errno: ErrnoRecord, started: Int, _ demand: Demand, on host: HostDescription
  ) -> Cause {
    let wanted = workers(demand, on: host)
    var cause = Cause(call: call, errno: errno, started: started, wanted: wanted)
    switch (call, errno.name) {
    case (.eventfd, "EMFILE"):
      cause.take(host.workerBounds.first { $0.kind == .resourceLimit("n") }, on: host)
    case (.eventfd, "ENFILE"):
      let now = host.filesAtMost
      let change = SettingChange(
        .sysctl, "fs.file-max", from: now,
        to: Capacity.withHeadroom(
          max(now ?? 0, host.filesOpen ?? 0) + demand.endsHere * demand.goal))
      cause.knob = change.setting
      cause.now = now
      cause.needed = Int(change.value)
      cause.fix = change.command(as: host)
    case (.fork, "EAGAIN"):
      // The kernel does not say which bound it met; the one that had the least left did it, and
      // what others have started meanwhile is not known.
      cause.take(host.workerBounds.first { $0.kind != .resourceLimit("n") }, on: host)
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
    package var started: Int
    package var wanted: Int
    package var knob: String?
    package var now: Int?
    package var needed: Int?
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

    fileprivate mutating func take(_ bound: TaskBound?, on host: HostDescription) {
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

  private static func workers(_ demand: Demand, on host: HostDescription) -> Int {
    demand.processes(of: .client, on: host) + demand.processes(of: .server, on: host)
  }

  private static func needed(_ workers: Int, _ bound: TaskBound) -> Int {
    Capacity.raised(from: bound.most, to: bound.used + workers)
  }

  private static func fix(
    _ workers: Int, _ bound: TaskBound, _ host: HostDescription
  ) -> String {
    SettingChange(bound, to: needed(workers, bound)).command(as: host)
  }
}
