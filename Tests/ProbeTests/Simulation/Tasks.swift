import Probe

/// Tasks as most tests want them: at a rate over all workers, or as fast as it goes.
extension ClientTask {
  static func open(goal: Int, rate: Double?) -> ClientTask {
    .open(goal: goal, pace: Pace(rate))
  }

  static func seek(most: Int, rate: Double?) -> ClientTask {
    .seek(most: most, pace: Pace(rate))
  }

  static func close(rate: Double?, reset: Bool) -> ClientTask {
    .close(pace: Pace(rate), reset: reset)
  }
}

extension ClientTask.Pace {
  fileprivate init(_ rate: Double?) {
    self = rate.map(Self.rate) ?? .unpaced
  }
}
