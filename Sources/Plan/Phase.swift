import Recording

/// One step of a plan.
package struct Phase: Sendable, Equatable {
  /// Unique in the plan: the kind, then `-2`, `-3` for the ones that follow.
  package var name: String
  /// Line of the phase in the plan file, from 1.
  package var line: Int
  package var kind: Kind

  package init(name: String, line: Int, kind: Kind) {
    self.name = name
    self.line = line
    self.kind = kind
  }

  package enum Kind: Sendable, Equatable {
    case ramp(to: Int, pace: Pace)
    case hold(Duration)
    case pause(Duration)
    case close(pace: Pace, with: Close)
  }

  /// How fast connections are opened or closed.
  package enum Pace: Sendable, Equatable {
    /// As fast as the host can.
    case unpaced
    /// A second.
    case rate(Double)
    case over(Duration)
  }

  package enum Close: String, Sendable, CaseIterable {
    /// RST: leaves no TIME_WAIT.
    case reset
    case fin
  }

  /// Established connections that the phase asks for; nil where it asks for none.
  package var goal: Int? {
    if case .ramp(let goal, _) = kind { goal } else { nil }
  }

  /// The phase as planned, for example "ramp to 1,000,000 at 25,000/s". It never holds a measured
  /// value, so that the histories of a CI server line up.
  package var title: String {
    switch kind {
    case .ramp(let goal, let pace):
      let manner = pace == .unpaced ? " as fast as possible" : pace.title
      return "ramp to \(Format.count(goal))\(manner)"
    case .hold(let span): return "hold for \(Format.duration(span))"
    case .pause(let span): return "pause for \(Format.duration(span))"
    case .close(let pace, let with): return "close\(pace.title) with \(with.rawValue)"
    }
  }
}

extension Phase.Pace {
  fileprivate var title: String {
    switch self {
    case .unpaced: ""
    case .rate(let rate): " at \(Format.rate(exactly: rate))"
    case .over(let span): " over \(Format.duration(span))"
    }
  }
}
