/// One step of a plan.
package struct Phase: Sendable, Equatable {
  /// Unique in the plan: the kind, then `-2`, `-3` for the ones that follow.
  package var name: String
  /// Line of the phase in the plan file, from 1.
  package var line: Int
  package var kind: Kind

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
}
