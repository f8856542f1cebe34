import Addressing
import Host
import Linux
import Probe
import Recording
import SystemPackage

/// All worker processes of a run, seen through their scoreboards.
struct Fleet: ~Copyable {
  struct Member {
    /// The worker's number in the recording.
    let id: Int
    let end: End
    let endpoint: SocketAddress?
    let child: ChildProcess
    let board: Scoreboard
    let wakeUp: FileDescriptor
    var ended: ChildProcess.Ended?
    /// Why it was given up and killed. One that hangs in the kernel goes only when it leaves it.
    var silence: Silence?

    var isAlive: Bool { ended == nil && silence == nil }

    /// Seconds.
    var processorTime: Double {
      ended.map { $0.time.user + $0.time.system } ?? child.processorTime ?? 0
    }
  }

  private(set) var members: [Member]
  /// Orders that have been posted to all.
  private var orders: UInt64 = 0
  private var liveness: Liveness
  /// Readable when a worker has something that should be looked at before the next tick.
  let attention: FileDescriptor

  /// The system call that kept a worker from being started.
  struct NotStarted: Error {
    let call: Start.Call
    let errno: Errno
    /// Workers that had been started, and were ended again.
    let started: Int
  }

  /// Forks every worker. Call it before any thread exists, so before the recording is opened.
  ///
  /// - Parameter sources: how many source addresses to count connections for.
  init(
    servers: [ServerAssignment], clients: [ClientAssignment], sources: Int
  ) throws(NotStarted) {
    func attempt<Made>(
      _ call: Start.Call, _ started: Int, _ body: () throws(Errno) -> Made
    ) throws(NotStarted) -> Made {
      do throws(Errno) { return try body() } catch {
        throw NotStarted(call: call, errno: error, started: started)
      }
    }
    let attention = try attempt(.eventfd, 0) { () throws(Errno) in try EventCounter.open() }
    var members: [Member] = []
    let roles =
      servers.map { (End.server, Worker.Role.server($0), SocketAddress?($0.endpoint)) }
      + clients.map { (End.client, Worker.Role.client($0), nil) }
    do throws(NotStarted) {
      for (id, (end, role, endpoint)) in roles.enumerated() {
        let board = try attempt(.mmap, id) { () throws(Errno) in
          try Scoreboard(sources: end == .client ? sources : 0)
        }
        let wakeUp = try attempt(.eventfd, id) { () throws(Errno) in try EventCounter.open() }
        let child = try attempt(.fork, id) { () throws(Errno) in
          try ChildProcess.fork(dieWithParent: true) {
            Worker.run(role, board: board, wakeUp: wakeUp, attention: attention)
          }
        }
        members.append(
          Member(
            id: id, end: end, endpoint: endpoint, child: child, board: board, wakeUp: wakeUp))
      }
    } catch {
      for member in members { member.child.signal(9) }
      for member in members { _ = member.child.wait() }
      // Whoever reports it needs a descriptor.
      for member in members { try? member.wakeUp.close() }
      try? attention.close()
      throw error
    }
    self.attention = attention
    liveness = Liveness(workers: members.count)
    self.members = members
  }

  deinit {
    for member in members where member.isAlive {
      member.child.signal(9)
      _ = member.child.wait()
    }
    // One that was given up was killed already, and may never go.
    for member in members {
      Socket.close(member.wakeUp)
      member.board.unmap()
    }
    Socket.close(attention)
  }

  // MARK: Orders

  mutating func post(
    _ order: Order, phase: Int, start: Instant = .now(), goal: Int? = nil
  ) {
    orders += 1
    let command = Scoreboard.Command(
      order: order, phase: phase, start: start, goal: goal, number: orders)
    for member in members where member.isAlive { post(command, to: member) }
  }

  /// Whether every living client has carried out the last order.
  var hasSettled: Bool { all(.client) { $0[.settledOrder] == orders } }

  /// Ends all workers in order; whoever has not gone by the deadline is killed, and one that is
  /// stopped or silent at once. Sockets of both ends reset on close, so whichever is first leaves no
  /// TIME_WAIT.
  ///
  /// - Returns: the places of those that had to be given up.
  @discardableResult
  mutating func quit(until deadline: Instant) -> [Int] {
    for member in members where member.isAlive {
      post(Scoreboard.Command(order: .quit, phase: 0, start: .now()), to: member)
    }
    var silent: [Int] = []
    for index in members.indices where members[index].isAlive {
      let state = members[index].child.state
      guard Silence.isStopped(state) else { continue }
      giveUp(index, Silence(state: state, time: .zero))
      silent.append(index)
    }
    while members.contains(where: \.isAlive), Instant.now() < deadline {
      if reap().isEmpty { Poll.waitReadable([], until: .now().advanced(by: .milliseconds(5))) }
      // The kernel closes the sockets of one that ends, which takes its time: it runs, or hangs in
      // the kernel, and turns no more.
      silent += giveUpSilent { Silence.isAtRest($0) }
    }
    for member in members where member.isAlive { member.child.signal(9) }
    // SIGKILL works at once, but on a process that hangs in the kernel.
    let end = Instant.now().advanced(by: .seconds(5))
    while members.contains(where: { $0.ended == nil }), Instant.now() < end {
      if reap().isEmpty { Poll.waitReadable([], until: .now().advanced(by: .milliseconds(5))) }
    }
    return silent
  }

  /// Wakes the workers that rest, and kills those that have not answered for too long; returns their
  /// places. To be called often: it does something once a second.
  ///
  /// - Parameter may: whether a worker whose process is in this state may be given up.
  mutating func giveUpSilent(_ may: (Character?) -> Bool = { _ in true }) -> [Int] {
    guard liveness.begin(at: .now()) else { return [] }
    var silent: [Int] = []
    for index in members.indices where members[index].isAlive {
      switch liveness.listen(to: index, turns: members[index].board[.turns]) {
      case .turning: break
      case .resting: EventCounter.signal(members[index].wakeUp)
      case .silent(let time):
        guard time >= Silence.patience("T") else { continue }
        let state = members[index].child.state
        guard may(state), time >= Silence.patience(state) else { continue }
        giveUp(index, Silence(state: state, time: time))
        silent.append(index)
      }
    }
    return silent
  }

  private mutating func giveUp(_ index: Int, _ silence: Silence) {
    members[index].silence = silence
    members[index].child.signal(9)
  }

  private func post(_ command: Scoreboard.Command, to member: Member) {
    member.board.post(command)
    EventCounter.signal(member.wakeUp)
  }

  // MARK: Findings

  /// Notes the workers that have ended since the last call and returns their places, but for those
  /// that were given up before.
  mutating func reap() -> [Int] {
    var ended: [Int] = []
    while let gone = ChildProcess.reapAny() {
      guard let index = members.firstIndex(where: { $0.child == gone.child }) else { continue }
      members[index].ended = gone
      if members[index].silence == nil { ended.append(index) }
    }
    return ended
  }

  /// The sum of a counter over the living workers of an end, since a dead one holds nothing.
  func now(_ counter: Counter, _ end: End) -> Int {
    members.reduce(0) { $1.end == end && $1.isAlive ? $0 + Int($1.board[counter]) : $0 }
  }

  /// The sum of a counter over all workers that an end ever had.
  func total(_ counter: Counter, _ end: End) -> Int {
    members.reduce(0) { $1.end == end ? $0 + Int($1.board[counter]) : $0 }
  }

  /// The sum over all workers of what became of one pattern's messages.
  func total(_ pattern: Int, _ counter: MessageCounter, _ end: End) -> Int {
    members.reduce(0) { $1.end == end ? $0 + Int($1.board[pattern, counter]) : $0 }
  }

  /// Seconds that all workers of an end have used.
  func processorTime(of end: End) -> Double {
    members.reduce(0) { $1.end == end ? $0 + $1.processorTime : $0 }
  }

  /// Whether every living worker of an end is in this state or has settled this phase.
  func all(_ end: End, _ condition: (Scoreboard) -> Bool) -> Bool {
    members.allSatisfy { $0.end != end || !$0.isAlive || condition($0.board) }
  }

  func any(_ end: End, _ condition: (Scoreboard) -> Bool) -> Bool {
    members.contains { $0.end == end && $0.isAlive && condition($0.board) }
  }
}
