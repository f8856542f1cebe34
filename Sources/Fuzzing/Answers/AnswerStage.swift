import Addressing
import Linux
import Messages
import Probe
import Simulation
import SystemPackage

/// Plays a scene in virtual time: one client worker with one connection, against a server that does what the
/// scene says.
final class AnswerStage {
  struct Played {
    /// How many messages were sent, received, wrong, short, late, missing (`MessageCounter`).
    var outcomes: [UInt64]
    /// Whether bytes came while no answer was expected.
    var hasUnsolicitedBytes: Bool
    var finding: String?
  }

  private static let endpoint = SocketAddress(.v4(0x7F00_0001), 9000)
  private static let counters: [MessageCounter] = [
    .sent, .received, .wrong, .short, .late, .missing,
  ]

  private let network: SimulatedNetwork
  private let peer: ScriptedPeer
  private let board: Scoreboard
  private let worker: SimulatedClient<SimulatedKernel>
  private var socket: FileDescriptor?
  private var orders: UInt64 = 0
  private var finding: String?

  /// - Parameter pieceSize: the most bytes that the client reads or sends at once.
  static func play(
    _ scene: AnswerScene, _ pattern: MessagePattern, pieceSize: Int
  ) throws -> Played {
    let stage = try AnswerStage(scene, pattern, pieceSize: pieceSize)
    defer { stage.end() }
    stage.order(.begin, phase: 0)
    stage.run(for: 1_000_000_000)
    stage.socket = try stage.peer.accept()
    stage.order(.begin, phase: 1)
    stage.run(for: 1_000_000)
    for event in scene.events where stage.finding == nil { try stage.act(event) }
    stage.order(.begin, phase: 2)
    stage.run(for: 60_000_000_000)
    stage.check(isOver: true)
    return Played(
      outcomes: counters.map { stage.board[0, $0] },
      hasUnsolicitedBytes: stage.board[.unexpectedBytes] > 0, finding: stage.finding)
  }

  private init(_ scene: AnswerScene, _ pattern: MessagePattern, pieceSize: Int) throws {
    network = SimulatedNetwork(
      SimulatedNetwork.Dials(latency: scene.latency, bufferSize: scene.buffer))
    peer = ScriptedPeer(network, at: Self.endpoint)
    try peer.listen()
    board = try Scoreboard(sources: 1)
    let process = SimulatedProcess(network: network, descriptorLimit: 64)
    process.receiveLimit = pieceSize
    process.sendLimit = pieceSize
    worker = try SimulatedClient(
      process,
      ClientAssignment(
        share: WorkerShare(index: 0, count: 1), sources: [.v4(0x7F00_0002)],
        ports: PortSet(1024...2047), endpoints: [Self.endpoint], connectTimeout: 10_000_000_000,
        tasks: [
          .open(goal: 1, pace: .unpaced), .keep, .close(pace: .unpaced, reset: true),
        ],
        patterns: [pattern], patternsOfPhase: [[], [0], []], seed: 1), board: board)
  }

  private func end() {
    worker.process.exit()
    peer.process.exit()
    network.advance(to: network.now + 600_000_000_000)
    board.unmap()
  }

  private func order(_ order: Order, phase: Int) {
    orders += 1
    board.post(
      Scoreboard.Command(
        order: order, phase: phase, start: Instant(nanoseconds: network.now), number: orders))
    worker.process.wake()
  }

  private func act(_ event: AnswerScene.Event) throws {
    switch event {
    case .wait(let time): run(for: time)
    case .settle: order(.settle, phase: 1)
    case .verify: order(.verify, phase: 1)
    case .say, .read, .give, .finish, .close, .reset: try answer(event)
    }
    run(for: 1_000)
  }

  private func answer(_ event: AnswerScene.Event) throws {
    guard let socket else { return }
    switch event {
    case .say(let bytes): _ = peer.send(socket, bytes)
    case .read: _ = peer.receive(socket)
    case .give: _ = peer.send(socket, peer.receive(socket))
    case .finish: peer.finish(socket)
    case .close, .reset:
      var isReset = false
      if case .reset = event { isReset = true }
      try peer.close(socket, reset: isReset)
      self.socket = nil
    case .wait, .settle, .verify: break
    }
  }

  /// Lets virtual time pass. A client that never rests, or that ends, is a finding.
  ///
  /// - Parameter time: nanoseconds.
  private func run(for time: UInt64) {
    network.horizon = network.now + time
    defer { network.horizon = .max }
    var turns = 0
    while network.now < network.horizon && network.nextInstant != nil
      || network.hasWork(besides: nil)
    {
      turns += 1
      guard turns < 1_000_000 else {
        finding = finding ?? "the client never rests"
        return
      }
      guard worker.turn() else {
        finding = finding ?? "the client has ended"
        return
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
    let counts = Self.counters.map { board[0, $0] }
    let over = counts.dropFirst().reduce(0, &+)
    if over > counts[0] || counts[0] - over > 1 {
      finding = "outcomes do not add up: \(counts)"
    } else if isOver, board[.held] != 0 || counts[0] != over {
      finding = "something is left at the end: \(counts), \(board[.held]) held"
    } else if board[.unanswered] > board[.held] {
      finding = "more are unanswered than are held"
    } else if board[.closedByPeer] > 1 || board[.closedAsRecorded] > 1 || board[.established] > 1 {
      finding = "one connection has ended twice"
    }
  }
}
