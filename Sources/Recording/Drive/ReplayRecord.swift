/// That a run was a replay, of what, and how close it came.
package struct ReplayRecord: Sendable, Equatable {
  /// Path of the recording that was driven again, and the instant at which its run started.
  package var original: String
  package var originalStarted: String
  /// 2 for twice as fast.
  package var speed: Double
  /// The phase that it began with; nil for all of them.
  package var fromPhase: String?
  /// Nil until the end.
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

/// How closely a replay drove what its original had driven. Both know instants to a millisecond.
package struct Fidelity: Sendable, Equatable {
  /// Arrivals of the original that were to be driven again.
  package var arrivals: Int
  /// Those of them that were never driven.
  package var missed: Int
  /// Seconds by which arrivals were driven after their instant; nil when there were none.
  package var late: Late?
  /// The largest distance in time between the two curves of arrivals, in seconds: the most over all percentiles.
  package var furthest: Double
  /// Messages of the original, and those of them that were never sent.
  package var messages: Int
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
