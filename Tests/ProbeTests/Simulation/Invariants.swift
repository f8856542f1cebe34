import Linux
import Probe
import Testing

@testable import Simulation

extension World {
  /// What must hold between any two turns, whatever has failed: the counters agree with each other
  /// and with the descriptors that the processes really hold.
  func expectConsistency(
    goal: Int = .max, _ comment: @autoclosure () -> Comment = "",
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    func expect(_ holds: Bool, _ what: String) {
      if !holds { Issue.record("\(what) \(comment())", sourceLocation: sourceLocation) }
    }
    var inUse = 0
    for client in clients {
      let board = client.board
      inUse += client.held + client.connecting
      expect(client.process.socketCount == client.held + client.connecting, "client leaks")
      expect(board[.established] <= board[.opened], "more established than opened")
      expect(board[.closedByPeer] <= board[.established], "more lost than established")
      let ended =
        board[.closedByPeer] + board[.churned] + board[.closed] + board[.closedAsRecorded]
        + board[.dropped]
      expect(board[.established] == UInt64(client.held) + ended, "an end is lost or counted twice")
      let timeouts = client.failures.reduce(0) {
        $0 + ($1.call == .connectTimeout || $1.errno == .timedOut ? $1.count : 0)
      }
      expect(board[.retried] <= timeouts, "tried again without a timeout")
      let isLimited = board[.limited] > 0
      expect(
        !isLimited || client.failures.contains { UInt64($0.phase) + 1 == board[.limited] },
        "limited without a failure of that phase")
      let bySource = (0..<board.sources).reduce(0) { $0 + Int(board.held(bySource: $1)) }
      expect(bySource == client.held, "sources do not add up")
      let failed = client.failures.reduce(0) { $0 + $1.count }
      expect(failed == board[.failures], "failures do not add up")
      let audit = client.audit
      for pattern in 0..<client.patterns {
        let outcomes = [.received, .wrong, .short, .late, .missing] as [MessageCounter]
        let over = outcomes.reduce(0) { $0 + client.messages($1, of: pattern) }
        expect(
          client.messages(.sent, of: pattern) == over + audit.underWay[pattern],
          "messages of pattern \(pattern) do not add up")
        expect(client.messages(.unsent, of: pattern) >= 0, "more sent than was due")
      }
      expect(board[.unanswered] == audit.unanswered, "unanswered do not add up")
      expect(audit.listsAreRight, "a row is in the wrong list")
    }
    expect(inUse <= goal, "goal exceeded: \(inUse) of \(goal)")
    for server in servers where !server.process.isStopped {
      let board = server.board
      let listeners = board[.state] == WorkerState.ready.rawValue ? 1 : 0
      expect(server.process.socketCount == server.held + listeners, "server leaks")
      expect(
        board[.opened] == UInt64(server.held) + board[.closedByPeer], "server loses count")
      expect(
        board[.limited] == 0
          || server.failures.contains { UInt64($0.phase) + 1 == board[.limited] },
        "limited without a failure of that phase")
      expect(server.held + listeners < server.rows, "more connections than rows")
      let failed = server.failures.reduce(0) { $0 + $1.count }
      expect(failed == board[.failures], "failures do not add up")
    }
  }
}
