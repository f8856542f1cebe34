import Linux
import SystemPackage

@testable import Probe

/// A client worker in a simulated process.
final class ClientPlayer {
  let process: SimulatedProcess
  let board: Scoreboard
  let patterns: Int
  private var client: Client<SimulatedKernel>
  private(set) var hasQuit = false

  init(_ process: SimulatedProcess, _ assignment: ClientAssignment) throws {
    self.process = process
    patterns = assignment.patterns.count
    board = try Scoreboard(sources: assignment.sources.count)
    client = try Client(
      kernel: SimulatedKernel(process: process), assignment: assignment, board: board)
  }

  deinit { board.unmap() }

  func turn() {
    if !client.turn() { quit() }
  }

  private func quit() {
    hasQuit = true
    process.isStopped = true
  }

  var held: Int { Int(board[.held]) }
  var connecting: Int { Int(board[.connecting]) }

  func messages(_ counter: MessageCounter, of pattern: Int = 0) -> Int {
    Int(board[pattern, counter])
  }

  var audit: TableAudit { TableAudit(client.connections) }
  /// Bytes of answers that were looked at.
  var looks: Int { client.conversation.searches.looks }

  var failures: [FailureTable.Row] { board.failures.rows() }
}

/// A server worker in a simulated process.
final class ServerPlayer {
  let process: SimulatedProcess
  let board: Scoreboard
  /// Rows of its tables.
  let rows: Int
  private var server: Server<SimulatedKernel>
  private(set) var hasQuit = false

  init(_ process: SimulatedProcess, _ assignment: ServerAssignment) throws {
    self.process = process
    rows = assignment.descriptorLimit
    board = try Scoreboard(sources: 0)
    server = try Server(
      kernel: SimulatedKernel(process: process), assignment: assignment, board: board)
  }

  deinit { board.unmap() }

  func turn() {
    if !server.turn() {
      hasQuit = true
      process.isStopped = true
    }
  }

  var held: Int { Int(board[.held]) }
  var failures: [FailureTable.Row] { board.failures.rows() }
}
