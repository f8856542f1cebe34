package import Recording
import WorkerLog

/// What a failure comes down to.
package struct Diagnosed: Sendable, Equatable {
  package var resource: Resource
  /// The setting that bounds the resource.
  package var knob: String?
  package var now: Int?
  package var needed: Int?
  /// A command that raises it, to be run as it stands; nil where no command does.
  package var fix: String?
  /// What the cause was decided from, in the order it was looked at.
  package var evidence: [Fact]

  package init(
    _ resource: Resource, knob: String? = nil, now: Int? = nil, needed: Int? = nil,
    fix: String? = nil, evidence: [Fact] = []
  ) {
    self.resource = resource
    self.knob = knob
    self.now = now
    self.needed = needed
    self.fix = fix
    self.evidence = evidence
  }
}

/// Decides why an operation failed, from its system call, its errno and the kernel's counters
/// before and after. What cannot be told apart is `unclassified`, with all that was looked at.
package func diagnose(
  _ failure: FailureRecord, before: [Series.Key: Double], after: [Series.Key: Double],
  host: HostDescription, demand: Demand, path: PathFindings = PathFindings()
) -> Diagnosed {
  let context = DiagnosisContext(
    before: before, after: after, host: host, demand: demand, path: path)
  if failure.syscall == FailureRecord.memoryGuardCall { return context.memoryGuard(failure) }
  switch (FailedCall(named: failure.syscall), failure.errno?.name) {
  case (.socket, "EMFILE"), (.accept, "EMFILE"):
    return context.descriptorsOfProcess(failure)
  case (.socket, "ENFILE"), (.accept, "ENFILE"):
    return context.descriptorsOfHost(failure)
  case (.epollControl, "ENOSPC"):
    return context.epollWatches(failure)
  case (.epollControl, "ENOMEM"), (.socket, "ENOMEM"), (.accept, "ENOMEM"),
    (.epollControl, "ENOBUFS"), (.socket, "ENOBUFS"), (.accept, "ENOBUFS"):
    return context.memory(failure)

  case (.connect, "EADDRNOTAVAIL"):
    return context.sourcePorts(failure)
  case (.bind, "EADDRINUSE") where context.port(of: failure) == 0:
    return context.kernelPorts(failure)
  case (.bind, "EADDRINUSE"), (.listen, "EADDRINUSE"):
    return context.portTaken(failure)
  case (.bind, "EADDRNOTAVAIL"), (.socket, "EAFNOSUPPORT"):
    return context.sourceAddress(failure)

  case (.connect, "ETIMEDOUT"), (.connectTimeout, _):
    return context.connectTimeout(failure)
  case (.connect, "ECONNREFUSED"):
    return context.refused(failure)
  case (.connect, "EHOSTUNREACH"), (.connect, "ENETUNREACH"), (.connect, "EPERM"),
    (.connect, "EACCES"), (.connect, "EINVAL"), (.connect, "EHOSTDOWN"), (.connect, "ENONET"),
    (.connect, "ENOPROTOOPT"):
    return context.noRoute(failure)
  case (.read, "ECONNRESET"), (.write, "ECONNRESET"), (.write, "EPIPE"), (.read, "EPIPE"),
    (.read, nil), (.closed, nil), (.closed, "ECONNRESET"), (.closed, "EPIPE"),
    // A refused handshake is ECONNREFUSED; this one was finished, and reset before one looked.
    (.connect, "ECONNRESET"):
    return context.closedByPeer(failure)

  default:
    return context.unclassified(failure)
  }
}

/// Decides why a worker died.
package func diagnose(
  _ worker: WorkerRecord, before: [Series.Key: Double], after: [Series.Key: Double],
  host: HostDescription, demand: Demand
) -> Diagnosed {
  DiagnosisContext(before: before, after: after, host: host, demand: demand).death(of: worker)
}

/// What a diagnosis looks at.
struct DiagnosisContext {
  var before: [Series.Key: Double]
  var after: [Series.Key: Double]
  var host: HostDescription
  var demand: Demand
  var path = PathFindings()

  /// How much a counter rose; nil when this kernel does not count it.
  func rise(_ key: Series.Key) -> Double? {
    after[key].map { $0 - (before[key] ?? 0) }
  }

  /// The rise of counters that exist, as evidence.
  func rises(_ keys: Series.Key...) -> [Fact] {
    keys.compactMap { key in rise(key).map { Fact(key.name, "+\(Format.count($0))") } }
  }

  /// The level of gauges that exist, as evidence.
  func levels(_ keys: Series.Key...) -> [Fact] {
    keys.compactMap { key in after[key].map { Fact(key.name, Format.count($0)) } }
  }

  /// Between which addresses it happened, as evidence.
  func place(of failure: FailureRecord) -> [Fact] {
    [Fact](known: ["source": failure.source, "endpoint": failure.endpoint])
  }

  /// A command for root, as this user has to type it.
  func privileged(_ command: String) -> String { host.privileged(command) }

  func unclassified(_ failure: FailureRecord) -> Diagnosed {
    let errno = failure.errno.map { " \($0.words)" } ?? ""
    let seen = Fact("failed", failure.syscall + errno)
    return Diagnosed(
      .unclassified,
      evidence: [seen] + place(of: failure)
        + rises(
          .listenOverflows, .listenDrops, .requestQueueFull, .timeouts, .synRetransmits,
          .backlogDrops, .abortsOnMemory, .attemptFails, .resetsSent)
        + levels(.memoryAvailable, .tcpPages, .filesOpen, .timeWait, .conntrackEntries))
  }
}
