package import Recording

/// What a recording amounts to, decided from it alone.
///
/// The thresholds come from the plan's text, read again with the recording's `overrides`. These
/// must hold all that the text was read with (`Plan.settings`: the overrides of the command line
/// and the values that the environment gave), as the environment of whoever judges is not looked
/// at.
package func judge(_ recording: Recording) -> Judgement {
  let settings = Dictionary(
    recording.overrides.map { ($0.name, $0.value) }, uniquingKeysWith: { _, last in last })
  do {
    let plan = try Plan.read(
      text: recording.planText, file: recording.planFile, overrides: settings)
    return judge(recording, thresholds: plan.thresholds)
  } catch {
    var judgement = judge(recording, thresholds: [])
    if recording.fault == nil {
      let first = error.diagnostics.first?.message ?? ""
      judgement.verdict = .error
      judgement.exitCode = ExitStatus.fault
      judgement.headline = "the recording's plan cannot be read: \(first)"
    }
    return judgement
  }
}

/// As `judge(_:)`, with thresholds of the caller's choice.
package func judge(_ recording: Recording, thresholds: [Threshold]) -> Judgement {
  let results = thresholds.map { recording.evaluate($0) }
  let limit = recording.decidingLimit
  let (verdict, exitCode, headline) = recording.outcome(results, limit: limit)
  return Judgement(
    verdict: verdict, exitCode: exitCode, thresholds: results, limit: limit, headline: headline)
}

extension Recording {
  /// The worst that happened decides, in the order of `ExitStatus.ranking`.
  fileprivate func outcome(
    _ results: [ThresholdResult], limit: LimitRecord?
  ) -> (Verdict, Int32, String) {
    if let fault {
      let line = fault.split(whereSeparator: \.isNewline).first ?? "no reason was recorded"
      return (.error, ExitStatus.fault, "error: \(line)")
    }
    if !complete {
      return (
        .error, ExitStatus.fault,
        "incomplete recording: ends \(Format.duration(seconds: duration)) into the run, \(position)"
      )
    }
    if interrupted {
      return (
        .interrupted, ExitStatus.interrupted,
        "interrupted \(Format.duration(seconds: duration)) into the run, \(position):"
          + " \(progress(of: nil))"
      )
    }
    if let limit {
      return (
        .limit, ExitStatus.limit, "limit reached: \(progress(of: limit.phase)); \(limit.cause)"
      )
    }
    if let short = phases.first(where: \.fellShort) {
      return (
        .limit, ExitStatus.limit,
        "limit reached: \(progress(of: short.name)); its cause was not recorded"
      )
    }
    let failed = results.filter { !$0.passed }
    if let first = failed.first {
      let others = failed.count > 1 ? "; and \(failed.count - 1) more" : ""
      return (
        .failed, ExitStatus.thresholdFailed,
        "threshold failed: \(first.text) (\(first.reason))\(others)"
      )
    }
    return (.passed, ExitStatus.passed, "passed: \(progress(of: nil))")
  }

  /// Where the run stood when it ended.
  private var position: String {
    phases.last { $0.started != nil }.map { "in phase \($0.name)" } ?? "before its first phase"
  }

  /// "19,936 of 1,000,000 connections" for a phase; for the whole run when the phase has no goal.
  private func progress(of name: String?) -> String {
    if let phase = phases.first(where: { $0.name == name }), let goal = phase.goal {
      return "\(Format.count(phase.held)) of \(Format.count(goal)) connections"
    }
    let goal = phases.compactMap(\.goal).max() ?? 0
    let held = phases.map(\.held).max() ?? 0
    return "\(Format.count(held)) of \(Format.count(goal)) connections"
  }

  /// The limit that stopped the first phase that met one: the earliest, but the server's where the
  /// client counts connections that the server never accepted. Its own failures are then a
  /// consequence.
  fileprivate var decidingLimit: LimitRecord? {
    let phase = phases.first { phase in limits.contains { $0.phase == phase.name } }
    let here = phase.map { phase in limits.filter { $0.phase == phase.name } } ?? limits
    let earliest = here.sorted { $0.firstInstant < $1.firstInstant }
    if let phase, phase.phantom > 0, let server = earliest.first(where: { $0.end == .server }) {
      return server
    }
    return earliest.first
  }
}

extension PhaseRecord {
  /// Connections that stood at both ends: a phantom counts for nothing.
  fileprivate var held: Int { max(0, established - phantom) }

  /// Ended below its goal, which is never a success, even where nothing says why.
  fileprivate var fellShort: Bool {
    guard let goal, outcome != .skipped else { return false }
    return held < goal
  }
}
