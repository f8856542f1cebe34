import Linux
import Recording

/// What the user is told about a run at one instant.
package struct ProgressState {
  package var plan: String
  package var phase: String
  /// Seconds since the run started.
  package var elapsed: Double
  /// Seconds since the phase started.
  package var phaseElapsed: Double
  package var goal: Int?
  /// Seconds that the phase is planned to take; nil where its plan does not say.
  package var planned: Double?
  package var established: Int
  /// Nil when the server is someone else's, or its counters do not tell the run's connections from others'.
  package var accepted: Int?
  package var connecting: Int
  package var failures: Int
  /// Nil where the plan has no message patterns.
  package var messages: Messages?
  /// Bytes.
  package var memoryAvailable: Double?
  /// The cause of the limit that the phase has met; nil until it has met one.
  package var limit: String?
}

extension ProgressState {
  package struct Messages {
    package var sent: Int
    package var lost: Int
    /// In seconds, over the last interval between samples in which answers came; nil before the first.
    package var roundTripP99: Double?

    /// "1,200 sent, 0 lost, round trip p99 4.9 ms"
    package var text: String {
      "\(Format.count(sent)) sent, \(Format.count(lost)) lost"
        + (roundTripP99.map { ", round trip p99 \(Format.duration(seconds: $0))" } ?? "")
    }
  }
}

/// Tells the user how the run goes. Whoever implements it writes to standard error, so that standard output
/// holds results alone.
package protocol Progress {
  mutating func phaseChanged(_ state: ProgressState)
  mutating func update(_ state: ProgressState)
  /// A finding that should stand in the log, whatever comes after it.
  mutating func note(_ text: String)
  /// Leaves the terminal as it was found.
  mutating func finish()
}

/// Says nothing.
package struct SilentProgress: Progress {
  package init() {}

  package func phaseChanged(_ state: ProgressState) {}
  package func update(_ state: ProgressState) {}
  package func note(_ text: String) {}
  package func finish() {}
}
