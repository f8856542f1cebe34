package import Recording

/// One step of a plan.
package struct Phase: Sendable, Equatable {
  /// Unique in the plan: the kind, then `-2`, `-3` for the ones that follow.
  package var name: String
  /// Line of the phase in the plan file, from 1.
  package var line: Int
  package var kind: Kind
  /// Names of the patterns that are played in it.
  package var patterns: [String]
  /// The share that may be missing of what it promises.
  package var tolerance: Double

  package init(
    name: String, line: Int, kind: Kind, patterns: [String] = [], tolerance: Double = 0
  ) {
    self.name = name
    self.line = line
    self.kind = kind
    self.patterns = patterns
    self.tolerance = tolerance
  }

  package enum Kind: Sendable, Equatable {
    case ramp(to: Int, pace: Pace)
    case hold(Duration)
    case churn(Churn)
    case search(Search)
    case pause(Duration)
    case close(pace: Pace, with: Close)

    /// The kind without what the plan says of it.
    package var word: PhaseKind {
      switch self {
      case .ramp: .ramp
      case .hold: .hold
      case .churn: .churn
      case .search: .search
      case .pause: .pause
      case .close: .close
      }
    }
  }

  /// How fast connections are opened or closed.
  package enum Pace: Sendable, Equatable {
    /// As fast as the host can.
    case unpaced
    /// A second.
    case rate(Double)
    case over(Duration)
  }

  /// Connections that come and go, on top of the ones that are held.
  package struct Churn: Sendable, Equatable {
    /// New ones a second.
    package var rate: Double
    /// From establishment to the close.
    package var lifetime: Duration
    package var span: Duration
    package var with: Close

    package init(rate: Double, lifetime: Duration, span: Duration, with: Close = .reset) {
      self.rate = rate
      self.lifetime = lifetime
      self.span = span
      self.with = with
    }
  }

  /// Goes up in steps until a limit is met or a condition holds, then finds the most that lasts.
  package struct Search: Sendable, Equatable {
    package var from: Int
    package var step: Int
    /// The search ends here at the latest.
    package var most: Int
    package var pace: Pace
    /// How long a count must last to be the ceiling. With conditions each step is watched for a tenth of
    /// this, and for a second at least.
    package var confirm: Duration
    /// A step is one too many when any of these holds in it. Empty: only limits end the search.
    package var until: [Threshold]

    package init(
      from: Int, step: Int, most: Int, pace: Pace, confirm: Duration, until: [Threshold]
    ) {
      self.from = from
      self.step = step
      self.most = most
      self.pace = pace
      self.confirm = confirm
      self.until = until
    }
  }

  package enum Close: String, Sendable, CaseIterable {
    /// RST: leaves no TIME_WAIT.
    case reset
    case fin
  }

  /// Established connections that the phase asks for; nil where it asks for none. A search asks
  /// for what the host gives.
  package var goal: Int? {
    if case .ramp(let goal, _) = kind { goal } else { nil }
  }

  /// The most connections that the phase holds, where it is not bound to what was there before.
  package var most: Int? {
    switch kind {
    case .ramp(let goal, _): goal
    case .search(let search): search.most
    case .hold, .churn, .pause, .close: nil
    }
  }

  /// The phase as planned, for example "ramp to 1,000,000 at 25,000/s". It never holds a measured
  /// value, so that the histories of a CI server line up.
  package var title: String {
    switch kind {
    case .ramp(let goal, let pace):
      let manner = pace == .unpaced ? " as fast as possible" : pace.title
      return "ramp to \(Format.count(goal))\(manner)"
    case .hold(let span): return "hold for \(Format.duration(span))"
    case .churn(let churn):
      let how = churn.with == .reset ? "" : ", closed with \(churn.with.rawValue)"
      return "churn \(Format.rate(exactly: churn.rate)), \(Format.duration(churn.lifetime)) each, "
        + "for \(Format.duration(churn.span))\(how)"
    case .search(let search):
      let conditions = search.until.map(\.text).joined(separator: " or ")
      return "search from \(Format.count(search.from)) in steps of \(Format.count(search.step))"
        + (conditions.isEmpty ? "" : " until \(conditions)")
    case .pause(let span): return "pause for \(Format.duration(span))"
    case .close(let pace, let with): return "close\(pace.title) with \(with.rawValue)"
    }
  }
}

extension Phase.Churn {
  /// How many of its connections stand at once.
  package var together: Int { Int(min(rate * (lifetime / .seconds(1)), 1e12).rounded(.up)) }
}

extension [Phase] {
  /// For each phase the most connections that may be held at once in it.
  package var demands: [Int] {
    var base = 0
    return map { phase in
      switch phase.kind {
      case .churn(let churn): return base + churn.together
      case .close:
        // Those that it closes are still there when it begins.
        defer { base = 0 }
        return base
      case .ramp, .hold, .search, .pause:
        base = Swift.max(base, phase.most ?? 0)
        return base
      }
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
