import Addressing
package import Host
import Linux
import Messages
package import Plan
import Probe
package import Recording
package import SystemPackage

// Makes values of one module from those of others: a `Demand` of a plan, records of phases and workers.

extension Demand {
  package init(_ plan: Plan, addresses: Addresses, staffing: Staffing) {
    self.init(
      goal: plan.mostConnections, clientWorkers: plan.clients.processes,
      serverWorkers: plan.server?.processes,
      bothEndsHere: addresses.serverIsHere, sources: staffing.sources.count,
      portsPerSource: addresses.ports.count,
      endpoints: staffing.endpoints.count, backlog: plan.server?.backlog,
      memoryGuard: plan.memoryGuard)
    clientOverhead = descriptorsPerWorker
    // One more, for the listener.
    serverOverhead = descriptorsPerWorker + 1
    clientsChosen = staffing.clients.count
    serversChosen = plan.server == nil ? nil : staffing.servers.count
    longestIdle = plan.longestIdle
    let (isWebSocket, isMQTT) =
      switch plan.protocol {
      case .webSocket: (true, false)
      case .mqtt: (false, true)
      case .raw, .http: (false, false)
      }
    addLayers(
      tls: plan.tls, isWebSocket: isWebSocket, isMQTT: isMQTT, hasServer: plan.server != nil)
  }

  /// Counts the memory that the layers on top of TCP take of a worker.
  package mutating func addLayers(
    tls: PlanTLS?, isWebSocket: Bool, isMQTT: Bool, hasServer: Bool
  ) {
    ownBytesPerWorker = tls == nil ? 0 : TLSColumns.bytesOfHandshakes
    ownBytesPerClient =
      tls.map { $0.resume > 0 ? TLSColumns.bytesOfListeners(endpoints: endpoints) : 0 } ?? 0
    // A connection of TLS 1.2 keeps its OpenSSL state, 18 KiB. Plain connections count nothing here: the rows of
    // thousands of them take a few pages, and `HostDescription.bytesPerEnd` includes these.
    ownBytesPerEnd = tls.map { $0.newest == .v12 ? 18 << 10 : TLSColumns.bytesPerEnd } ?? 0
    if isWebSocket { ownBytesPerEnd += WebSocketColumns.bytesPerEnd }
    if isMQTT {
      // Only servers have filters: on this host that is one end of two.
      ownBytesPerEnd += MQTTColumns.bytesPerEnd + (hasServer ? MQTTColumns.bytesOfFilters / 2 : 0)
    }
  }
}

extension ErrnoRecord {
  package init(_ errno: Errno) {
    self.init(
      number: Int(errno.rawValue), name: ErrnoName.symbol(of: errno.rawValue),
      text: ErrnoName.text(of: errno.rawValue))
  }
}

extension Plan {
  /// The longest time, in seconds, for which a hold or a pause leaves a connection without a message.
  var longestIdle: Double {
    phases.map { phase in
      // Only holds and pauses count: the other phases are busy for as long as they take.
      let span = phase.kind.phaseKind.keeps ? phase.plannedSeconds ?? 0 : 0
      let paces = patterns.filter { phase.patterns.contains($0.name) }.map(\.pace)
      // A pattern with a rate sends on the connection that has been idle for the longest, so each connection
      // sends once in mostConnections / rate seconds where as many are held.
      let intervals = paces.map { (pace: MessagePattern.Pace) -> Double in
        switch pace {
        case .every(let interval): return Double(interval) / 1e9
        case .rate(let rate): return Double(mostConnections) / max(rate, 1e-9)
        case .unlimited: return 0
        case .once: return .infinity
        }
      }
      return min(span, intervals.min() ?? .infinity)
    }.max() ?? 0
  }

  /// Whether a condition of the plan (`abort`, `until`) decides while the run goes on.
  var hasLiveConditions: Bool {
    thresholds.contains(where: \.aborts)
      || phases.contains { phase in
        if case .search(let search) = phase.kind { !search.until.isEmpty } else { false }
      }
  }
}

extension PhaseRecord {
  package init(_ phase: Phase) {
    self.init(
      name: phase.name, kind: phase.kind.phaseKind, title: phase.title, planLine: phase.line,
      goal: phase.goal, plannedRate: phase.plannedRate(from: 0))
  }
}

extension Phase {
  /// Messages per second that the phase plans over all of `held` connections; infinite where a pattern's pace is
  /// `unlimited` or `once`, which plans no rate.
  func messageRate(of patterns: [MessagePattern], over held: Int) -> Double {
    patterns.filter { self.patterns.contains($0.name) }.reduce(0) { rate, pattern in
      switch pattern.pace {
      case .every(let interval): rate + Double(held) / (Double(interval) / 1e9)
      case .rate(let own): rate + own
      case .unlimited, .once: .infinity
      }
    }
  }
}

extension Recording {
  /// What is known of a run before its first phase.
  ///
  /// - Parameter started: the wall clock's time, as recordings write it.
  package init(_ prepared: PreparedRun, _ state: RunState, started: String) {
    let plan = prepared.plan
    self.init(planName: plan.name) {
      $0.planFile = plan.file
      $0.planText = plan.text
      $0.effectivePlan = plan.effective
      $0.overrides = plan.settings.sorted { $0.key < $1.key }.map { Fact($0.key, $0.value) }
      $0.attachments = plan.attachments.sorted { $0.key < $1.key }
        .map { Attachment(name: $0.key, content: $0.value) }
      $0.seed = prepared.seed
      $0.programVersion = ProgramVersion.current
      $0.started = started
      $0.complete = false
      $0.hostname = prepared.host.hostname
      $0.host = prepared.host.facts + prepared.addresses.facts
      $0.state = state
      $0.replay = prepared.replay?.record
      $0.prediction = prepared.prediction
    }
  }
}

extension WorkerRecord {
  package init(_ member: Fleet.Member) {
    self.init(
      id: member.id, end: member.end, pid: Int(member.process.id),
      endpoint: member.endpoint.map { "\($0)" })
  }

  /// Updates the most connections that the worker has held and, once it has ended, its processor time and how it
  /// ended.
  package mutating func update(from member: Fleet.Member, in fleet: borrowing Fleet) {
    connections = max(connections, fleet.held(by: member))
    guard let ended = member.ended else { return }
    userTime = ended.time.user
    systemTime = ended.time.system
    timeAtTicks = ended.time.atTicks
    switch ended.ending {
    case .exited(let code): exitCode = Int(code)
    case .killed(let number): signal = Int(number)
    }
  }
}
