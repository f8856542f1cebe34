import Messages

extension Plan {
  /// The same plan with all its instants closer together, or further apart. Timeouts, the delays
  /// within a conversation and the time between samples stay as they are.
  ///
  /// - Parameter speed: 2 for twice as fast.
  package func driven(at speed: Double) -> Plan {
    guard speed != 1 else { return self }
    var plan = self
    plan.phases = phases.map { $0.driven(at: speed) }
    plan.patterns = patterns.map { $0.driven(at: speed) }
    return plan
  }

  /// The plan from a phase on, after a ramp without a pace that opens what was held before it.
  package func resumed(at phase: Int, holding held: Int) -> Plan {
    guard phase > 0 else { return self }
    var plan = self
    plan.phases = Array(phases[phase...])
    if held > 0 {
      plan.phases.insert(
        Phase(name: "catch-up", line: phases[phase].line, kind: .ramp(to: held, pace: .unpaced)),
        at: 0)
    }
    return plan
  }
}

extension Phase {
  fileprivate func driven(at speed: Double) -> Phase {
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
    case .search(var search):
      search.pace = search.pace.driven(at: speed)
      search.confirm /= speed
      phase.kind = .search(search)
    }
    return phase
  }
}

extension Phase.Pace {
  fileprivate func driven(at speed: Double) -> Phase.Pace {
    switch self {
    case .unpaced: .unpaced
    case .rate(let rate): .rate(rate * speed)
    case .over(let span): .over(span / speed)
    }
  }
}

extension MessagePattern {
  fileprivate func driven(at speed: Double) -> MessagePattern {
    var pattern = self
    switch pace {
    case .every(let interval): pattern.pace = .every(UInt64(max(1, Double(interval) / speed)))
    case .rate(let rate): pattern.pace = .rate(rate * speed)
    case .unlimited, .once: break
    }
    return pattern
  }
}
