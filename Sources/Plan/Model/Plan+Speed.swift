import Messages

extension Plan {
  /// The plan with other times between its instants: of phases, connections, messages and the built-in
  /// server's pushes. Timeouts, pings, the delays within a conversation, the windows of thresholds and
  /// the time between samples stay as they are.
  ///
  /// - Parameter speed: 2 for twice as fast.
  package func driven(at speed: Double) -> Plan {
    guard speed != 1 else { return self }
    var plan = self
    plan.phases = phases.map { $0.driven(at: speed) }
    plan.clients.reconnect = clients.reconnect?.driven(at: speed)
    plan.patterns = patterns.map { $0.driven(at: speed) }
    if case .push(let every, let bytes)? = plan.server?.reply {
      plan.server?.reply = .push(every: UInt64(max(1, Double(every) / speed)), bytes)
    }
    return plan
  }

  /// The plan without the phases before `phase`. A ramp without a pace takes their place: it opens as
  /// many connections as they had left open.
  ///
  /// - Parameters:
  ///   - phase: index of the first phase that is kept; 0 keeps the plan as it is.
  ///   - held: how many connections the earlier phases had left open; for 0 no ramp is added.
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
