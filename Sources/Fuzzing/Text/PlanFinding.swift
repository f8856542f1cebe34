package import Plan

/// The input is a plan, then the files that it may name, each after a line `%%% NAME`. Behind `%%% set` stand
/// lines `KEY=VALUE`, as after `--set`; behind `%%% env` such lines for environment variables.
func planFinding(in bytes: [UInt8]) -> String? {
  let parts = Sections(bytes)
  return planFinding(
    text: String(decoding: parts.first, as: UTF8.self), files: parts.named,
    overrides: settings(parts.named["set"]), environment: settings(parts.named["env"]))
}

/// What is wrong with the plan that was read from the text, or with the errors for which the text was refused;
/// nil when nothing is.
package func planFinding(
  text: String, files: [String: [UInt8]] = [:], overrides: [String: String] = [:],
  environment: [String: String] = [:]
) -> String? {
  do {
    let plan = try Plan.read(
      text: text, file: "fuzz.plan", overrides: overrides, environment: environment,
      files: Plan.attached(files))
    return plan.finding
  } catch {
    return error.finding
  }
}

private func settings(_ bytes: [UInt8]?) -> [String: String] {
  let lines = String(decoding: bytes ?? [], as: UTF8.self).split(separator: "\n")
  let pairs = lines.compactMap { line -> (String, String)? in
    guard let equals = line.firstIndex(of: "=") else { return nil }
    return (String(line[..<equals]), String(line[line.index(after: equals)...]))
  }
  return Dictionary(pairs, uniquingKeysWith: { $1 })
}

extension InvalidPlan {
  /// What is wrong with the errors for which a plan is refused; nil when nothing is.
  package var finding: String? {
    if diagnostics.isEmpty { return "refused without a reason" }
    for diagnostic in diagnostics {
      if diagnostic.line < 1 || diagnostic.column < 1 { return "\(diagnostic) has no place" }
      if diagnostic.message.isEmpty { return "\(diagnostic) says nothing" }
    }
    if description.isEmpty { return "refused without a word" }
    return description.drivesTerminal ? "the errors drive a terminal: \(description)" : nil
  }
}

extension Plan {
  /// What is wrong with a plan that was read, such as that its effective form reads as another plan; nil when
  /// nothing is.
  package var finding: String? {
    if phases.contains(where: { $0.title.isEmpty }) { return "a phase has no title" }
    if mostConnections < 0 { return "the most connections are \(mostConnections)" }
    do {
      let again = try Plan.read(
        text: effective, file: "fuzz.plan", files: Plan.attached(attachments))
      if again.essence != essence { return "reads as another plan:\n\(effective)" }
      return again.effective == effective ? nil : "is written in another way:\n\(effective)"
    } catch {
      return "its effective form is refused: \(error)\n\(effective)"
    }
  }

  /// The plan without its text, and without what depends on how the text is written: its file, lines, variables
  /// and attached files.
  package var essence: Plan {
    var plan = self
    plan.text = ""
    plan.file = ""
    plan.settings = [:]
    plan.undeclared = []
    plan.attachments = [:]
    for index in plan.phases.indices {
      plan.phases[index].line = 0
      if case .search(var search) = plan.phases[index].kind {
        for condition in search.until.indices { search.until[condition].line = 0 }
        plan.phases[index].kind = .search(search)
      }
    }
    for index in plan.thresholds.indices { plan.thresholds[index].line = 0 }
    return plan
  }
}
