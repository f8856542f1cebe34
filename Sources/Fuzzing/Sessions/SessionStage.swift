import Addressing
import Coordination
import Linux
import Probe
import Simulation
import SystemPackage
import WorkerLog

/// Plays a scene in virtual time: a client with one connection, a server, and somebody between them who passes on
/// what they say, or says something else.
final class SessionStage {
  struct Played: Equatable {
    /// What became of the client's messages, and what failed at either end.
    var client: [String]
    var server: [String]
    var finding: String?
  }

  /// One of the ends: a worker of the product with a scoreboard and a process of its own.
  private struct Member {
    let board: Scoreboard
    let process: SimulatedProcess
    let worker: any SimulatedWorker

    init(
      _ role: Worker.Role, _ network: SimulatedNetwork, pieceSize: Int
    ) throws {
      board = try Scoreboard(sources: 1)
      process = SimulatedProcess(network: network, descriptorLimit: 64)
      process.receiveLimit = pieceSize
      process.sendLimit = pieceSize
      worker = try role.worker(in: process, board: board)
    }
  }

  private static let middle = SocketAddress(.v4(0x7F00_0001), 9000)
  private static let counters: [MessageCounter] = [
    .sent, .received, .wrong, .short, .late, .missing,
  ]

  private let network = SimulatedNetwork()
  private let peer: ScriptedPeer
  private let client: Member
  private let server: Member
  private let endpoint: SocketAddress
  /// What the peer has of the connection to each end; nil where it has closed it.
  private var toClient: FileDescriptor?
  private var toServer: FileDescriptor?
  private var orders: UInt64 = 0
  private var finding: String?

  /// - Parameters:
  ///   - pieceSize: the most bytes that the client reads or sends at once.
  ///   - serverPieceSize: the same of the server.
  static func play(
    _ scene: SessionScene, pieceSize: Int, serverPieceSize: Int = .max
  ) throws -> Played {
    let stage = try SessionStage(scene, pieceSize: pieceSize, serverPieceSize: serverPieceSize)
    defer { stage.end() }
    try stage.connect()
    if scene.opens { stage.pass(toClient: true, toServer: true, bit: nil) }
    stage.order(.begin, phase: 1)
    stage.run(for: 1_000_000)
    for step in scene.steps where stage.finding == nil {
      try stage.act(step)
      stage.run(for: 1_000)
    }
    try stage.finish()
    return stage.played
  }

  private init(_ scene: SessionScene, pieceSize: Int, serverPieceSize: Int) throws {
    peer = ScriptedPeer(network, at: Self.middle)
    try peer.listen()
    var assigned = scene.session.staffing.clients[0]
    assigned.endpoints = [Self.middle]
    // Who waits awake needs time to pass in its calls, and here none does: pieces would shift everything.
    assigned.wakeLead = 0
    var assignedServer = scene.session.staffing.servers[0]
    assignedServer.descriptorLimit = 64
    // Those from elsewhere are counted apart.
    assignedServer.clients = []
    assignedServer.ephemeralPorts = nil
    endpoint = assignedServer.endpoint
    server = try Member(.server(assignedServer), network, pieceSize: serverPieceSize)
    client = try Member(.client(assigned), network, pieceSize: pieceSize)
  }

  private func end() {
    for process in network.processes { process.exit() }
    network.advance(to: network.now + 600_000_000_000)
    for member in [client, server] { member.board.unmap() }
  }

  private func order(_ order: Order, phase: Int) {
    orders += 1
    for member in [client, server] {
      member.board.post(
        Scoreboard.Command(
          order: order, phase: phase, start: Instant(nanoseconds: network.now), number: orders))
      member.process.wake()
    }
  }

  // MARK: The one in the middle

  private func connect() throws {
    run(for: 1_000)
    order(.begin, phase: 0)
    run(for: 1_000)
    toClient = try peer.accept()
    toServer = try peer.connect(to: endpoint, offset: 1_000)
    run(for: 1_000)
  }

  private func act(_ step: SessionScene.Step) throws {
    switch step {
    case .say(let bytes, let isToServer): say(bytes, isToServer ? toServer : toClient)
    case .pass(let isToClient, let isToServer, let bit):
      pass(toClient: isToClient, toServer: isToServer, bit: bit)
    case .drop:
      for socket in [toClient, toServer] { _ = socket.map(peer.receive) }
    case .wait(let time): run(for: time)
    case .finish(let isClient):
      if let socket = isClient ? toClient : toServer { peer.finish(socket) }
    case .close(let isClient, let resets):
      guard let socket = isClient ? toClient : toServer else { return }
      try peer.close(socket, reset: resets)
      if isClient { toClient = nil } else { toServer = nil }
    }
  }

  /// Says something as fast as it is taken. An end that has room for no more does not hear the rest.
  private func say(_ bytes: [UInt8], _ socket: FileDescriptor?) {
    guard let socket else { return }
    var rest = bytes[...]
    for _ in 0..<100 where !rest.isEmpty {
      if case .moved(let count) = peer.send(socket, rest) { rest = rest.dropFirst(count) }
      run(for: 1_000)
    }
  }

  /// Passes on until nothing more comes.
  private func pass(toClient isToClient: Bool, toServer isToServer: Bool, bit: UInt8?) {
    for _ in 0..<100 {
      var hasPassed = false
      run(for: 1_000)
      for (from, to, isWanted) in [
        (toClient, toServer, isToServer), (toServer, toClient, isToClient),
      ] where isWanted {
        guard let from, let to else { continue }
        var bytes = peer.receive(from)
        if bytes.isEmpty { continue }
        if let bit { bytes[0] ^= 1 << bit }
        say(bytes, to)
        hasPassed = true
      }
      if !hasPassed { return }
    }
  }

  /// Ends everything: first the client closes, then the one in the middle, then both workers end.
  private func finish() throws {
    order(.begin, phase: 2)
    run(for: 60_000_000_000)
    check(isOver: true)
    for socket in [toClient, toServer] { try socket.map { try peer.close($0, reset: false) } }
    run(for: 60_000_000_000)
    guard finding == nil else { return }
    // The server's listener is open as well.
    let left = [client.process.openDescriptors, server.process.openDescriptors - 1]
    if left.contains(where: { $0 != descriptorsPerWorker }) || server.board[.held] != 0 {
      finding = "\(left) descriptors are open, and the server counts \(server.board[.held])"
      return
    }
    order(.quit, phase: 2)
    if client.worker.turn() || server.worker.turn() { finding = "a worker does not end" }
  }

  // MARK: Time

  /// Lets virtual time pass. A worker that never rests, or that ends, is a finding.
  ///
  /// - Parameter time: nanoseconds.
  private func run(for time: UInt64) {
    network.horizon = network.now + time
    defer { network.horizon = .max }
    var turns = 0
    while finding == nil,
      network.now < network.horizon && network.nextInstant != nil
        || network.hasWork(besides: nil)
    {
      turns += 1
      guard turns < 1_000_000 else { return finding = "an end never rests" }
      for member in [server, client] where !member.worker.turn() {
        finding = "an end has ended"
      }
      check(isOver: false)
    }
    network.advance(to: network.horizon)
  }

  /// Checks what must hold between any two turns.
  ///
  /// - Parameter isOver: whether the last phase is over, so that no message and no connection may be left.
  private func check(isOver: Bool) {
    guard finding == nil else { return }
    let board = client.board
    let counts = Self.counters.map { board[0, $0] }
    let over = counts.dropFirst().reduce(0, &+)
    if over > counts[0] || counts[0] - over > 1 {
      finding = "outcomes do not add up: \(counts)"
    } else if isOver, board[.held] != 0 || counts[0] != over {
      finding = "something is left at the end: \(counts), \(board[.held]) held"
    } else if board[.unanswered] > board[.held] {
      finding = "more are unanswered than are held"
    } else if board[.closedByPeer] > 1 || board[.established] > 1 {
      finding = "one connection has ended twice"
    }
  }

  private var played: Played {
    Played(
      client: Self.counters.map { "\(client.board[0, $0])" } + Self.failures(client.board),
      server: Self.failures(server.board), finding: finding)
  }

  /// The calls that failed, each with its errno and its phase, and the words of refusals.
  private static func failures(_ board: Scoreboard) -> [String] {
    let calls = board.failures.rows().map {
      "\($0.call.name) \($0.errno?.rawValue ?? 0) in \($0.phase): \($0.count)"
    }
    let words = (0..<3).flatMap(board.refusals.rows).map { "\($0.refusal.words) × \($0.count)" }
    return calls + words
  }
}
