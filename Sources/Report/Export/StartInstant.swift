import FoundationEssentials
import Recording

extension Recording {
  /// When the run started, in seconds since 1970; 0 where the recording does not say.
  var epoch: Double {
    let style = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
    guard let date = try? style.parse(started) else { return 0 }
    return (date.timeIntervalSince1970 * 1000).rounded() / 1000
  }
}

extension Double {
  /// Whether the value may be an instant, in seconds since the run started: from 0 to three
  /// centuries. A damaged recording may hold any number.
  var isInstant: Bool { (0...1e10).contains(self) }
}
