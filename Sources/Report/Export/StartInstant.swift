import FoundationEssentials
import Recording

extension Recording {
  /// Seconds since 1970 at which the run started; 0 where the recording does not say.
  var epoch: Double {
    let style = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
    guard let date = try? style.parse(started) else { return 0 }
    return (date.timeIntervalSince1970 * 1000).rounded() / 1000
  }
}

extension Double {
  /// Whether the value may be seconds since a run started. A damaged recording may hold any number,
  /// and three centuries are enough.
  var isInstant: Bool { (0...1e10).contains(self) }
}
