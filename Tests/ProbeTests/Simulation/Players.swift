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

  /// Messages of a pattern whose outcome is open.
  func underWay(of pattern: Int = 0) -> Int {
    (0..<client.connections.firstUnused).count { slot in
      switch client.connections.state(slot) {
      case .sending, .awaiting:
        client.connections.messages.pattern(of: slot) == pattern
          && !client.connections.marks(slot).has(.overdue | .wrong)
      default: false
      }
    }
  }

  /// Connections that want an answer and never got one.
  var unanswered: Int {
    (0..<client.connections.firstUnused).count {
      client.connections.state($0) != .free && client.connections.marks($0).has(.unanswered)
    }
  }

  /// Connections whose answer is kept to be searched.
  var collected: Int { client.conversation.collected.count }

  /// Whether every row is in the one list that belongs to its state.
  var listsAreRight: Bool { client.connections.listsAreRight }
  var failures: [FailureTable.Row] { board.failures.rows() }
}

/// A server worker in a simulated process.
final class ServerPlayer {
  let process: SimulatedProcess
  let board: Scoreboard
  private var server: Server<SimulatedKernel>
  private(set) var hasQuit = false

  init(_ process: SimulatedProcess, _ assignment: ServerAssignment) throws {
    self.process = process
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
