import Recording

/// One step of a plan.
package struct Phase: Sendable, Equatable {
  /// Unique in the plan: the kind, with `-2`, `-3` and so on from the second phase of a kind on. The
  /// phase that `Plan.resumed(at:holding:)` adds is called `catch-up`.
  package var name: String
  /// Line of the phase in the plan file, from 1; for a phase of an included file, the line of the
  /// include.
  package var line: Int
  package var kind: Kind
  /// Names of the message patterns that are played in the phase.
  package var patterns: [String]
  /// The share that may be missing of what the phase promises (docs/verdict.md), 0 to 1.
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
    /// Evenly over this time, however many there are.
    case over(Duration)
  }

  /// Connections that come and go, on top of the ones that are held.
  package struct Churn: Sendable, Equatable {
    /// New connections per second.
    package var rate: Double
    /// Time from establishment to close of one connection.
    package var lifetime: Duration
    /// How long new connections are opened; the last ones are closed a `lifetime` later.
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

  /// Cuts a part of what is held at once, and has it come back.
  package struct Storm: Sendable, Equatable {
    /// How much of what is held is cut.
    package enum Drop: Sendable, Equatable {
      /// 0 to 1, rounded up to whole connections.
      case share(Double)
      case count(Int)
    }

    package var drop: Drop
    package var with: Close
    package var reconnect: Reconnect
    /// The share of what was held before that is to be there again, above 0 to 1.
    package var until: Double
    /// From the cut on.
    package var within: Duration

    package init(
      drop: Drop, with: Close = .reset, reconnect: Reconnect = Reconnect(), until: Double = 0.99,
      within: Duration
    ) {
      self.drop = drop
      self.with = with
      self.reconnect = reconnect
      self.until = until
      self.within = within
    }
  }

  /// A search for the most connections that last. It opens connections in steps until a limit is met,
  /// a condition holds or `most` is reached, and then confirms a number.
  package struct Search: Sendable, Equatable {
    /// The connections of the first step.
    package var from: Int
    /// How many more connections each further step has.
    package var step: Int
    /// The most connections that the search tries to hold.
    package var most: Int
    /// Whether `most` stands: the plan says `to`, or the host's addresses have been looked up. Else it is a bound
    /// that the host may lower.
    package var hasEnd: Bool
    /// How fast each step opens its connections.
    package var pace: Pace
    /// How long a number of connections must last for the search to find it. With conditions (`until`)
    /// each step is watched for a tenth of this time, and for a second at least.
    package var confirm: Duration
    /// A step is one too many when any of these conditions holds in it. Empty: only a limit or `most`
    /// ends the search.
    package var until: [Threshold]

    package init(
      from: Int, step: Int, most: Int, hasEnd: Bool = true, pace: Pace, confirm: Duration,
      until: [Threshold]
    ) {
      self.from = from
      self.step = step
      self.most = most
      self.hasEnd = hasEnd
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
    // Bounded as counts in plans are (`Units.mostCount`), so that the product fits an `Int`.
    Int(min(rate * (min(lifetime, span) / .seconds(1)), 1e12).rounded(.up))
  }
}

extension Phase.Storm {
  /// How many of the connections held are cut.
  package func cut(of held: Int) -> Int {
    switch drop {
    case .share(let share): min(held, Int((share * Double(held) - 1e-9).rounded(.up)))
    case .count(let count): min(held, count)
    }
  }

  /// How many of the connections that were held are to be there again.
  package func target(of held: Int) -> Int {
    min(held, Int((until * Double(held) - 1e-9).rounded(.up)))
  }
}

extension Phase.Storm.Drop {
  /// "50%" or "20k", as plans write it.
  var yaml: String {
    switch self {
    case .share(let share): "\(yamlNumber(share, shiftedBy: 2))%"
    case .count(let count): "\(count)"
    }
  }

  var title: String {
    switch self {
    case .share: yaml
    case .count(let count): "\(Format.count(count)) connections"
    }
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

  /// Connections per second when there are `total` to open or close; nil for as fast as the host can.
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
