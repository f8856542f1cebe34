import Linux

@testable import Probe
@testable import Simulation

/// A simulated client worker with a scoreboard of its own.
final class ClientPlayer {
  let board: Scoreboard
  let patterns: Int
  private let worker: SimulatedClient<SimulatedKernel>
  private(set) var hasQuit = false

  init(_ process: SimulatedProcess, _ assignment: ClientAssignment) throws {
    patterns = assignment.patterns.count
    board = try Scoreboard(sources: assignment.sources.count)
    worker = try SimulatedClient(process, assignment, board: board)
  }

  deinit { board.unmap() }

  func turn() {
    guard !worker.turn() else { return }
    hasQuit = true
    process.isStopped = true
  }

  var process: SimulatedProcess { worker.process }
  var held: Int { Int(board[.held]) }
  var connecting: Int { Int(board[.connecting]) }

  func messages(_ counter: MessageCounter, of pattern: Int = 0) -> Int {
    Int(board[pattern, counter])
  }

  var audit: TableAudit { TableAudit(worker.client.connections.rows) }
  /// Bytes of answers that were looked at.
  var looks: Int { worker.client.messageEngine.searches.looks }

  var failures: [FailureTable.Row] { board.failures.rows() }
}

/// A simulated server worker with a scoreboard of its own.
final class ServerPlayer {
  let board: Scoreboard
  /// Rows of its tables.
  let rows: Int
  private let worker: SimulatedServer<SimulatedKernel>
  private(set) var hasQuit = false

  init(_ process: SimulatedProcess, _ assignment: ServerAssignment) throws {
    rows = assignment.descriptorLimit
    board = try Scoreboard(sources: 0)
    worker = try SimulatedServer(process, assignment, board: board)
  }

  deinit { board.unmap() }

  func turn() {
    guard !worker.turn() else { return }
    hasQuit = true
    process.isStopped = true
  }

  var process: SimulatedProcess { worker.process }
  var held: Int { Int(board[.held]) }
  /// Bytes that wait until their sockets take them.
  var unsentBytes: Int { worker.server.unsent.values.reduce(0) { $0 + $1.count } }
  var failures: [FailureTable.Row] { board.failures.rows() }
}
