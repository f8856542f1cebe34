import Addressing
import Linux
import Messages
import SystemPackage
import Testing
import WorkerLog

@testable import Probe
@testable import Simulation

/// A client, a server or both whose kernel has layers, over one simulated network, in one thread.
final class LayerStage<System: Kernel & ~Copyable> {
  let network: SimulatedNetwork
  // Time waits for every process that there is.
  private(set) lazy var clientProcess = SimulatedProcess(network: network)
  private(set) lazy var serverProcess = SimulatedProcess(network: network)
  let clientBoard: Scoreboard
  let serverBoard: Scoreboard
  private(set) var client: ClientEnd<System>?
  private(set) var server: ServerEnd<System>?
  /// Called after every round.
  var check: (() -> Void)?
  private var orders: UInt64 = 0

  init(_ dials: SimulatedNetwork.Dials = .init()) throws {
    network = SimulatedNetwork(dials)
    clientBoard = try Scoreboard(sources: 1)
    serverBoard = try Scoreboard(sources: 0)
  }

  deinit {
    for process in network.processes { process.exit() }
    clientBoard.unmap()
    serverBoard.unmap()
  }

  /// - Parameter kernel: of a process, with so many descriptors.
  func addServer(
    reply: ServerReply = .echo, readiness: ServerReadiness = .direct, speaksHTTP: Bool = false,
    webSocket: WebSocketTerms? = nil, mqtt: MQTTTerms? = nil, clients: [AddressSpan] = [],
    kernel: (SimulatedProcess, Int) throws -> System
  ) throws {
    server = ServerEnd(
      try Server(
        kernel: kernel(serverProcess, 20_000),
        assignment: ServerAssignment(
          endpoint: .first, backlog: 4096, reply: reply, readiness: readiness,
          speaksHTTP: speaksHTTP, descriptorLimit: 20_000, clients: clients, webSocket: webSocket,
          mqtt: mqtt),
        board: serverBoard))
  }

  /// - Parameters:
  ///   - patterns: are played in phase 1.
  ///   - kernel: of a process, with so many descriptors.
  func addClient(
    _ tasks: [ClientTask], _ patterns: [MessagePattern] = [], timeout: Duration = .seconds(10),
    pushed: [UInt8]? = nil, webSocket: WebSocketTerms? = nil, mqtt: MQTTTerms? = nil,
    kernel: (SimulatedProcess, Int) throws -> System
  ) throws {
    let assignment = ClientAssignment(
      share: WorkerShare(index: 0, count: 1), sources: [.source], ports: PortSet(1024...65535),
      ephemeralPorts: nil, endpoints: [.first], connectTimeout: timeout.nanoseconds, retries: 0,
      tasks: tasks, patterns: patterns,
      patternsOfPhase: tasks.indices.map { $0 == 1 ? Array(patterns.indices) : [] },
      pushed: pushed, webSocket: webSocket, mqtt: mqtt)
    client = ClientEnd(
      try Client(
        kernel: kernel(clientProcess, assignment.capacity + 64), assignment: assignment,
        board: clientBoard))
  }

  func order(_ order: Order, phase: Int = 0) {
    orders += 1
    let command = Scoreboard.Command(
      order: order, phase: phase, start: Instant(nanoseconds: network.now), goal: nil,
      number: orders)
    for board in [clientBoard, serverBoard] { board.post(command) }
    for process in network.processes { process.wake() }
  }

  /// Begins a phase, and has it end.
  func play(phase: Int = 0, sourceLocation: SourceLocation = #_sourceLocation) {
    order(.begin, phase: phase)
    let isSettled = run(for: .seconds(300)) { clientBoard[.settledOrder] == orders }
    #expect(isSettled, "phase \(phase) never settled", sourceLocation: sourceLocation)
  }

  /// Lets virtual time pass until the condition holds; false when it did not by then.
  @discardableResult
  func run(for limit: Duration, until condition: () -> Bool = { false }) -> Bool {
    network.horizon = network.now + limit.nanoseconds
    defer { network.horizon = .max }
    for _ in 0..<200_000 {
      if condition() { return true }
      let isOver = network.now >= network.horizon || network.nextInstant == nil
      if isOver, !network.hasWork(besides: nil) { return condition() }
      _ = server?.end.turn()
      _ = client?.end.turn()
      check?()
    }
    Issue.record("spins")
    return false
  }

  /// A turn of the client's without any time.
  func turnClient() {
    network.horizon = network.now
    _ = client?.end.turn()
    network.horizon = .max
  }

  /// Begins phase 1, whose messages are played: the first one is due at once.
  func playMessages(for time: Duration = .milliseconds(1)) {
    order(.begin, phase: 1)
    run(for: time)
  }

  /// Has a peer say something, as fast as it is taken, and lets it arrive.
  func say(
    _ bytes: [UInt8], by peer: ScriptedPeer, on socket: FileDescriptor,
    for time: Duration = .milliseconds(1)
  ) {
    var rest = bytes[...]
    for _ in 0..<100_000 where !rest.isEmpty {
      if case .moved(let count) = peer.send(socket, rest) { rest = rest.dropFirst(count) }
      run(for: .microseconds(2))
    }
    run(for: time)
  }

  /// Has a peer say something, as fast as it is taken; returns what has come to it meanwhile, and in the time after.
  func talk(
    _ bytes: [UInt8], by peer: ScriptedPeer, on socket: FileDescriptor, for time: Duration
  ) -> [UInt8] {
    var heard: [UInt8] = []
    var rest = bytes[...]
    for _ in 0..<50_000 where !rest.isEmpty {
      if case .moved(let count) = peer.send(socket, rest) { rest = rest.dropFirst(count) }
      run(for: .microseconds(3))
      heard += peer.receive(socket)
    }
    for _ in 0..<Int(time / .milliseconds(1)) {
      run(for: .milliseconds(1))
      heard += peer.receive(socket)
    }
    return heard
  }

  /// Opens three connections, plays the patterns for 2.9 s, whose messages must all come back, and closes all.
  func expectAnswers(to patterns: Int, whileOpen: () -> Void = {}) {
    play()
    #expect(held == 3)
    run(for: .seconds(1))
    #expect(accepted == 3)
    whileOpen()
    playMessages(for: .milliseconds(2900))
    for pattern in 0..<patterns {
      #expect(clientBoard[pattern, .sent] >= 3)
      #expect(clientBoard[pattern, .received] == clientBoard[pattern, .sent])
    }
    #expect(failures == [])
    play(phase: 2)
    run(for: .seconds(1))
    #expect(held == 0)
    #expect(accepted == 0)
    #expect(serverBoard[.failures] == 0)
  }

  /// What became of the messages of a pattern: sent, received, wrong, short, late, missing.
  func outcomes(of pattern: Int = 0) -> [Int] {
    ([.sent, .received, .wrong, .short, .late, .missing] as [MessageCounter])
      .map { Int(clientBoard[pattern, $0]) }
  }

  var held: Int { Int(clientBoard[.held]) }
  var accepted: Int { Int(serverBoard[.held]) }

  /// The calls that failed at the client, each with its errno.
  var failures: [String] {
    clientBoard.failures.rows().map {
      "\($0.call.name) \($0.errno.map { "\($0.rawValue)" } ?? "-") \($0.count)"
    }
  }
}

extension Scoreboard {
  /// The first refusal that is kept of the first two phases.
  var refusal: String? {
    (0...1).lazy.flatMap(refusals.rows).first?.refusal.words
  }
}

final class ClientEnd<System: Kernel & ~Copyable> {
  var end: Client<System>
  init(_ end: consuming Client<System>) { self.end = end }
}

final class ServerEnd<System: Kernel & ~Copyable> {
  var end: Server<System>
  init(_ end: consuming Server<System>) { self.end = end }
}
