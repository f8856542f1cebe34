import Messages

extension Plan {
  /// The plan with all its instants closer together, or further apart, those of the built-in server's pushes
  /// included. Timeouts, the delays within a conversation and the time between samples stay as they are.
  ///
  /// - Parameter speed: 2 for twice as fast.
  package func driven(at speed: Double) -> Plan {
    guard speed != 1 else { return self }
    var plan = self
    plan.phases = phases.map { $0.driven(at: speed) }
    plan.patterns = patterns.map { $0.driven(at: speed) }
    if case .push(let every, let bytes)? = plan.server?.reply {
      plan.server?.reply = .push(every: UInt64(max(1, Double(every) / speed)), bytes)
    }
    return plan
  }

  /// The plan from a phase on. A ramp without a pace comes first, and opens the connections that the
  /// phases before had left open.
  ///
  /// - Parameters:
  ///   - phase: the phase's place in the plan, from 0.
  ///   - held: how many connections the phases before had left open; for 0 no ramp is added.
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
