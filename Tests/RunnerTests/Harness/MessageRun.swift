import Recording

extension Recording {
  /// What became of a pattern's messages: sent, received, wrong, short, late, missing; -1 where nobody tells.
  func outcomes(of name: String) -> [Int] {
    ([.sent, .received, .wrong, .short, .late, .missing] as [MessageOutcome]).map {
      Int(series(.messages($0, name))?.points.last?.value ?? -1)
    }
  }
}

extension PlanText {
  /// One client process that plays all these messages while it holds its connections, and closes these in order.
  ///
  /// - Parameters:
  ///   - spoken: the plan's `protocol`.
  ///   - hold: how long it plays them.
  static func playing(
    _ messages: [String: String], over spoken: String, target: String?, goal: String = "40",
    hold: String = "1s"
  ) -> PlanText {
    let names = messages.keys.sorted()
    var plan = PlanText(
      goal: goal, target: target, clients: "processes: 1",
      phases: [
        "ramp: {to: \"${goal}\"}",
        "hold: {for: \(hold), messages: [\(names.joined(separator: ", "))]}",
        "close: {with: fin}",
      ])
    plan.rest = ["protocol: \(spoken)", "messages:"]
    plan.rest += messages.sorted { $0.key < $1.key }.map { "  \($0.key): {\($0.value)}" }
    return plan
  }
}
