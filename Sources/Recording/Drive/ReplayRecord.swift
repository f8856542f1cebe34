/// Which recording a run replayed, and how closely.
package struct ReplayRecord: Sendable, Equatable {
  /// Path of the recording that was driven again.
  package var original: String
  /// When the original run started: UTC, ISO 8601 with milliseconds.
  package var originalStarted: String
  /// 2 for twice as fast.
  package var speed: Double
  /// The phase that the replay began with; nil where it drove all phases.
  package var fromPhase: String?
  /// Nil while the replay goes on, and where it was cut off.
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

/// How closely a replay drove what its original had driven. Both recordings have the instants of arrivals to the
/// millisecond, so a smaller difference means nothing.
package struct Fidelity: Sendable, Equatable {
  /// Arrivals of the original that were to be driven again.
  package var arrivals: Int
  /// Those of `arrivals` that were never driven.
  package var missed: Int
  /// How late the replay drove arrivals; nil where it drove none of them.
  package var late: Late?
  /// How far apart the curves of arrivals are: the largest difference, over all phases and percentiles, between when the
  /// original and when the replay had driven that share of its arrivals. In seconds; 0 where no phase has arrivals in both.
  package var furthest: Double
  /// Messages of the original that were to be sent again.
  package var messages: Int
  /// Those of `messages` that were never sent.
  package var messagesMissed: Int

  /// Percentiles of the lateness of arrivals, in seconds. An early arrival counts as 0.
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
