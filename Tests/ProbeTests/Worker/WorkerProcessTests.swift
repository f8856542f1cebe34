import Addressing
import Glibc
import Linux
import Messages
import Probe
import SystemPackage
import Testing

@testable import Simulation

/// Workers as the runner starts them: forked, with an address space and a descriptor limit of
/// their own. Only there may the limit be lowered; this process has other tests to run.
@Suite(.tags(.realKernel), .timeLimit(.minutes(10))) struct WorkerProcessTests {
  private static let limit = 60

  private struct Forked {
    let child: ChildProcess
    let board: Scoreboard
    let wakeUp: FileDescriptor
    let attention: FileDescriptor

    /// A worker that has come up. A child of a process with threads may hang on a lock that one
    /// of them held when it was forked: then another one gets its chance.
    static func start(_ role: Worker.Role, sources: Int) throws -> Forked {
      for _ in 0..<3 {
        let worker = try Forked(role, sources: sources)
        let isUp = worker.wait(atMost: .seconds(10)) {
          worker.board[.state] != WorkerState.starting.rawValue
        }
        if isUp { return worker }
        worker.child.signal(SIGKILL)
        _ = worker.end()
      }
      throw Errno.timedOut
    }

    private init(_ role: Worker.Role, sources: Int) throws {
      let board = try Scoreboard(sources: sources)
      let wakeUp = try EventCounter.open()
      let attention = try EventCounter.open()
      child = try ChildProcess.fork(dieWithParent: true) {
        SignalSource.unblockAll()
        alarm(120)
        // Other tests' descriptors go first: there may be more of them than the limit allows.
        let limit = ResourceLimit(soft: WorkerProcessTests.limit, hard: WorkerProcessTests.limit)
        var role = role
        var descriptors = [wakeUp, attention]
        if case .server(let assignment) = role, let pipe = assignment.receivedPipe {
          descriptors.append(pipe)
        }
        guard let kept = try? CurrentProcess.keepOnly(descriptors),
          (try? limit.apply()) != nil
        else { return 2 }
        if case .server(var assignment) = role, assignment.receivedPipe != nil {
          assignment.receivedPipe = kept[2]
          role = .server(assignment)
        }
        return Worker.run(role, board: board, wakeUp: kept[0], attention: kept[1])
      }
      self.board = board
      self.wakeUp = wakeUp
      self.attention = attention
    }

    func order(_ order: Order) {
      board.post(.init(order: order, phase: 0, start: .now(), number: 1))
      EventCounter.signal(wakeUp)
    }

    func wait(atMost limit: Duration = .seconds(30), until condition: () -> Bool) -> Bool {
      let deadline = Instant.now().advanced(by: limit)
      while !condition(), .now() < deadline {
        let soon = Instant.now().advanced(by: .milliseconds(5))
        Poll.waitReadable([attention], until: soon)
        EventCounter.clear(attention)
      }
      return condition()
    }

    /// Ends the child and gives back what it was forked with.
    func end() -> ChildProcess.Ending? {
      order(.quit)
      let ending = child.wait()
      Socket.close(wakeUp)
      Socket.close(attention)
      board.unmap()
      return ending
    }
  }

  /// Somebody to connect to who never accepts, or sockets that connect.
  private func reservedPort(at ip: IPAddress) throws -> (FileDescriptor, SocketAddress) {
    for port in 31_000..<32_000 as Range<UInt16> {
      let socket = try Socket.open(v6: false)
      try Socket.reuseAddress(socket)
      let address = SocketAddress(ip, port)
      if (try? Socket.bind(socket, to: address)) != nil { return (socket, address) }
      Socket.close(socket)
    }
    throw Errno.addressInUse
  }

  @Test func `a client process files the limit that it meets, and holds all that it can`() throws {
    let (listener, endpoint) = try reservedPort(at: .v4(0x7F4D_0101))
    defer { Socket.close(listener) }
    try Socket.listen(listener, backlog: 128)
    let worker = try Forked.start(
      .client(
        ClientAssignment(
          share: WorkerShare(index: 0, count: 1), sources: [endpoint.ip],
          ports: PortSet(20_000...20_299), endpoints: [endpoint], connectTimeout: 5_000_000_000,
          tasks: [.open(goal: 100, rate: nil)])), sources: 1)
    #expect(worker.wait { worker.board[.state] == WorkerState.ready.rawValue })
    worker.order(.begin)
    #expect(worker.wait { worker.board[.settledOrder] == 1 })
    #expect(worker.board[.limited] == 1)
    #expect(worker.board[.held] == UInt64(Self.limit - descriptorsPerWorker))
    let row = try #require(worker.board.failures.rows().first)
    #expect(row.call == .socket)
    #expect(row.errno == .tooManyOpenFiles)
    #expect(row.count == 1)
    #expect(worker.end() == .exited(0))
  }

  @Test func `a server process files the limit that it meets, and goes on when it may`() throws {
    let (reserved, endpoint) = try reservedPort(at: .v4(0x7F4D_0102))
    Socket.close(reserved)
    let worker = try Forked.start(
      .server(
        ServerAssignment(
          endpoint: endpoint, backlog: 128, reply: .echo, readiness: .direct,
          descriptorLimit: Self.limit)), sources: 0)
    #expect(worker.wait { worker.board[.state] == WorkerState.ready.rawValue })
    var sockets: [FileDescriptor] = []
    defer { for socket in sockets { Socket.close(socket) } }
    for _ in 0..<Self.limit {
      let socket = try Socket.open(v6: false)
      sockets.append(socket)
      try Socket.resetOnClose(socket, true)
      try Socket.connect(socket, to: endpoint)
    }
    let capacity = UInt64(Self.limit - descriptorsPerWorker - 1)
    #expect(worker.wait { worker.board[.limited] == 1 })
    #expect(worker.board[.held] == capacity)
    let row = try #require(worker.board.failures.rows().first)
    #expect(row.call == .accept)
    #expect(row.errno == .tooManyOpenFiles)
    #expect(row.held == capacity)

    Socket.close(sockets.removeFirst())
    #expect(worker.wait { worker.board[.opened] == capacity + 1 })
    #expect(worker.board[.held] == capacity)
    #expect(worker.end() == .exited(0))
  }

  @Test func `a worker process that cannot start says what it lacked, and counts it`() throws {
    // Its tables would be larger than an address space.
    let worker = try Forked.start(
      .client(
        ClientAssignment(
          share: WorkerShare(index: 0, count: 1), sources: [.v4(0x7F4D_0106)],
          ports: PortSet(20_000...20_299), endpoints: [SocketAddress(.v4(0x7F4D_0106), 9)],
          connectTimeout: 5_000_000_000, tasks: [.open(goal: 1 << 46, pace: .unpaced)])),
      sources: 1)
    #expect(worker.board[.state] == WorkerState.failed.rawValue)
    #expect(worker.board[.failures] == 1)
    let row = try #require(worker.board.failures.rows().first)
    #expect(row.call == .map)
    #expect(row.errno == .noMemory)
    #expect(row.stopped != nil)
    #expect(worker.end() == .exited(1))
  }

  @Test func `a server process has no descriptor beyond its tables`() throws {
    let (reserved, endpoint) = try reservedPort(at: .v4(0x7F4D_0105))
    Socket.close(reserved)
    let rows = Self.limit / 2
    let worker = try Forked.start(
      .server(
        ServerAssignment(
          endpoint: endpoint, backlog: 128, reply: .echo, readiness: .direct,
          descriptorLimit: rows)), sources: 0)
    var sockets: [FileDescriptor] = []
    defer { for socket in sockets { Socket.close(socket) } }
    for _ in 0..<Self.limit {
      let socket = try Socket.open(v6: false)
      sockets.append(socket)
      try Socket.resetOnClose(socket, true)
      try Socket.connect(socket, to: endpoint)
    }
    #expect(worker.wait { worker.board[.limited] == 1 })
    #expect(worker.board[.held] == UInt64(rows - descriptorsPerWorker - 1))
    let row = try #require(worker.board.failures.rows().first)
    #expect(row.call == .accept)
    #expect(row.errno == .tooManyOpenFiles)
    #expect(worker.end() == .exited(0))
  }

  @Test func `a server process tells through its pipe what it reads`() throws {
    let (reserved, endpoint) = try reservedPort(at: .v4(0x7F4D_0104))
    Socket.close(reserved)
    let pipe = try Pipe.open()
    defer {
      Socket.close(pipe.reading)
      Socket.close(pipe.writing)
    }
    let worker = try Forked.start(
      .server(
        ServerAssignment(
          endpoint: endpoint, backlog: 128, reply: .discard, readiness: .direct,
          descriptorLimit: Self.limit, receivedPipe: pipe.writing)), sources: 0)
    let socket = try Socket.open(v6: false)
    defer { Socket.close(socket) }
    try Socket.resetOnClose(socket, true)
    try Socket.connect(socket, to: endpoint)
    #expect(worker.wait { worker.board[.held] == 1 })
    #expect(Array("hello".utf8).withUnsafeBytes { Socket.send(socket, $0) } == .moved(5))
    var stream: [UInt8] = []
    var frames: [ReceivedFrame] = []
    #expect(
      worker.wait {
        withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 1) { buffer in
          if case .moved(let count) = Pipe.read(pipe.reading, into: buffer) {
            stream += buffer[..<count]
          }
        }
        frames += ReceivedFrame.take(from: &stream)
        return !frames.isEmpty
      })
    #expect(frames.map(\.bytes) == [Array("hello".utf8)])
    #expect(worker.end() == .exited(0))
  }

  @Test func `a server process whose port is taken says so`() throws {
    let (holder, endpoint) = try reservedPort(at: .v4(0x7F4D_0103))
    defer { Socket.close(holder) }
    try Socket.listen(holder, backlog: 1)
    let worker = try Forked.start(
      .server(
        ServerAssignment(
          endpoint: endpoint, backlog: 128, reply: .echo, readiness: .direct,
          descriptorLimit: Self.limit)), sources: 0)
    #expect(worker.wait { worker.board[.state] == WorkerState.failed.rawValue })
    let row = try #require(worker.board.failures.rows().first)
    #expect([.bind, .listen].contains(row.call))
    #expect(row.errno == .addressInUse)
    #expect(worker.end() == .exited(0))
  }
}
