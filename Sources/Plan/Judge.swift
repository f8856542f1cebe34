package import Recording

/// What a recording amounts to, decided from it alone.
///
/// The thresholds come from the plan's text, read again with the recording's `overrides`. These
/// must hold all that the text was read with (`Plan.settings`: the overrides of the command line
/// and the values that the environment gave), as the environment of whoever judges is not looked
/// at. Nor are files: what the plan includes is among the recording's `attachments`.
package func judge(_ recording: Recording) -> Judgement {
  do throws(InvalidPlan) {
    let plan = try recording.plan()
    return judge(
      recording, thresholds: plan.thresholds.filter(recording.isAbout), expected: plan.expectedLimit
    )
  } catch {
    return judge(recording, thresholds: [], withoutPlan: error)
  }
}

/// As `judge(_:)`, with these conditions instead of the plan's thresholds, each written as a plan
/// would write it.
package func judge(
  _ recording: Recording, conditions: [String]
) throws(CommandLineValue.Wrong) -> Judgement {
  let plan: Plan
  do throws(InvalidPlan) {
    plan = try recording.plan()
  } catch {
    let thresholds = try recording.thresholds(conditions, interval: nil)
    return judge(recording, thresholds: thresholds, withoutPlan: error)
  }
  let thresholds = try recording.thresholds(conditions, interval: plan.sampling.every)
  return judge(recording, thresholds: thresholds, expected: plan.expectedLimit)
}

/// Nothing says what the run was to do, unless a fault says why it never did it.
private func judge(
  _ recording: Recording, thresholds: [Threshold], withoutPlan invalid: InvalidPlan
) -> Judgement {
  var judgement = judge(recording, thresholds: thresholds)
  if recording.fault == nil {
    let first = invalid.diagnostics.first?.message ?? ""
    judgement.verdict = .error
    judgement.exitCode = ExitStatus.fault
    judgement.headline = "the recording's plan cannot be read: \(first)"
  }
  return judgement
}

/// As `judge(_:)`, with thresholds of the caller's choice.
package func judge(
  _ recording: Recording, thresholds: [Threshold], expected: ExpectedLimit? = nil
) -> Judgement {
  var known: [String?: Metrics] = [:]
  let results = thresholds.map { threshold in
    if let window = threshold.window { return recording.evaluate(threshold, window: window) }
    let metrics = known[threshold.phase] ?? Metrics(recording, phase: threshold.phase)
    known[threshold.phase] = metrics
    return metrics.evaluate(threshold)
  }
  let limit = recording.decidingLimit
  let (verdict, exitCode, headline) = recording.outcome(
    results, limit: limit, expected: expected)
  return Judgement(
    verdict: verdict, exitCode: exitCode, thresholds: results,
    expectation: expected.map {
      Expectation($0, limit, held: recording.reached(in: limit?.phase).held)
    }, limit: limit, headline: headline)
}

extension Recording {
  /// False for a threshold of a phase that a replay left out because it was told to.
  fileprivate func isAbout(_ threshold: Threshold) -> Bool {
    replay?.fromPhase == nil || threshold.phase == nil
      || phases.contains { $0.name == threshold.phase }
  }

  /// How a limit is told wherever it is: "limit reached: 19,936 of 1,000,000 connections; client
  /// socket: EMFILE (Too many open files)". Nil for a phase that fell short without any.
  package func headline(of limit: LimitRecord?, in phase: String) -> String {
    "limit reached: \(reached(in: phase).progress);"
      + " \(limit?.cause ?? "its cause was not recorded")"
  }

  /// The worst that happened decides, in the order of `ExitStatus.ranking`.
  fileprivate func outcome(
    _ results: [ThresholdResult], limit: LimitRecord?, expected: ExpectedLimit?
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
          + " \(reached(in: nil).progress)"
      )
    }
    var pass = "passed: \(reached(in: nil).progress)\(found)"
    if let limit {
      let headline = headline(of: limit, in: limit.phase)
      guard let expected else { return (.limit, ExitStatus.limit, headline) }
      if let mismatch = expected.mismatch(with: limit, held: reached(in: limit.phase).held) {
        return (.limit, ExitStatus.limit, "\(headline); \(mismatch)")
      }
      pass = "passed: expected \(headline)"
    } else if expected != nil {
      return (
        .failed, ExitStatus.thresholdFailed,
        "the expected limit was not reached: \(reached(in: nil).progress)"
      )
    } else if let short = phases.first(where: fellShort) {
      return (.limit, ExitStatus.limit, headline(of: nil, in: short.name))
    } else if phases.contains(where: foundNothing) {
      return (.limit, ExitStatus.limit, "the search found no number of connections that lasts")
    }
    let failed = results.filter { !$0.passed }
    if let first = failed.first {
      let others = failed.count > 1 ? "; and \(failed.count - 1) more" : ""
      return (
        .failed, ExitStatus.thresholdFailed,
        "threshold failed: \(first.text) (\(first.reason))\(others)"
      )
    }
    return (.passed, ExitStatus.passed, pass)
  }

  /// Where the run stood when it ended.
  private var position: String {
    phases.last { $0.started != nil }.map { "in phase \($0.name)" } ?? "before its first phase"
  }

  /// "; search found 19,992 connections (server accept4: EMFILE …)".
  private var found: String {
    phases.map { phase in
      guard let ceiling = phase.ceiling else { return "" }
      let limit = limits.filter { $0.phase == phase.name }.min { $0.firstInstant < $1.firstInstant }
      let condition = searchSteps.last { $0.phase == phase.name && $0.outcome == .tooMany }
      let bound = (limit?.cause ?? condition?.reason).map { " (\($0))" } ?? ""
      return "; \(phase.name) found \(Format.count(ceiling)) connections\(bound)"
    }.joined()
  }

  private func foundNothing(_ phase: PhaseRecord) -> Bool {
    phase.kind.finds && phase.outcome == .limit && phase.ceiling == nil
  }

  /// Ended below its goal, which is never a success, even where nothing says why.
  private func fellShort(_ phase: PhaseRecord) -> Bool {
    guard let goal = phase.goal, phase.outcome != .skipped else { return false }
    return held(in: phase) < goal
  }

  /// The limit that stopped the first phase that met one: the earliest, but the server's where the
  /// client counts connections that the server never accepted. Its own failures are then a
  /// consequence. So are closed and refused connections when a server's worker died: they are
  /// noticed at once, the death when the worker is next looked for.
  fileprivate var decidingLimit: LimitRecord? {
    // What a search met on its way is what it was to find.
    let finds = Set(phases.filter { $0.kind.finds && $0.ceiling != nil }.map(\.name))
    let limits = limits.filter { !finds.contains($0.phase) }
    let phase = phases.first { phase in limits.contains { $0.phase == phase.name } }
    let here = phase.map { phase in limits.filter { $0.phase == phase.name } } ?? limits
    let earliest = here.sorted { $0.firstInstant < $1.firstInstant }
    if let phase, phase.phantom > 0, let server = earliest.first(where: { $0.end == .server }) {
      return server
    }
    if let first = earliest.first, [.closedByPeer, .nobodyListens].contains(first.resource),
      let death = earliest.first(where: { $0.end == .server && $0.isDeath })
    {
      return death
    }
    return earliest.first
  }
}

extension LimitRecord {
  /// A worker's end came by no system call of its own.
  fileprivate var isDeath: Bool {
    worker != nil && syscall == nil && [.memory, .workerDied].contains(resource)
  }
}
