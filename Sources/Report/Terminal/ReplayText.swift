import Recording

extension ReplayRecord {
  /// Which recording was replayed, how fast, and from which phase on:
  /// "reports/quick/run.recording of 2026-01-02T03:04:05.678Z at 2x, from hold".
  var source: String {
    let pace = speed == 1 ? "" : " at \(Format.short(speed, 2))x"
    let phase = fromPhase.map { ", from \($0)" } ?? ""
    return "\(original) of \(originalStarted)\(pace)\(phase)"
  }
}

extension Fidelity {
  /// How many arrivals were to be driven again, how late they came, how far the curves of both runs
  /// are apart, and how many arrivals were missed. Then the same counts of messages, if there are
  /// any.
  var parts: [String] {
    var parts = ["\(Format.count(arrivals)) arrivals"]
    if let late {
      parts += [("p50", late.p50), ("p99", late.p99), ("max", late.max)].map { name, seconds in
        "\(name) \(Format.duration(seconds: seconds)) late"
      }
      parts.append("curves within \(Format.duration(seconds: furthest))")
    }
    parts.append("\(Format.count(missed)) missed")
    if messages > 0 {
      parts.append(
        "\(Format.count(messages)) messages, \(Format.count(messagesMissed)) missed")
    }
    return parts
  }
}
