import Recording

/// One step of a plan.
package struct Phase: Sendable, Equatable {
  /// Unique in the plan: the kind, with `-2`, `-3` and so on from the second phase of a kind on.
  package var name: String
  /// Line of the phase in the plan file, from 1.
  package var line: Int
  package var kind: Kind
  /// Names of the message patterns that are played in the phase.
  package var patterns: [String]
  /// The share of the phase's promise that may be missing, 0 to 1.
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

  /// How fast connections are opened or closed.
  package enum Pace: Sendable, Equatable {
    /// As fast as the host can.
    case unpaced
    /// Connections per second.
    case rate(Double)
    /// All of them within this time.
    case over(Duration)
  }

  /// Connections that come and go, on top of the ones that are held.
  package struct Churn: Sendable, Equatable {
    /// New connections per second.
    package var rate: Double
    /// Time from establishment to close of one connection.
    package var lifetime: Duration
    /// How long connections keep arriving.
    package var span: Duration
    /// How each connection is closed.
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
    /// The most connections that the search tries to hold.
    package var most: Int
    package var pace: Pace
    /// How long a number of connections must last to be the ceiling. With conditions (`until`) each step
    /// is watched for a tenth of this, and for a second at least.
    package var confirm: Duration
    /// A step is one too many when any of these conditions holds in it. Empty: only limits end the
    /// search.
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

  /// How connections are closed.
  package enum Close: String, Sendable, CaseIterable {
    /// With RST, which leaves no TIME_WAIT.
    case reset
    case fin
  }
}

extension Phase.Churn {
  /// The most connections of the churn that stand at once.
  package var mostAtOnce: Int {
    Int(min(rate * (min(lifetime, span) / .seconds(1)), 1e12).rounded(.up))
  }
}

extension Phase.Pace {
  var title: String {
    switch self {
    case .unpaced: ""
    case .rate(let rate): " at \(Format.rate(exactly: rate))"
    case .over(let span): " over \(Format.duration(span))"
    }
  }

  /// Connections per second when there are `total` to open; nil when nothing sets the pace.
  package func rate(of total: Int) -> Double? {
    switch self {
    case .unpaced: nil
    case .rate(let rate): rate
    case .over(let duration): Double(total) / max(duration / .seconds(1), 1e-9)
    }
  }

  func driven(at speed: Double) -> Phase.Pace {
    switch self {
    case .unpaced: .unpaced
    case .rate(let rate): .rate(rate * speed)
    case .over(let span): .over(span / speed)
    }
  }

  var yaml: String {
    switch self {
    case .unpaced: ""
    case .rate(let rate): ", rate: \(yamlNumber(rate))/s"
    case .over(let span): ", over: \(span.yaml)"
    }
  }
}
