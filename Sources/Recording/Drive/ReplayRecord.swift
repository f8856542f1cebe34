/// Which recording a run replayed, and how close it came.
package struct ReplayRecord: Sendable, Equatable {
  /// Path of the recording that was driven again.
  package var original: String
  /// When the original run started: UTC, ISO 8601 with milliseconds.
  package var originalStarted: String
  /// 2 for twice as fast.
  package var speed: Double
  /// The phase that the replay began with; nil where it drove all phases.
  package var fromPhase: String?
  /// Nil until the replay has ended.
  package var fidelity: Fidelity?

  package init(
    original: String, originalStarted: String, speed: Double = 1, fromPhase: String? = nil,
    fidelity: Fidelity? = nil
  ) {
    self.original = original
    self.originalStarted = originalStarted
    self.speed = speed
    self.fromPhase = fromPhase
    self.fidelity = fidelity
  }
}

/// How closely a replay drove what its original had driven. Both recordings have instants to the
/// millisecond, so a smaller difference means nothing.
package struct Fidelity: Sendable, Equatable {
  /// Arrivals of the original that were to be driven again.
  package var arrivals: Int
  /// Those of `arrivals` that were never driven.
  package var missed: Int
  /// By how many seconds arrivals were late; nil when none was driven again.
  package var late: Late?
  /// The largest distance in seconds between a percentile of the original's arrivals and the same
  /// percentile of the replay's; 0 where one of them has no arrivals.
  package var furthest: Double
  /// Messages of the original that were to be sent again.
  package var messages: Int
  /// Those of `messages` that were never sent.
  package var messagesMissed: Int

  package struct Late: Sendable, Equatable {
    package var p50: Double
    package var p99: Double
    package var max: Double

    package init(p50: Double, p99: Double, max: Double) {
      self.p50 = p50
      self.p99 = p99
      self.max = max
    }
  }

  package init(
    arrivals: Int, missed: Int, late: Late?, furthest: Double, messages: Int, messagesMissed: Int
  ) {
    self.arrivals = arrivals
    self.missed = missed
    self.late = late
    self.furthest = furthest
    self.messages = messages
    self.messagesMissed = messagesMissed
  }
}
