package import Judgement
import Plan
package import Recording

/// The output of `compare --json`: one object on one line, in seconds, bytes, counts, rates per
/// second and shares of 1. A key without a value is null.
package func comparisonJSON(_ comparison: Comparison, base: Recording, new: Recording) -> String {
  JSON.object([
    "version": .integer(1),
    "base": run(base),
    "new": run(new),
    "regression": .bool(comparison.isRegression),
    "exit": .integer(Int(comparison.exitCode)),
    "notes": .array(comparison.notes.map(JSON.text)),
    "figures": .array(comparison.figures.map(figure)),
    "limits": .array(comparison.limits.map(limit)),
    "host": .array(comparison.host.map(fact)),
    "plan": .object([
      "differs": .bool(comparison.plan.differs),
      "onlyInBase": .integer(comparison.plan.onlyInBase),
      "onlyInNew": .integer(comparison.plan.onlyInNew),
    ]),
  ]).encoded
}

private func run(_ recording: Recording) -> JSON {
  .object([
    "plan": .text(recording.planName),
    "started": .text(recording.started.isEmpty ? nil : recording.started),
    "duration": .number(recording.duration),
    "complete": .bool(recording.complete),
    "verdict": .text(recording.verdict?.rawValue),
  ])
}

private func figure(_ figure: Comparison.Figure) -> JSON {
  .object([
    "metric": .text(figure.metric.name),
    "phase": .text(figure.phase),
    "base": .number(figure.base),
    "new": .number(figure.new),
    "difference": .number(figure.difference),
    "relative": .number(figure.relative),
    "better": .text(figure.metric.traits.tolerance?.better.rawValue),
    "tolerance": .number(figure.tolerance),
    "noise": .number(figure.noise),
    "verdict": word(figure.verdict),
  ])
}

private func limit(_ change: LimitChange) -> JSON {
  .object([
    "end": .text(change.limit.end.rawValue),
    "syscall": .text(change.limit.syscall),
    "errno": .text(change.limit.errno?.name),
    "resource": .text(change.limit.resource.rawValue),
    "inBase": .bool(change.inBase),
    "inNew": .bool(change.inNew),
    "verdict": word(change.verdict),
  ])
}

private func fact(_ change: FactChange) -> JSON {
  .object([
    "name": .text(change.name), "base": .text(change.base), "new": .text(change.new),
  ])
}

/// The verdict in a word. The raw value of `unknown` is a dash, for tables; here it is null.
private func word(_ verdict: Comparison.Verdict) -> JSON {
  verdict == .unknown ? .null : .text(verdict.rawValue)
}
