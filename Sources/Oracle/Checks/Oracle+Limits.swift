import Judgement
import Linux
import Plan
import Recording
import Simulation
import SystemPackage

/// Every limit in the recording was really met in its phase, and the recording names the right resource.
extension Oracle {
  func checkLimits() {
    for phase in recording.phases where phase.outcome == .limit {
      expect(
        recording.limits.contains { $0.phase == phase.name }, "limits",
        "\(phase.name) broke its promise, and no limit of it is recorded")
    }
    for limit in recording.limits { check(limit) }
    checkDeaths()
    checkFailures()
    checkOnlyCause()
    checkAim()
  }

  /// The limit that the scenario aims at is the first one in the recording.
  private func checkAim() {
    guard let limit = scenario.limit else { return }
    // A search is meant to meet limits: one that has found its number has passed.
    let isSearch = scenario.plan.phases.first?.kind.phaseKind == .search
    expect(
      judgement.verdict == .limit || judgement.hasTestedNothing
        || judgement.verdict == .passed && isSearch, "aim",
      "\(judgement.headline), though \(limit.rawValue) was to stop it")
    expect(
      recording.limits.first?.resource == limit, "aim",
      "\(recording.limits.map(\.cause)), though \(limit.rawValue) was to stop it")
  }

  /// The recording counts no more failures of a kind than there were.
  private func checkFailures() {
    var counts: [[String]: Int] = [:]
    let sum = recording.failures.reduce(0) { $0 + $1.count }
    // What could not be written any more is in the state alone.
    if writeError == nil, let counted = recording.series(.failures)?.maximum {
      expect(
        Int(counted) == sum, "failures", "\(Int(counted)) sampled, \(sum) recorded by their causes")
    }
    for record in recording.failures {
      guard let errno = record.errno, !Self.calls(named: record.syscall).isEmpty,
        !Self.isOfLayer(record.syscall, errno)
      else { continue }
      counts[[record.end.rawValue, record.syscall, errno.name], default: 0] += record.count
    }
    // From -1, as workers make calls before the run begins.
    let met = truth.failures(from: -1)
    for (kind, count) in counts {
      let calls = Self.calls(named: kind[1])
      let real = met.count {
        truth.end(ofWorker: $0.process).rawValue == kind[0] && calls.contains($0.call)
          && ErrnoName.symbol(of: $0.errno.rawValue) == kind[2]
      }
      expect(
        count <= real, "failures", "\(kind.joined(separator: " ")): \(count) recorded, \(real) met")
    }
  }

  /// Where only one kind of call has failed in a phase, at one end and with one errno, that failure is the limit
  /// that decides.
  private func checkOnlyCause() {
    guard scenario.theme == .shortage || scenario.theme == .fault,
      let phase = recording.phases.first(where: { $0.outcome == .limit }),
      let start = phase.started,
      !hasDeath(in: phase)
    else { return }
    // Calls that failed before the run began belong to its first phase.
    let isFirst = phase.name == recording.phases.first?.name
    let met = truth.failures(from: isFirst ? -1 : start, to: phase.ended ?? recording.duration)
    let kinds = Set(
      met.map {
        [
          truth.end(ofWorker: $0.process).rawValue, "\($0.call)",
          ErrnoName.symbol(of: $0.errno.rawValue),
        ]
      })
    guard kinds.count == 1, let kind = kinds.first,
      let limit = recording.decidingLimit(of: phase),
      // The memory guard stops growth by itself, without a call that fails.
      limit.resource != .memoryGuard
    else { return }
    // These errors of `send` say that the other end has gone. Where an opening is under way the client says the same of
    // the server, and nobody can know better.
    if kind[1] == "send", ["ECONNRESET", "EPIPE"].contains(kind[2]), isLayered,
      let call = limit.syscall, let errno = limit.errno, Self.isOfLayer(call, errno),
      limit.said?.hasPrefix("closed") == true
    {
      return
    }
    let isSame =
      limit.errno?.name == kind[2]
      && Self.calls(named: limit.syscall ?? "").contains { "\($0)" == kind[1] }
    expect(
      isSame, "cause",
      "only \(kind.joined(separator: " ")) failed in \(phase.name), and \(limit.cause)"
        + " decides")
  }

  private func check(_ limit: LimitRecord) {
    guard let phase = recording.phases.first(where: { $0.name == limit.phase }),
      let start = phase.started
    else { return expect(false, "limits", "\(limit.cause): of no phase") }
    // A failure between two phases may cause a limit of the later one, and is recorded with the earlier one.
    let phases = [phase.name, recording.phases.last { ($0.ended ?? .infinity) <= start }?.name]
    let failures = recording.failures.filter {
      phases.contains($0.phase) && $0.syscall == limit.syscall && $0.errno == limit.errno
    }
    if limit.syscall != nil, !failures.isEmpty {
      // A handshake that failed and was tried again has not lost a connection.
      let most = failures.reduce(0) { $0 + $1.count - $1.retried }
      expect(
        limit.count <= most, "limits", "\(limit.cause): \(limit.count), where \(most) were lost")
    }
    guard let errno = limit.errno, let call = limit.syscall else { return }
    let calls = Self.calls(named: call)
    guard !calls.isEmpty, !Self.isOfLayer(call, errno) else { return }
    // As in `checkOnlyCause`, the first phase takes what failed before it. And any phase may be off by 0.01 s.
    let isFirst = phase.name == recording.phases.first?.name
    let met = truth.failures(
      from: isFirst ? -1 : start - 0.01, to: (phase.ended ?? recording.duration) + 0.01)
    expect(
      met.contains { calls.contains($0.call) && Int($0.errno.rawValue) == errno.number }, "limits",
      "\(limit.cause): no \(call) failed with \(errno.name) in \(phase.name)")
    if ["socket", "bind", "listen", "accept4", "epoll_ctl"].contains(call) {
      expect(
        met.contains {
          calls.contains($0.call) && Int($0.errno.rawValue) == errno.number
            && truth.end(ofWorker: $0.process) == limit.end
        }, "limits", "\(limit.cause): no \(call) of the \(limit.end.rawValue) failed so")
    }
    if let resources = resources(call, errno.name) {
      expect(
        resources.contains(limit.resource), "resource",
        "\(call) \(errno.name) is called \(limit.resource.rawValue)")
    }
  }

  /// The simulated calls whose failures the workers record under this name; none for another name.
  private static func calls(named name: String) -> [SimulatedCall] {
    switch name {
    case "socket": [.open, .reuseAddress, .resetOnClose]
    case "bind": [.bind]
    case "connect": [.connect, .pendingError, .receive, .send]
    case "listen": [.listen]
    case "accept4": [.accept]
    case "epoll_ctl": [.watch, .rewatch]
    case "epoll_wait": [.wait]
    case "closed": [.receive, .send, .pendingError]
    case "read": [.receive]
    case "write": [.send]
    // What is lost while a layer opens.
    case "websocket", "mqtt", "tls": [.receive, .send, .pendingError, .rewatch]
    default: []
    }
  }

  /// The calls that failures of layers on top of TCP are recorded as.
  static let layers: Set = ["tls", "websocket", "mqtt"]

  /// Whether a layer has failed by itself: because of what the peer said or because of the time, not because of a
  /// call.
  private static func isOfLayer(_ call: String, _ errno: ErrnoRecord) -> Bool {
    layers.contains(call) && ["EPROTO", "ETIMEDOUT"].contains(errno.name)
  }

  /// The resources that docs/limits.md names for a call and its errno, as far as a simulated host can meet them: it
  /// has no NAT. Nil where the cause depends on more than call and errno.
  private func resources(_ call: String, _ errno: String) -> [Resource]? {
    switch (call, errno) {
    case ("socket", "EMFILE"), ("accept4", "EMFILE"): [.descriptorsPerProcess]
    // Unless a failure was injected, the host has no file left. With an injected failure it may have files
    // left, and runner then takes memory for the cause.
    case ("socket", "ENFILE"), ("accept4", "ENFILE"):
      scenario.misfortunes.isEmpty ? [.descriptorsPerHost] : [.descriptorsPerHost, .memory]
    case ("epoll_ctl", "ENOSPC"): [.epollWatches]
    case ("socket", "ENOMEM"), ("socket", "ENOBUFS"), ("accept4", "ENOMEM"), ("accept4", "ENOBUFS"),
      ("epoll_ctl", "ENOMEM"):
      [.memory]
    case ("connect", "EADDRNOTAVAIL"): [.sourcePorts, .portTaken]
    case ("bind", "EADDRNOTAVAIL"): [.sourceAddress]
    case ("bind", "EADDRINUSE"): [.portTaken]
    case ("connect", "ECONNREFUSED"): [.nobodyListens, .noRoute]
    case ("connect", "EHOSTUNREACH"), ("connect", "ENETUNREACH"), ("connect", "EPERM"): [.noRoute]
    default: nil
    }
  }

  /// The death of a worker that was killed is a limit of the phase in which that happened. If no earlier phase
  /// broke its promise, the death decides the verdict.
  private func checkDeaths() {
    for event in scenario.events {
      guard case .kill(let place) = event.kind else { continue }
      let at = Double(event.at.nanoseconds) / 1e9
      guard let phase = recording.phases.first(where: { contains($0, at) }),
        phase.outcome != .interrupted
      else { continue }
      expect(
        phase.outcome == .limit, "death",
        "worker \(place) was killed at \(at) s, and \(phase.name) is \(phase.outcome.rawValue)")
      expect(
        recording.limits.contains {
          $0.worker == place && $0.phase == phase.name && $0.resource == .workerDied
        }, "death", "worker \(place) was killed in \(phase.name), and no limit says so")
      let isFirst = recording.phases.first { $0.outcome == .limit }?.name == phase.name
      if isFirst, judgement.verdict == .limit {
        expect(
          judgement.limit?.resource == .workerDied, "death",
          "worker \(place) was killed in \(phase.name), and \(judgement.headline) decides")
      }
    }
  }

  /// Whether an instant lies in a phase and at least 0.15 s from its edges. Closer to an edge it may count for
  /// the phase before or after.
  private func contains(_ phase: PhaseRecord, _ instant: Double) -> Bool {
    guard let start = phase.started, let end = phase.ended else { return false }
    return instant > start + 0.15 && instant < end - 0.15
  }
}
