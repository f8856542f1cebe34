package import Linux
package import Probe
import SystemPackage

/// Workers over one simulated network, stepped one after the other in this thread, and the virtual
/// time that passes while all of them wait.
package final class SimulatedWorkers: WorkerHost, RunClock {
  private final class Member: WorkerProcess {
    let id: Int32
    let process: SimulatedProcess
    /// Nil once it has ended.
    var worker: (any SimulatedWorker)?
    var end: WorkerEnd?
    private(set) var isReaped = false

    init(id: Int32, process: SimulatedProcess) {
      self.id = id
      self.process = process
    }

    /// What its system calls took.
    var processorTime: Double? { isReaped ? nil : seconds }
    private var seconds: Double {
      Double(process.totalCalls) * Double(process.network.dials.costPerCall) / 1e9
    }

    var state: Character? {
      if end != nil { return isReaped ? nil : "Z" }
      return process.isStopped ? "T" : process.isRunnable ? "R" : "S"
    }

    func wake() { process.wake() }
    func kill() { finish(.killed(signal: 9)) }
    func awaitEnd() {}
    func release() {}

    func finish(_ ending: ChildProcess.Ending) {
      guard end == nil else { return }
      worker = nil
      process.exit()
      // SIGCHLD.
      process.callAttention()
      end = WorkerEnd(
        id: id, ending: ending, time: ProcessorTime(user: 0, system: seconds))
    }

    func reap() -> WorkerEnd? {
      guard !isReaped, let end else { return nil }
      isReaped = true
      return end
    }
  }

  /// Something from outside that happens at an instant, counted from the begin of the simulation.
  package struct Event {
    package enum Kind {
      /// To the coordinator.
      case signal(Int32)
      /// The worker at this place is killed, is stopped, or goes on.
      case kill(Int)
      case stop(Int)
      case resume(Int)
    }

    package let at: Duration
    package let kind: Kind

    package init(at: Duration, _ kind: Kind) {
      self.at = at
      self.kind = kind
    }
  }

  package let network: SimulatedNetwork
  private let descriptorLimit: Int
  private let prepare: (Int, SimulatedProcess) -> Void
  private var members: [Member] = []
  /// Soonest first.
  private var events: [Event]
  private let began: UInt64
  private var signals: [Int32] = []
  private var attentionSeen = 0

  /// - Parameters:
  ///   - descriptorLimit: of every worker.
  ///   - events: in any order.
  ///   - prepare: is given each worker's place and process before the worker begins.
  package init(
    network: SimulatedNetwork, descriptorLimit: Int, events: [Event] = [],
    prepare: @escaping (Int, SimulatedProcess) -> Void = { _, _ in }
  ) {
    self.network = network
    self.descriptorLimit = descriptorLimit
    self.prepare = prepare
    began = network.now
    // Two of one instant keep their order.
    self.events = events.enumerated().sorted {
      ($0.element.at, $0.offset) < ($1.element.at, $1.offset)
    }.map(\.element)
  }

  deinit {
    // Two ends of a connection hold each other.
    for process in network.processes { process.exit() }
  }

  // MARK: Workers

  package func start(
    _ role: Worker.Role, board: Scoreboard
  ) throws(ForkFailure) -> any WorkerProcess {
    let process = SimulatedProcess(network: network, descriptorLimit: descriptorLimit)
    prepare(members.count, process)
    let member = Member(id: Int32(1000 + members.count), process: process)
    do throws(WorkerSetupFailure) {
      member.worker =
        switch role {
        case .client(let assignment):
          try SimulatedClient(process, assignment, board: board)
        case .server(let assignment):
          try SimulatedServer(process, assignment, board: board)
        }
    } catch {
      Worker.report(error, on: board, at: now())
      process.callAttention()
      member.finish(.exited(1))
    }
    members.append(member)
    process.wake()
    return member
  }

  package func reapAny() -> WorkerEnd? {
    for member in members {
      if let end = member.reap() { return end }
    }
    return nil
  }

  // MARK: Time

  package func now() -> Instant { Instant(nanoseconds: network.now) }

  package func wait(until instant: Instant) {
    step(to: instant) { isCalled || !signals.isEmpty }
    attentionSeen = attentionCalls
  }

  package func pause(until instant: Instant) { step(to: instant) { false } }

  package func nextSignal() -> Int32? { signals.isEmpty ? nil : signals.removeFirst() }

  package func endProcess(atSignal number: Int, code: Int32) {}

  private var attentionCalls: Int { members.reduce(0) { $0 + $1.process.attentionCalls } }
  private var isCalled: Bool { attentionCalls != attentionSeen }

  /// Rounds in which no time passes: more than any worker has to do at one instant.
  private static let mostRounds = 10_000_000

  /// Lets virtual time pass until the instant, or until something ends the wait.
  private func step(to instant: Instant, _ isOver: () -> Bool) {
    var rounds = 0
    while !isOver(), network.now < instant.nanoseconds {
      let event = events.first.map { began + $0.at.nanoseconds }
      network.horizon = min(instant.nanoseconds, event ?? .max)
      defer { network.horizon = .max }
      if let event, event <= network.now {
        happen(events.removeFirst())
        continue
      }
      if network.hasWork(besides: nil) || network.nextInstant != nil, members.contains(where: isUp)
      {
        let before = network.now
        round()
        rounds = network.now == before ? rounds + 1 : 0
        precondition(rounds < Self.mostRounds, "a simulated worker spins")
      }
      // Nobody is left who waits, so nothing lets time pass but this.
      if !network.hasWork(besides: nil),
        network.nextInstant == nil || !members.contains(where: isUp)
      {
        network.advance(to: network.horizon)
      }
    }
  }

  private func isUp(_ member: Member) -> Bool { member.worker != nil && !member.process.isStopped }

  private func round() {
    for member in members where isUp(member) {
      guard let worker = member.worker, !worker.turn() else { continue }
      member.finish(.exited(0))
    }
  }

  private func happen(_ event: Event) {
    switch event.kind {
    case .signal(let number): signals.append(number)
    case .kill(let place): members[place].kill()
    case .stop(let place): members[place].process.isStopped = true
    case .resume(let place): members[place].process.isStopped = false
    }
  }
}
