/// A plan's YAML, small by default: 500 connections, held for a moment, closed.
struct PlanText {
  var goal = "500"
  var server = ""
  /// Someone else's server, instead of the built-in one.
  var target: String?
  var clients = ""
  var phases = ["ramp: {to: \"${goal}\", rate: 10k/s}", "hold: 300ms", "close: reset"]
  var thresholds: [String] = []
  /// More lines at the top.
  var rest: [String] = []

  /// - Parameter sources: other addresses than those of the network.
  func on(_ network: Loopback, sources: String? = nil) -> String {
    var lines = [
      "variables: {goal: \(goal)}",
      target.map { "target: \($0)" }
        ?? "server: {listen: \(network.endpoint)\(server.isEmpty ? "" : ", " + server)}",
      "clients: {sources: \(sources ?? network.sources())\(clients.isEmpty ? "" : ", " + clients)}",
      "phases:",
    ]
    lines += phases.map { "  - \($0)" }
    if !thresholds.isEmpty { lines.append("thresholds:") }
    lines += thresholds.map { "  - \($0)" }
    lines += rest
    lines.append("sampling: {every: 100ms}")
    return lines.joined(separator: "\n") + "\n"
  }
}
