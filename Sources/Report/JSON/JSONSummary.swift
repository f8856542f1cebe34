package import Judgement
import Plan
package import Recording

/// The output of `--json` for one plan: one object on one line, in seconds, bytes, counts and rates
/// per second. `memory` and `cpu` are averages per connection end. A key without a value is null.
package func jsonSummary(
  _ recording: Recording, _ judgement: Judgement, files: OutputFiles
) -> String {
  let metrics = Metrics(recording)
  return JSON.object([
    "version": .integer(1),
    "plan": .text(recording.planName),
    "verdict": .text(judgement.verdict.rawValue),
    "exit": .integer(Int(judgement.exitCode)),
    "started": .text(recording.started.isEmpty ? nil : recording.started),
    "duration": .number(recording.duration),
    "connections": .object([
      "goal": .integer(metrics.goal),
      "established": .integer(metrics.established),
      "accepted": .integer(metrics.accepted),
      "phantom": .integer(metrics.phantom),
      "failures": .integer(metrics.failures),
      "unasked": .integer(metrics.unasked),
      "reconnected": .integer(metrics.reconnected),
    ]),
    "limit": judgement.limit.map(limitObject) ?? .null,
    "limits": .array(recording.limits.map(limitObject)),
    "phases": .array(recording.phases.map { phaseObject($0, recording.stormFacts(of: $0)) }),
    "prediction": recording.predicted.map(predictionObject) ?? .null,
    "connect": metrics.connectObject(judgement.thresholds),
    "tls": metrics.secureObject(judgement.thresholds),
    "messages": .object([
      "sent": .integer(metrics.messages(.sent) ?? 0),
      "received": .integer(metrics.messages(.received) ?? 0),
      "lost": .integer(metrics.messagesLost ?? 0),
      "unsent": .integer(metrics.messagesUnsent),
      "waits": .integer(recording.series(.waits)?.maximum.map { Int(min($0, 0x1p53)) }),
      "rate": .number(metrics.messageRate.map { ($0 * 10).rounded() / 10 } ?? 0),
    ]),
    "rtt": metrics.roundTripObject(judgement.thresholds),
    "gaps": .array(judgement.gaps.map(gapObject)),
    "ceiling": .integer(recording.phases.compactMap(\.ceiling).max()),
    "recovery": .number(metrics.recovery),
    "memory": .object([
      "kernel": .integer(metrics.kernelMemory.map { Int(saturating: $0.rounded()) }),
      "user": .integer(metrics.userMemory.map { Int(saturating: $0.rounded()) }),
    ]),
    "cpu": .object(["user": .number(metrics.userTime.map { ($0 * 1e9).rounded() / 1e9 })]),
    "replay": recording.replay?.json ?? .null,
    "thresholds": .array(
      judgement.thresholds.map { thresholdObject($0, isJudged: judgement.judgesThresholds) }),
    "files": .object([
      "recording": .text(files.recording), "html": .text(files.html), "junit": .text(files.junit),
    ]),
  ]).encoded
}

private func gapObject(_ gap: SampleGap) -> JSON {
  .object([
    "from": .number(gap.from), "to": .number(gap.to), "phase": .text(gap.phase),
  ])
}

private func phaseObject(_ phase: PhaseRecord, _ storm: StormFacts?) -> JSON {
  .object([
    "name": .text(phase.name),
    "kind": .text(phase.kind.rawValue),
    "outcome": .text(phase.outcome.rawValue),
    "promised": .integer(phase.promise?.promised),
    "missed": .integer(phase.promise?.missed),
    "aborted": .text(phase.abortedBy),
    "storm": storm?.json ?? .null,
  ])
}

extension StormFacts {
  fileprivate var json: JSON {
    .object([
      "dropped": .integer(dropped), "recovery": .number(recovery),
      "peak": .number(peak.map { ($0 * 10).rounded() / 10 }), "refused": .integer(refused),
    ])
  }
}

private func limitObject(_ limit: LimitRecord) -> JSON {
  .object([
    "end": .text(limit.end.rawValue),
    "phase": .text(limit.phase),
    "line": .integer(limit.planLine),
    "syscall": .text(limit.syscall),
    "errno": limit.errno.map(errnoObject) ?? .null,
    "resource": .text(limit.resource.rawValue),
    "said": limit.said.map { saidObject($0, limit) } ?? .null,
    "knob": .text(limit.knob),
    "now": .integer(limit.now),
    "needed": .integer(limit.needed),
    "fix": .text(limit.fix),
    "count": .integer(limit.count),
  ])
}

/// What an end said when it refused the other. Without a code the protocol is the one that failed.
private func saidObject(_ text: String, _ limit: LimitRecord) -> JSON {
  let code = limit.saidCode
  return .object([
    "protocol": .text(code?.protocolName ?? limit.syscall), "code": .integer(code?.number),
    "name": .text(code?.name), "by": .text(code.map { $0.isSent ? "client" : "server" }),
    "text": .text(text),
  ])
}

func errnoObject(_ errno: ErrnoRecord) -> JSON {
  .object([
    "number": .integer(errno.number), "name": .text(errno.name), "text": .text(errno.text),
  ])
}

private func predictionObject(_ term: PredictionTerm) -> JSON {
  .object([
    "connections": .integer(term.connections), "resource": .text(term.resource.rawValue),
  ])
}

/// - Parameter isJudged: `Judgement.judgesThresholds`. Where it is false nothing has passed or
///   failed, and `passed` is null.
private func thresholdObject(_ threshold: ThresholdResult, isJudged: Bool) -> JSON {
  .object([
    "text": .text(threshold.text), "passed": isJudged ? .bool(threshold.passed) : .null,
    "value": .number(threshold.value),
  ])
}

extension Metrics {
  /// The connect rate and the percentiles of the connect latency; null when nothing was connected.
  fileprivate func connectObject(_ thresholds: [ThresholdResult]) -> JSON {
    guard connectRate != nil || connect != nil else { return .null }
    return .object(
      ["rate": .number(connectRate.map { ($0 * 10).rounded() / 10 })]
        + percentiles(of: .connect, thresholds))
  }

  /// The share of TLS's handshakes that were resumed, and the percentiles of their duration; null where connections are plain.
  fileprivate func secureObject(_ thresholds: [ThresholdResult]) -> JSON {
    guard let secured else { return .null }
    return .object(
      [
        "handshakes": .integer(secured),
        "resumed": .number(resumed.map { ($0 * 1e6).rounded() / 1e6 }),
      ] + percentiles(of: .secure, thresholds))
  }

  /// The percentiles of the round trip; null when nothing was answered.
  fileprivate func roundTripObject(_ thresholds: [ThresholdResult]) -> JSON {
    roundTrip == nil ? .null : .object(percentiles(of: .roundTrip, thresholds))
  }

  /// A key for each percentile that is shown; the values are null where nothing was measured.
  private func percentiles(of latency: Latency, _ thresholds: [ThresholdResult]) -> JSONFields {
    let percentiles = thresholds.percentiles(of: latency)
    let seconds = self[latency]?.seconds(at: percentiles)
    return JSONFields(
      names: percentiles.map(\.name),
      values: percentiles.indices.map { .number(seconds?[$0]) })
  }
}
