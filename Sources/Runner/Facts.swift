import Addressing
import Host
import Linux
import Plan
import Probe
import Recording

// How the facts of one layer are said in the words of the next.

extension Demand {
  init(_ plan: Plan, addresses: Addresses, staffing: Staffing) {
    self.init(
      goal: plan.goal, clientWorkers: plan.clients.processes,
      serverWorkers: plan.server?.processes,
      bothEndsHere: addresses.serverIsHere, sources: staffing.sources.count,
      portsPerSource: plan.clients.ports.count,
      endpoints: staffing.endpoints.count, backlog: plan.server?.backlog,
      memoryGuard: plan.memoryGuard)
    clientOverhead = descriptorsOfAWorker
    // And the listener.
    serverOverhead = descriptorsOfAWorker + 1
  }
}

extension Plan {
  /// Whether something in it is decided while the run goes on.
  var decidesMeanwhile: Bool {
    thresholds.contains(where: \.aborts)
      || phases.contains { phase in
        if case .search(let search) = phase.kind { !search.until.isEmpty } else { false }
      }
  }
}

extension PhaseRecord {
  init(_ phase: Phase) {
    var rate: Double?
    switch phase.kind {
    case .ramp(let goal, let pace): rate = pace.rate(of: goal)
    case .churn(let churn): rate = churn.rate
    default: break
    }
    self.init(
      name: phase.name, kind: phase.kind.word, title: phase.title, planLine: phase.line,
      goal: phase.goal, plannedRate: rate)
  }
}

extension Phase {
  /// Seconds that a phase with a planned end takes.
  var plannedSeconds: Double? {
    switch kind {
    case .hold(let duration), .pause(let duration): duration / .seconds(1)
    case .churn(let churn): churn.span / .seconds(1)
    case .ramp, .search, .close: nil
    }
  }
}

extension WorkerRecord {
  init(_ member: Fleet.Member) {
    self.init(
      id: member.id, end: member.end, pid: Int(member.child.id),
      endpoint: member.endpoint.map { "\($0)" })
  }

  /// Takes what the worker's scoreboard says now, and how it ended if it has.
  mutating func update(from member: Fleet.Member) {
    connections = max(connections, Int(member.board[.held]))
    guard let ended = member.ended else { return }
    userTime = ended.time.user
    systemTime = ended.time.system
    switch ended.ending {
    case .exited(let code): exitCode = Int(code)
    case .killed(let number): signal = Int(number)
    }
  }
}
