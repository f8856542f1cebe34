import FoundationEssentials
import Recording

/// The whole recording as one JSON object. Instants are seconds since the run started, and times seconds; only the
/// buckets of `distributions` are nanoseconds, and the arrivals of `driven` milliseconds since their phase began.
/// A key without a value is null.
func jsonExport(_ recording: Recording) -> [UInt8] {
  let object = JSON.object([
    "version": .integer(1),
    "plan": .object([
      "name": .text(recording.planName),
      "file": .text(recording.planFile),
      "text": .text(recording.planText),
      "effective": .text(recording.effectivePlan),
      "overrides": listed(recording.overrides),
      "attachments": .array(
        recording.attachments.map { attachment in
          .object([
            "name": .text(attachment.name),
            "base64": .text(Data(attachment.content).base64EncodedString()),
          ])
        }),
    ]),
    // As text: a seed has 64 bits, and most readers of JSON keep 53 bits of a number.
    "seed": .text(String(recording.seed)),
    "program": .text(recording.programVersion),
    "started": .text(recording.started.isEmpty ? nil : recording.started),
    "duration": .number(recording.duration),
    "complete": .bool(recording.complete),
    "interrupted": .bool(recording.interrupted),
    "fault": .text(recording.fault),
    "verdict": .text(recording.verdict?.rawValue),
    "hostname": .text(recording.hostname),
    "host": listed(recording.host),
    "phases": .array(recording.phases.map(\.json)),
    "workers": .array(recording.workers.map(\.json)),
    "series": .array(recording.series.map(\.json)),
    "distributions": .array(recording.distributions.map(\.json)),
    "driven": .array(recording.drivenObjects),
    "replay": recording.replay?.json ?? .null,
    "failures": .array(recording.failures.map(\.json)),
    "limits": .array(recording.limits.map(\.json)),
    "search": .array(recording.searchSteps.map(\.json)),
    "prediction": .array(recording.prediction.map(\.json)),
    "thresholds": .array(recording.thresholds.map(\.json)),
  ])
  return Array((object.encoded + "\n").utf8)
}

extension Recording {
  /// The connections and messages that all client workers began, phase by phase; empty where their
  /// drive logs make no sense.
  fileprivate var drivenObjects: [JSON] {
    (driven() ?? [:]).sorted { $0.key < $1.key }.compactMap { place, driven in
      phases.indices.contains(place) ? driven.json(of: phases[place].name) : nil
    }
  }
}

/// The facts as an array, not as an object, because a name may occur more than once.
func listed(_ facts: [Fact]) -> JSON {
  .array(facts.map { .object(["name": .text($0.name), "value": .text($0.value)]) })
}
