package import Recording

// The parts of a phase that differ from kind to kind: title, figures, YAML. What is fixed for a kind,
// whatever its figures, is in `PhaseKind`; `Reader+PhaseKinds` reads each kind.

extension Phase {
  package enum Kind: Sendable, Equatable {
    case ramp(to: Int, pace: Pace)
    case hold(Duration)
    case churn(Churn)
    case storm(Storm)
    case search(Search)
    case pause(Duration)
    case close(pace: Pace, with: Close)

    /// The kind alone, without the figures that the plan gives.
    package var phaseKind: PhaseKind {
      switch self {
      case .ramp: .ramp
      case .hold: .hold
      case .churn: .churn
      case .storm: .storm
      case .search: .search
      case .pause: .pause
      case .close: .close
      }
    }
  }

  /// How many established connections a ramp asks for; nil for other phases. A search asks for no
  /// number: it finds one.
  package var goal: Int? {
    if case .ramp(let goal, _) = kind { goal } else { nil }
  }

  /// The most connections that a ramp or a search may hold; nil for other phases.
  package var most: Int? {
    switch kind {
    case .ramp(let goal, _): goal
    case .search(let search): search.most
    case .hold, .churn, .storm, .pause, .close: nil
    }
  }

  /// The phase as planned, for example "ramp to 1,000,000 at 25,000/s". A title has no measured
  /// value: a CI server follows a phase from run to run by its title.
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
    case .storm(let storm):
      return "storm that cuts \(storm.drop.title) with \(storm.with.rawValue), "
        + "\(yamlNumber(storm.until, shiftedBy: 2))% back within \(Format.duration(storm.within))"
    case .search(let search):
      let conditions = search.until.map(\.text).joined(separator: " or ")
      return "search from \(Format.count(search.from)) in steps of \(Format.count(search.step))"
        + (conditions.isEmpty ? "" : " until \(conditions)")
    case .pause(let span): return "pause for \(Format.duration(span))"
    case .close(let pace, let with): return "close\(pace.title) with \(with.rawValue)"
    }
  }

  /// The fewest connections that are planned to stand when the phase has ended: the goal of a ramp,
  /// or the number that a search begins with (it may find a lower one). Nil for other phases.
  var least: Int? {
    if case .search(let search) = kind { search.from } else { goal }
  }

  /// Connections per second that a ramp or a churn opens when `held` connections are held at its
  /// start. Nil where the plan sets no pace, and for other phases: a search has a pace, but opens
  /// connections only in steps.
  package func plannedRate(from held: Int) -> Double? {
    switch kind {
    case .ramp(let goal, let pace): pace.rate(of: max(0, goal - held))
    case .churn(let churn): churn.rate
    case .hold, .storm, .search, .pause, .close: nil
    }
  }

  /// For how long messages become due in the phase. Nil where the plan does not say how long the phase
  /// lasts, and for phases that play no messages.
  package var messageSpan: Duration? {
    switch kind {
    case .hold(let span): span
    case .churn(let churn): churn.span
    case .ramp, .storm, .search, .pause, .close: nil
    }
  }

  /// The most connections per second that the phase may want to open; infinite for as fast as the
  /// host can. Where the pace is a time (`over`), this assumes that nothing is held at the start.
  package var connectionsPerSecond: Double {
    switch kind {
    case .ramp(let goal, let pace): pace.rate(of: goal) ?? .infinity
    case .search(let search): search.pace.rate(of: max(search.from, search.step)) ?? .infinity
    case .churn(let churn): churn.rate
    case .hold, .storm, .pause, .close: 0
    }
  }

  /// Seconds that a hold or a pause takes, or for which a churn opens connections: a churn ends only
  /// when its last connections are closed. Nil where the plan does not fix such a time.
  package var plannedSeconds: Double? {
    switch kind {
    case .hold(let duration), .pause(let duration): duration / .seconds(1)
    case .churn(let churn): churn.span / .seconds(1)
    case .ramp, .storm, .search, .close: nil
    }
  }

  /// Seconds from the start of a ramp or a churn until its last connection is due to be opened. Nil
  /// for a ramp without a pace, and for other phases.
  ///
  /// - Parameters:
  ///   - held: connections that are held at the start.
  ///   - rate: connections per second, as `plannedRate(from:)` gave them at the start.
  package func secondsToLastArrival(holding held: Int, at rate: Double?) -> Double? {
    switch kind {
    case .churn: return plannedSeconds
    case .ramp(let goal, _):
      guard let rate, rate > 0 else { return nil }
      return Double(max(0, goal - held)) / rate
    case .hold, .storm, .search, .pause, .close: return nil
    }
  }

  /// The phase with the goal and the rate that its record has. In a merged recording these are the
  /// sums over all shards that open connections.
  package func sized(as record: PhaseRecord) -> Phase {
    var phase = self
    switch kind {
    case .ramp(let goal, let pace):
      let recorded =
        if case .rate(let rate) = pace { Pace.rate(record.plannedRate ?? rate) } else { pace }
      phase.kind = .ramp(to: record.goal ?? goal, pace: recorded)
    case .churn(var churn):
      churn.rate = record.plannedRate ?? churn.rate
      phase.kind = .churn(churn)
    case .hold, .storm, .search, .pause, .close: break
    }
    return phase
  }

  /// The phase at another speed; `Plan.driven(at:)` says what that changes.
  func driven(at speed: Double) -> Phase {
    var phase = self
    switch kind {
    case .ramp(let goal, let pace): phase.kind = .ramp(to: goal, pace: pace.driven(at: speed))
    case .hold(let span): phase.kind = .hold(span / speed)
    case .pause(let span): phase.kind = .pause(span / speed)
    case .close(let pace, let with):
      phase.kind = .close(pace: pace.driven(at: speed), with: with)
    case .churn(var churn):
      churn.rate *= speed
      churn.lifetime /= speed
      churn.span /= speed
      phase.kind = .churn(churn)
    case .storm(var storm):
      storm.reconnect = storm.reconnect.driven(at: speed)
      storm.within /= speed
      phase.kind = .storm(storm)
    case .search(var search):
      search.pace = search.pace.driven(at: speed)
      search.confirm /= speed
      phase.kind = .search(search)
    }
    return phase
  }

  /// The phase as an item of a plan's `phases`, without its thresholds: a plan that was read has them
  /// among its own.
  ///
  /// - Parameter planTolerance: the plan's `tolerate`, which counts for phases that have none.
  func yaml(tolerating planTolerance: Double) -> String {
    let tolerated =
      kind.phaseKind.tolerates && tolerance != planTolerance
      ? ", tolerate: \(yamlNumber(tolerance, shiftedBy: 2))%" : ""
    let lastKeys =
      tolerated
      + (patterns.isEmpty
        ? "" : ", messages: [\(patterns.map(yamlScalar).joined(separator: ", "))]")
    return switch kind {
    case .ramp(let goal, let pace): "ramp: {to: \(goal)\(pace.yaml)\(lastKeys)}"
    case .hold(let span): "hold: {for: \(span.yaml)\(lastKeys)}"
    case .churn(let churn):
      "churn: {rate: \(yamlNumber(churn.rate))/s, lifetime: \(churn.lifetime.yaml), "
        + "for: \(churn.span.yaml), with: \(churn.with.rawValue)\(lastKeys)}"
    case .storm(let storm): "storm: {\(storm.yaml)\(lastKeys)}"
    case .search(let search): "search: {\(search.yaml)\(lastKeys)}"
    case .pause(let span): "pause: \(span.yaml)"
    case .close(let pace, let with): "close: {with: \(with.rawValue)\(pace.yaml)\(lastKeys)}"
    }
  }
}

extension Phase.Storm {
  fileprivate var yaml: String {
    "drop: \(drop.yaml), with: \(with.rawValue), \(reconnect.yaml), "
      + "until: \(yamlNumber(until, shiftedBy: 2))%, within: \(within.yaml)"
  }
}

extension Phase.Search {
  fileprivate var yaml: String {
    let conditions = until.map { yamlScalar($0.text) }.joined(separator: ", ")
    let end = hasEnd ? ", to: \(most)" : ""
    return "from: \(from), step: \(step)\(end)\(pace.yaml), confirm: \(confirm.yaml)"
      + (until.isEmpty ? "" : ", until: [\(conditions)]")
  }
}

extension [Phase] {
  /// For each phase, the most connections that may be held at once in it.
  package var demands: [Int] {
    // The most connections that the earlier phases may leave open.
    var leftOpen = 0
    return map { phase in
      switch phase.kind {
      case .churn(let churn): return leftOpen + churn.mostAtOnce
      case .close:
        // The connections that a close ends are still held when it begins.
        defer { leftOpen = 0 }
        return leftOpen
      case .ramp, .hold, .storm, .search, .pause:
        leftOpen = Swift.max(leftOpen, phase.most ?? 0)
        return leftOpen
      }
    }
  }
}
