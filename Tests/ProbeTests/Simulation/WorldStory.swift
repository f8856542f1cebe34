import Linux
import Probe

@testable import Simulation

extension World {
  /// All that the boards of the workers say now, a line for each of them and for each failure; what is zero
  /// is left out.
  var story: [String] {
    clients.enumerated().flatMap { index, client in
      ["client \(index): \(client.board.story(patterns: client.patterns))"]
        + client.failures.map(Self.line)
    }
      + servers.enumerated().flatMap { index, server in
        ["server \(index): \(server.board.story(patterns: 0))"] + server.failures.map(Self.line)
      }
  }

  private static func line(_ row: FailureTable.Row) -> String {
    "  \(row.call.name) \(row.errno?.rawValue ?? 0) in \(row.phase): \(row.count), again"
      + " \(row.retried), first \(row.first.nanoseconds) held \(row.held), stopped"
      + " \(row.stopped?.nanoseconds ?? 0), at \(row.position.map { "\($0)" } ?? "-")"
  }
}

extension Scoreboard {
  fileprivate func story(patterns: Int) -> String {
    var parts = Counter.allCases.compactMap { self[$0] == 0 ? nil : "\($0) \(self[$0])" }
    for pattern in 0..<patterns {
      let counts = MessageCounter.allCases.compactMap {
        self[pattern, $0] == 0 ? nil : "\($0) \(self[pattern, $0])"
      }
      parts.append("pattern \(pattern) (\(counts.joined(separator: ", ")))")
    }
    for latency in Latency.allCases {
      let counts = counts(of: latency)
      let weight = counts.enumerated().reduce(0 as UInt64) {
        $0 &+ LatencyBuckets.value(at: $1.offset) &* $1.element
      }
      if weight > 0 { parts.append("\(latency) \(counts.reduce(0, +)) of \(weight) ns") }
    }
    let bySource = (0..<sources).map { held(bySource: $0) }
    if sources > 1 { parts.append("by source \(bySource)") }
    if !unasked.isEmpty { parts.append("unasked \(unasked)") }
    return parts.joined(separator: ", ")
  }
}
