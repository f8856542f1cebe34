extension Recording {
  /// Throws `Malformed` for a number that no run can come to. A damaged file, or one from a stranger, may have any
  /// number. Code that adds or subtracts relies on this check.
  func refuseImpossible() throws {
    try Possible.instant(duration, "the run's duration")
    for phase in phases {
      let what = "of a phase"
      try Possible.number(phase.planLine, "the line \(what)")
      try Possible.counts([phase.goal, phase.ceiling, phase.dropped], "the goal \(what)")
      try Possible.counts(
        [phase.established, phase.accepted, phase.phantom, phase.failures], "a count \(what)")
      try Possible.instants(
        [phase.started, phase.ended, phase.openedUntil, phase.abortedAt, phase.recovery],
        "an instant \(what)")
      try Possible.rate(phase.plannedRate ?? 0, "the rate \(what)")
      try Possible.counts(
        [phase.promise?.promised, phase.promise?.missed, phase.promise?.lostBeside],
        "the promise \(what)")
      try Possible.instants([phase.promise?.tolerance], "the tolerance \(what)")
    }
    for step in searchSteps {
      try Possible.counts([step.goal, step.held], "a count of a search")
      try Possible.instant(step.at, "the instant of a search")
    }
    for worker in workers {
      let what = "of a worker"
      try Possible.number(worker.id, "the number \(what)")
      try Possible.number(worker.pid, "the process \(what)")
      try Possible.counts([worker.connections], "a count \(what)")
      try Possible.instants([worker.userTime, worker.systemTime], "the time \(what)")
      try Possible.sizes([worker.privateBytes], "the memory \(what)")
      for end in [worker.exitCode, worker.signal] {
        try Possible.number(end ?? 0, "the end \(what)")
      }
    }
    for failure in failures {
      try Possible.counts(
        [failure.count, failure.retried, failure.established, failure.accepted],
        "a count of a failure")
      try Possible.instants([failure.firstInstant, failure.stoppedAt], "the instant of a failure")
      try Possible.number(failure.worker ?? 0, "the worker of a failure")
      try Possible.number(failure.errno?.number ?? 0, "the errno of a failure")
    }
    for limit in limits {
      let what = "of a limit"
      try Possible.counts([limit.count, limit.established, limit.accepted], "a count \(what)")
      try Possible.sizes([limit.now, limit.needed, limit.predicted], "a setting \(what)")
      try Possible.instants([limit.firstInstant, limit.stoppedAt], "the instant \(what)")
      try Possible.number(limit.planLine, "the line \(what)")
      try Possible.number(limit.worker ?? 0, "the worker \(what)")
      try Possible.number(limit.errno?.number ?? 0, "the errno \(what)")
    }
    try Possible.sizes(prediction.map(\.connections), "a prediction")
    for result in thresholds { try Possible.number(result.planLine, "the line of a threshold") }
    for series in series {
      for point in series.points {
        try Possible.instant(point.at, "the instant of a sample")
        try Possible.value(point.value, "a sample")
      }
    }
    for record in drive { try Possible.number(record.worker, "the worker of what was driven") }
    if let replay {
      try Possible.rate(replay.speed, "the speed of a replay")
      let fidelity = replay.fidelity
      try Possible.counts(
        [
          fidelity?.arrivals, fidelity?.missed, fidelity?.messages, fidelity?.messagesMissed,
        ], "a count of a replay")
      try Possible.instants(
        [fidelity?.furthest, fidelity?.late?.p50, fidelity?.late?.p99, fidelity?.late?.max],
        "an instant of a replay")
    }
    for record in distributions {
      // An interval may begin at a negative instant, though the sampler writes none that does.
      try Possible.instants([abs(record.from), record.to], "the interval of a histogram")
      try Possible.counts([Int(clamping: record.distribution.count)], "the count of a histogram")
    }
  }
}

/// The ranges in which the numbers of a run lie.
private enum Possible {
  /// Far more than any host holds, and so few that a sum does not overflow before it has 2^18 terms.
  static let mostCount = 1 << 45
  /// Up to this number, a `Double` has every integer.
  static let mostValue = 0x1p53
  /// Three hundred years, in seconds.
  static let latest = 1e10

  static func counts(_ values: [Int?], _ what: String) throws {
    for case let value? in values where !(0...mostCount).contains(value) {
      throw Malformed(reason: "\(what) cannot be \(value)")
    }
  }

  /// Sizes and settings: any numbers from -1 on, as the kernel says "no bound" with the largest number that there is,
  /// or with -1.
  static func sizes(_ values: [Int?], _ what: String) throws {
    for case let value? in values where value < -1 {
      throw Malformed(reason: "\(what) cannot be \(value)")
    }
  }

  /// A number that counts nothing: a line, a process ID, a worker's number, an exit code, a signal or an errno.
  static func number(_ value: Int, _ what: String) throws {
    guard Int(Int32.min)...Int(Int32.max) ~= value else {
      throw Malformed(reason: "\(what) cannot be \(value)")
    }
  }

  /// The value of a sample.
  static func value(_ value: Double, _ what: String) throws {
    guard value.magnitude <= mostValue else {
      throw Malformed(reason: "\(what) cannot be \(value)")
    }
  }

  /// A rate per second. It may be far above every count: a ramp over a microsecond asks for a
  /// million times its goal.
  static func rate(_ value: Double, _ what: String) throws {
    guard 0...mostValue ~= value else { throw Malformed(reason: "\(what) cannot be \(value)") }
  }

  /// Instants in seconds. Durations, and a promise's tolerance, must lie in the same range.
  static func instants(_ values: [Double?], _ what: String) throws {
    for case let value? in values { try instant(value, what) }
  }

  static func instant(_ value: Double, _ what: String) throws {
    guard 0...latest ~= value else { throw Malformed(reason: "\(what) cannot be \(value)") }
  }
}
