package import Linux
package import Probe
import SystemPackage

/// The workers and the clock of a simulated run. The workers share one simulated network and are
/// stepped one after the other in this thread; virtual time passes in their system calls and while
/// all of them wait.
package final class SimulatedWorkers: WorkerHost, RunClock {
  /// One worker, and the simulated process that it runs in.
  private final class Member: WorkerProcess {
    let id: Int32
    let process: SimulatedProcess
    private let board: Scoreboard
    /// Nil once the process has ended.
    var worker: (any SimulatedWorker)?
    /// How the process ended; nil until then.
    var end: WorkerEnd?
    /// Whether the coordinator has been told of the end.
    private(set) var isReaped = false

    init(id: Int32, process: SimulatedProcess, board: Scoreboard) {
      self.id = id
      self.process = process
      self.board = board
    }

    /// By how many the descriptors that are open differ from those that the worker counts.
    var miscountedDescriptors: Int {
      let held: [Counter] = [.held, .ephemeralHeld, .strangersHeld, .connecting]
      let counted = held.reduce(0) { $0 + Int(board[$1]) }
      let sockets = process.sockets
      let listeners = sockets.count { $0.state == .listening }
      return abs(sockets.count - listeners - counted) + max(0, listeners - 1)
        + max(0, process.openDescriptors - sockets.count - descriptorsPerWorker)
    }

    /// Seconds that the process's system calls have taken; nil once it is reaped.
    var processorTime: Double? { isReaped ? nil : secondsInCalls }
    private var secondsInCalls: Double {
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
      // A real coordinator would get SIGCHLD.
      process.callAttention()
      end = WorkerEnd(
        id: id, ending: ending, time: ProcessorTime(user: 0, system: secondsInCalls))
    }

    func reap() -> WorkerEnd? {
      guard !isReaped, let end else { return nil }
      isReaped = true
      return end
    }
  }

  /// Something that happens to the run from outside.
  package struct Event {
    package enum Kind {
      /// The coordinator gets this signal.
      case signal(Int32)
      /// A worker is killed: the one at this place, in the order in which they were started.
      case kill(Int)
      /// The worker at this place is stopped.
      case stop(Int)
      /// The worker at this place goes on after a stop.
      case resume(Int)
      /// The whole machine is suspended: no process runs for so long, while the clock goes on.
      case suspend(Duration)
    }

    /// When the event happens, since the simulation began.
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
  /// Servers of others, which take part in the run and which the coordinator does not know.
  private var peers: [SimulatedPeer] = []
  /// In the order in which they were started.
  private var members: [Member] = []
  /// The events that have not happened yet, soonest first.
  private var events: [Event]
  /// The network's time, in nanoseconds, at which the simulation began.
  private let began: UInt64
  /// Signals that have come and that the coordinator has not taken yet.
  private var signals: [Int32] = []
  /// How many calls for attention had been made when the last `wait` ended.
  private var attentionSeen = 0

  /// - Parameters:
  ///   - descriptorLimit: how many descriptors each worker may have.
  ///   - events: what is going to happen from outside, in any order.
  ///   - prepare: is given each worker's place and process before the worker begins.
  package init(
    network: SimulatedNetwork, descriptorLimit: Int, events: [Event] = [],
    prepare: @escaping (Int, SimulatedProcess) -> Void = { _, _ in }
  ) {
    self.network = network
    self.descriptorLimit = descriptorLimit
    self.prepare = prepare
    began = network.now
    // Places in the array are compared, too, so that events of one instant keep their order.
    self.events = events.enumerated().sorted {
      ($0.element.at, $0.offset) < ($1.element.at, $1.offset)
    }.map(\.element)
  }

  deinit {
    // The two ends of a connection refer to each other, so only closing them frees them.
    for process in network.processes { process.exit() }
  }

  // MARK: Workers

  /// Has a server of somebody else take part.
  package func add(_ peer: SimulatedPeer) { peers.append(peer) }

  package func start(
    _ role: Worker.Role, board: Scoreboard
  ) throws(ForkFailure) -> any WorkerProcess {
    let process = SimulatedProcess(network: network, descriptorLimit: descriptorLimit)
    prepare(members.count, process)
    let member = Member(id: Int32(1000 + members.count), process: process, board: board)
    do throws(WorkerSetupFailure) {
      member.worker = try role.worker(in: process, board: board)
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

  package func endProcess(afterSignals number: Int, code: Int32) {}

  /// How many calls for attention the workers have made.
  private var attentionCalls: Int { members.reduce(0) { $0 + $1.process.attentionCalls } }
  /// Whether a worker has called for attention since the last `wait`.
  private var isCalled: Bool { attentionCalls != attentionSeen }

  /// The most rounds without any time passing. No worker has so much to do at one instant: where
  /// there are more rounds, a worker spins.
  private static let mostRounds = 10_000_000

  /// Steps the workers and lets virtual time pass, until the instant or until `isOver`.
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
      if network.hasWork(besides: nil) || network.nextInstant != nil, hasAnyoneUp {
        let before = network.now
        round()
        rounds = network.now == before ? rounds + 1 : 0
        precondition(rounds < Self.mostRounds, "a simulated worker spins")
      }
      // No worker lets time pass where none has anything to wait for, or none is up: it passes here.
      if !network.hasWork(besides: nil), network.nextInstant == nil || !hasAnyoneUp {
        network.advance(to: network.horizon)
      }
    }
  }

  /// Whether the worker has neither ended nor been stopped.
  private func isUp(_ member: Member) -> Bool { member.worker != nil && !member.process.isStopped }

  private var hasAnyoneUp: Bool { !peers.isEmpty || members.contains(where: isUp) }

  /// Has each worker that is up, and each peer, take one turn.
  private func round() {
    for member in members where isUp(member) {
      guard let worker = member.worker, !worker.turn() else { continue }
      network.books.miscounted += member.miscountedDescriptors
      member.finish(.exited(0))
    }
    for peer in peers { _ = peer.turn() }
  }

  /// Lets an event happen.
  private func happen(_ event: Event) {
    switch event.kind {
    case .signal(let number): signals.append(number)
    case .kill(let place): members[place].kill()
    case .stop(let place): members[place].process.isStopped = true
    // One that has ended stays so: it would count as work that nobody does.
    case .resume(let place) where members[place].worker != nil:
      members[place].process.isStopped = false
    case .resume: break
    case .suspend(let span): network.advance(to: network.now + span.nanoseconds)
    }
  }
}
