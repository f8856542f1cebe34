import Addressing
import Linux
import Messages
import Probe
import SystemPackage
import Testing

@testable import Simulation

/// Workers of both ends over one simulated network, stepped one after the other in one thread.
final class World {
  let network: SimulatedNetwork
  private(set) var clients: [ClientPlayer] = []
  private(set) var servers: [ServerPlayer] = []
  /// Called after every round.
  var check: (() -> Void)?
  private(set) var rounds = 0
  private var orders: UInt64 = 0
  private var orderedPhase: Int?

  init(_ dials: SimulatedNetwork.Dials = .init(), seed: UInt64 = 0) {
    network = SimulatedNetwork(dials, seed: seed)
  }

  deinit {
    // Two ends of a connection hold each other.
    for process in network.processes { process.exit() }
  }

  var client: ClientPlayer { clients[0] }
  var server: ServerPlayer { servers[0] }
  var now: Instant { Instant(nanoseconds: network.now) }

  /// - Parameters:
  ///   - rows: of its tables, where it has more descriptors than that.
  ///   - prepare: sets the dials of the process before the server starts to listen.
  @discardableResult
  func addServer(
    _ endpoint: SocketAddress = .first, backlog: Int32 = 4096, reply: ServerReply = .echo,
    readiness: ServerReadiness = .direct, speaksHTTP: Bool = false,
    descriptorLimit: Int = 20_000, rows: Int? = nil,
    receivedPipe: FileDescriptor? = nil, clients: [AddressSpan] = [],
    ephemeralPorts: ClosedRange<UInt16>? = nil,
    prepare: (SimulatedProcess) -> Void = { _ in }
  ) throws -> ServerPlayer {
    let process = SimulatedProcess(network: network, descriptorLimit: descriptorLimit)
    prepare(process)
    let assignment = ServerAssignment(
      endpoint: endpoint, backlog: backlog, reply: reply, readiness: readiness,
      speaksHTTP: speaksHTTP, descriptorLimit: rows ?? descriptorLimit, clients: clients,
      ephemeralPorts: ephemeralPorts,
      receivedPipe: receivedPipe)
    let player = try ServerPlayer(process, assignment)
    servers.append(player)
    return player
  }

  @discardableResult
  func addClient(
    _ tasks: [ClientTask], share: WorkerShare = WorkerShare(index: 0, count: 1),
    sources: [IPAddress] = [.source], ports: ClosedRange<UInt16> = 1024...65535,
    ephemeralPorts: ClosedRange<UInt16>? = nil,
    endpoints: [SocketAddress] = [.first], timeout: Duration = .seconds(10), retries: Int = 0,
    descriptorLimit: Int = 20_000, messages: Messages = .none,
    recordedArrivals: [ArrivalCurve?] = [], wakeLead: UInt64 = 0,
    prepare: (SimulatedProcess) -> Void = { _ in }
  ) throws -> ClientPlayer {
    let process = SimulatedProcess(network: network, descriptorLimit: descriptorLimit)
    prepare(process)
    let assignment = ClientAssignment(
      share: share, sources: sources, ports: PortSet(ports),
      ephemeralPorts: ephemeralPorts, endpoints: endpoints,
      connectTimeout: timeout.nanoseconds, retries: retries, tasks: tasks,
      patterns: messages.patterns,
      patternsOfPhase: messages.patternsOfPhase, pushed: messages.pushed, seed: messages.seed,
      recordedArrivals: recordedArrivals, wakeLead: wakeLead)
    let player = try ClientPlayer(process, assignment)
    clients.append(player)
    return player
  }

  // MARK: Orders

  /// Writes an order on every board and wakes the workers, as the coordinator does.
  func order(
    _ order: Order, phase: Int = 0, goal: Int? = nil, after delay: Duration = .zero
  ) {
    orders += 1
    orderedPhase = phase
    let command = Scoreboard.Command(
      order: order, phase: phase, start: now.advanced(by: delay), goal: goal, number: orders)
    for board in clients.map(\.board) + servers.map(\.board) { board.post(command) }
    for process in network.processes { process.wake() }
  }

  func hasSettled(_ phase: Int) -> Bool {
    orderedPhase == phase && clients.allSatisfy { $0.board[.settledOrder] == orders }
  }

  /// Begins a phase and plays it to its end.
  func play(
    phase: Int = 0, within limit: Duration = .seconds(300),
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    order(.begin, phase: phase)
    let settled = run(for: limit, sourceLocation: sourceLocation) { self.hasSettled(phase) }
    #expect(settled, "phase \(phase) never settled", sourceLocation: sourceLocation)
  }

  // MARK: Steps

  /// Lets virtual time pass until the condition holds; false when it did not by then.
  @discardableResult
  func run(
    for limit: Duration, rounds most: Int = 200_000,
    sourceLocation: SourceLocation = #_sourceLocation, until condition: () -> Bool = { false }
  ) -> Bool {
    network.horizon = network.now + limit.nanoseconds
    defer { network.horizon = .max }
    for _ in 0..<most {
      if condition() { return true }
      let isOver = network.now >= network.horizon || network.nextInstant == nil
      if isOver, !network.hasWork(besides: nil) { return condition() }
      if network.processes.allSatisfy(\.isStopped) {
        // Nobody is left whose waiting would let time pass.
        network.advance(to: network.horizon)
      }
      round()
    }
    Issue.record("spins: \(most) rounds were not enough", sourceLocation: sourceLocation)
    return false
  }

  /// One turn of every worker that is not stopped.
  func round() {
    rounds += 1
    for server in servers where !server.process.isStopped { server.turn() }
    for client in clients where !client.process.isStopped { client.turn() }
    check?()
  }
}

/// What clients say in the phases of a test.
struct Messages {
  var patterns: [MessagePattern] = []
  var patternsOfPhase: [[Int]] = []
  var pushed: [UInt8]?
  var seed: UInt64 = 0

  static let none = Messages()
}

extension SocketAddress {
  static let first = SocketAddress(.v4(0x7F00_0001), 9000)
  static let second = SocketAddress(.v4(0x7F00_0001), 9001)
}

extension IPAddress {
  static let source = IPAddress.v4(0x7F00_0002)
}

extension ScriptedPeer {
  /// Connects to the server of most tests.
  func connect(offset: UInt16 = 0) throws -> FileDescriptor {
    try connect(to: .first, offset: offset)
  }
}
