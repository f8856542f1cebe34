package import Addressing
package import Host
package import Linux
package import Probe
package import Recording
package import SystemPackage

/// All workers of a run, seen through their scoreboards.
package struct Fleet: ~Copyable {
  package struct Member {
    /// The worker's number in the recording.
    package let id: Int
    package let end: End
    package let endpoint: SocketAddress?
    package let process: any WorkerProcess
    package let board: Scoreboard
    package var ended: WorkerEnd?
    /// Why the worker was given up and killed; nil for one that was not. `ended` may stay nil all the same: a
    /// process that hangs in a system call dies only when the call ends.
    package var hang: HungWorker?

    package var isAlive: Bool { ended == nil && hang == nil }

    /// Seconds of processor time that the worker has used.
    var processorTime: Double {
      ended.map { $0.time.user + $0.time.system } ?? process.processorTime ?? 0
    }
  }

  package private(set) var members: [Member]
  /// The number of the last order: orders count from 1, without those to quit.
  private var lastOrder: UInt64 = 0
  private var liveness: Liveness
  private let host: any WorkerHost

  /// The system call that kept a worker from being started.
  package struct WorkerNotForked: Error {
    package let call: Start.Call
    package let errno: Errno
    /// Workers that had been started, and were ended again.
    package let started: Int
  }

  /// Starts every worker. Where they are forked, call it before any thread exists, so before the
  /// recording is opened.
  ///
  /// - Parameters:
  ///   - sources: how many source addresses to count connections for, one by one.
  ///   - host: where the workers run.
  package init(
    servers: [ServerAssignment], clients: [ClientAssignment], sources: Int,
    on host: any WorkerHost
  ) throws(WorkerNotForked) {
    var members: [Member] = []
    let roles =
      servers.map { (End.server, Worker.Role.server($0), SocketAddress?($0.endpoint)) }
      + clients.map { (End.client, Worker.Role.client($0), nil) }
    do throws(WorkerNotForked) {
      for (id, (end, role, endpoint)) in roles.enumerated() {
        let board = try Self.board(sources: end == .client ? sources : 0, started: id)
        do throws(ForkFailure) {
          let process = try host.start(role, board: board)
          members.append(
            Member(id: id, end: end, endpoint: endpoint, process: process, board: board))
        } catch {
          board.unmap()
          throw WorkerNotForked(call: Start.Call(error.call), errno: error.errno, started: id)
        }
      }
    } catch {
      for member in members { member.process.kill() }
      for member in members { member.process.awaitEnd() }
      // Releasing gives back descriptors: the report of this failure needs some.
      for member in members {
        member.process.release()
        member.board.unmap()
      }
      throw error
    }
    self.host = host
    liveness = Liveness(workers: members.count)
    self.members = members
  }

  private static func board(sources: Int, started: Int) throws(WorkerNotForked) -> Scoreboard {
    do throws(Errno) {
      return try Scoreboard(sources: sources)
    } catch {
      throw WorkerNotForked(call: .mmap, errno: error, started: started)
    }
  }

  deinit {
    for member in members where member.isAlive {
      member.process.kill()
      member.process.awaitEnd()
    }
    // Nobody waits for a worker that was given up: it has been killed already, and may never end.
    for member in members {
      member.process.release()
      member.board.unmap()
    }
  }

  // MARK: Orders

  package mutating func post(
    _ order: Order, phase: Int, start: Instant, goal: Int? = nil
  ) {
    lastOrder += 1
    let command = Scoreboard.Command(
      order: order, phase: phase, start: start, goal: goal, number: lastOrder)
    for member in members where member.isAlive { post(command, to: member) }
  }

  /// Posts an order with a goal for each worker of its own.
  package mutating func post(
    _ order: Order, phase: Int, start: Instant, goals: (Member) -> Int?
  ) {
    lastOrder += 1
    for member in members where member.isAlive {
      post(
        Scoreboard.Command(
          order: order, phase: phase, start: start, goal: goals(member), number: lastOrder),
        to: member)
    }
  }

  /// Whether every living client has carried out the last order.
  var hasSettled: Bool { all(.client) { $0[.settledOrder] == lastOrder } }

  /// Whether every living client has cut what the last order told it to cut.
  var hasCut: Bool { all(.client) { $0[.cutOrder] == lastOrder } }

  /// Orders all workers to end, and kills those that have not ended within `time`. Two kinds of workers are
  /// killed earlier: one whose process is stopped (state T) after a second, and one that is at rest and has been
  /// silent for too long (`HungWorker`). Sockets of both ends reset on close, so whichever end closes first
  /// leaves no TIME_WAIT.
  ///
  /// - Returns: the indices in `members` of the workers that were given up: killed earlier, or not gone even
  ///   five seconds after they were killed.
  @discardableResult
  package mutating func quit(within time: Duration, by clock: any RunClock) -> [Int] {
    let start = clock.now()
    let deadline = start.advanced(by: time)
    for member in members where member.isAlive {
      post(Scoreboard.Command(order: .quit, phase: 0, start: start), to: member)
    }
    var (silent, looks) = ([Int](), 0)
    while members.contains(where: \.isAlive), clock.now() < deadline {
      // A look that finds ended workers is followed by the next at once, and counts as none.
      if reap().isEmpty {
        clock.pause(until: clock.now().advanced(by: Self.lookEvery))
        looks += 1
      }
      if looks == Self.looksBeforeStoppedAreGivenUp {
        looks += 1
        silent += giveUpStopped()
      }
      // A worker that is ending is silent, too, while the kernel closes its sockets: it runs then, or hangs in
      // the kernel. So only a worker at rest is given up here.
      silent += giveUpHung(at: clock.now()) { HungWorker.isAtRest($0) }
    }
    for member in members where member.isAlive { member.process.kill() }
    // SIGKILL ends a process at once, unless it hangs in the kernel.
    let end = clock.now().advanced(by: .seconds(5))
    while members.contains(where: { $0.ended == nil }), clock.now() < end {
      if reap().isEmpty { clock.pause(until: clock.now().advanced(by: .milliseconds(5))) }
    }
    // Nobody waits for a process that still hangs in the kernel.
    for index in members.indices where members[index].isAlive {
      let state = members[index].process.state
      giveUp(index, HungWorker(state: state, time: .seconds(clock.now().seconds(since: start))))
      silent.append(index)
    }
    return silent
  }

  private static let lookEvery = Duration.milliseconds(5)
  /// After this many looks of `quit`, which take about a second, a stopped worker is given up. `quit` counts its
  /// looks and not the time, because this process may be stopped together with its workers: it takes no look
  /// then, and the workers may go on a moment later than it does.
  private static let looksBeforeStoppedAreGivenUp = 200

  private mutating func giveUpStopped() -> [Int] {
    members.indices.filter { index in
      guard members[index].isAlive else { return false }
      let state = members[index].process.state
      guard HungWorker.isStopped(state) else { return false }
      giveUp(
        index, HungWorker(state: state, time: Self.lookEvery * Self.looksBeforeStoppedAreGivenUp))
      return true
    }
  }

  /// Wakes the workers that rest, and kills those that have been silent for too long. To be called
  /// more often than once per second: one call per second at most does anything.
  ///
  /// - Parameter mayGiveUp: whether a worker whose process is in this state may be killed.
  /// - Returns: the indices in `members` of the workers that were killed.
  package mutating func giveUpHung(
    at now: Instant, _ mayGiveUp: (Character?) -> Bool = { _ in true }
  ) -> [Int] {
    guard liveness.beginLook(at: now) else { return [] }
    var silent: [Int] = []
    for index in members.indices where members[index].isAlive {
      switch liveness.listen(to: index, turns: members[index].board[.turns]) {
      case .turning: break
      case .resting: members[index].process.wake()
      case .silent(let time):
        // The state of the process is read only after the shortest time that any state has.
        guard time >= HungWorker.patience("T") else { continue }
        let state = members[index].process.state
        guard mayGiveUp(state), time >= HungWorker.patience(state) else { continue }
        giveUp(index, HungWorker(state: state, time: time))
        silent.append(index)
      }
    }
    return silent
  }

  /// Whether some worker was woken, has given no sign of life since, and is not given up yet.
  var someAreHung: Bool { liveness.someAreHung }

  private mutating func giveUp(_ index: Int, _ hang: HungWorker) {
    liveness.forget(index)
    members[index].hang = hang
    members[index].process.kill()
  }

  private func post(_ command: Scoreboard.Command, to member: Member) {
    member.board.post(command)
    member.process.wake()
  }

  // MARK: Findings

  /// Notes the workers that have ended since the last call. Returns their indices in `members`, without
  /// those that were given up before.
  package mutating func reap() -> [Int] {
    var ended: [Int] = []
    while let gone = host.reapAny() {
      guard let index = members.firstIndex(where: { $0.process.id == gone.id }) else { continue }
      members[index].ended = gone
      liveness.forget(index)
      if members[index].hang == nil { ended.append(index) }
    }
    return ended
  }

  /// The sum of a counter over the living workers of an end: for counters of what is there now, since a dead
  /// worker holds nothing.
  package func current(_ counter: Counter, _ end: End) -> Int {
    members.reduce(0) { $1.end == end && $1.isAlive ? $0 + Int($1.board[counter]) : $0 }
  }

  /// How many of the clients' connections a worker holds, as far as their addresses and ports tell.
  package func held(by member: Member) -> Int {
    guard member.isAlive else { return 0 }
    let isServer = member.end == .server
    return Int(member.board[.held])
      + (isServer && usesEphemeralPorts ? Int(member.board[.ephemeralHeld]) : 0)
  }

  /// How many of the clients' connections the built-in server holds.
  var heldAtServer: Int {
    current(.held, .server) + (usesEphemeralPorts ? current(.ephemeralHeld, .server) : 0)
  }

  /// How many of the clients' connections the built-in server has accepted since the run started.
  var acceptedByServer: Int {
    total(.opened, .server) + (usesEphemeralPorts ? total(.ephemeral, .server) : 0)
  }

  /// Connections that the built-in server holds and that do not look like the clients': those of other programs and,
  /// behind NAT, the run's own (`knowsOwnConnections`).
  var strangersHeldAtServer: Int {
    current(.strangersHeld, .server) + (usesEphemeralPorts ? 0 : current(.ephemeralHeld, .server))
  }

  /// Whether the built-in server has ever accepted connections that do not look like the clients'; see
  /// `strangersHeldAtServer`.
  var hasHadStrangers: Bool {
    total(.strangers, .server) > 0 || !usesEphemeralPorts && total(.ephemeral, .server) > 0
  }

  /// Whether clients have connected from ephemeral ports, which the kernel gives to other programs as well.
  /// Until they have, a connection from such a port is another program's, even from a client's address.
  var usesEphemeralPorts: Bool { total(.ephemeral, .client) > 0 }

  /// Whether the server's counters tell the run's connections from others'. They do not where clients have
  /// established connections, and all that the server has accepted came from other addresses than theirs. Either
  /// NAT rewrites the clients' addresses on the way, or other programs have taken all that the server can hold.
  var knowsOwnConnections: Bool {
    acceptedByServer > 0 || total(.strangers, .server) == 0 || total(.established, .client) == 0
  }

  /// Forgets which workers a limit has stopped in this phase: they are to open connections again.
  func forgetLimits() {
    for member in members { member.board[.limited] = 0 }
  }

  /// The sum of a counter over all workers of an end, dead ones included.
  package func total(_ counter: Counter, _ end: End) -> Int {
    members.reduce(0) { $1.end == end ? $0 + Int($1.board[counter]) : $0 }
  }

  /// The sum of a pattern's counter over all workers of an end, dead ones included.
  func total(_ pattern: Int, _ counter: MessageCounter, _ end: End) -> Int {
    members.reduce(0) { $1.end == end ? $0 + Int($1.board[pattern, counter]) : $0 }
  }

  /// How long the quickest and the slowest handshake of the run took so far, from the `connect` call on, as exactly as
  /// `LatencyBuckets` tell; nil before the first.
  var handshakeTimes: ClosedRange<Duration>? {
    var counts = [UInt64](repeating: 0, count: LatencyBuckets.count)
    for member in members where member.end == .client {
      member.board.addCounts(of: .connectUncorrected, to: &counts)
    }
    guard let first = counts.firstIndex(where: { $0 > 0 }),
      let last = counts.lastIndex(where: { $0 > 0 })
    else { return nil }
    func time(_ bucket: Int) -> Duration { .nanoseconds(Int64(LatencyBuckets.value(at: bucket))) }
    return time(first)...time(last)
  }

  /// Seconds of processor time that all workers of an end have used.
  func processorTime(of end: End) -> Double {
    members.reduce(0) { $1.end == end ? $0 + $1.processorTime : $0 }
  }

  /// Whether the condition holds for every living worker of an end.
  package func all(_ end: End, _ condition: (Scoreboard) -> Bool) -> Bool {
    members.allSatisfy { $0.end != end || !$0.isAlive || condition($0.board) }
  }

  package func any(_ end: End, _ condition: (Scoreboard) -> Bool) -> Bool {
    members.contains { $0.end == end && $0.isAlive && condition($0.board) }
  }
}

extension Start.Call {
  init(_ call: ForkFailure.Call) {
    self =
      switch call {
      case .eventfd: .eventfd
      case .fork: .fork
      }
  }
}
