import Recording

extension PhaseRecord {
  var json: JSON {
    .object([
      "name": .text(name), "kind": .text(kind), "title": .text(title), "line": .integer(planLine),
      "goal": .integer(goal), "rate": .number(plannedRate), "started": .number(started),
      "ended": .number(ended), "outcome": .text(outcome.rawValue),
      "established": .integer(established), "accepted": .integer(accepted),
      "phantom": .integer(phantom), "failures": .integer(failures), "ceiling": .integer(ceiling),
    ])
  }
}

extension WorkerRecord {
  var json: JSON {
    .object([
      "id": .integer(id), "end": .text(end.rawValue), "pid": .integer(pid),
      "endpoint": .text(endpoint), "connections": .integer(connections),
      "userTime": .number(userTime), "systemTime": .number(systemTime),
      "privateBytes": .integer(privateBytes), "exitCode": .integer(exitCode),
      "signal": .integer(signal),
    ])
  }
}

extension Series {
  /// Each point is a pair: instant, value.
  var json: JSON {
    .object([
      "name": .text(key.name), "label": .text(key.label), "unit": .text(unit),
      "kind": .text(kind.rawValue),
      "points": .array(points.map { .array([.number($0.at), .number($0.value)]) }),
    ])
  }
}

extension DistributionRecord {
  /// Each bucket is a pair: value, count.
  var json: JSON {
    .object([
      "metric": .text(metric), "phase": .text(phase), "from": .number(from), "to": .number(to),
      "count": .integer(Int(clamping: distribution.count)),
      "buckets": .array(
        distribution.buckets.map {
          .array([.integer(Int(clamping: $0.value)), .integer(Int(clamping: $0.count))])
        }),
    ])
  }
}

extension FailureRecord {
  var json: JSON {
    .object([
      "end": .text(end.rawValue), "worker": .integer(worker), "phase": .text(phase),
      "syscall": .text(syscall), "errno": errno.map(errnoObject) ?? .null,
      "count": .integer(count), "firstInstant": .number(firstInstant),
      "established": .integer(established), "accepted": .integer(accepted),
      "source": .text(source), "endpoint": .text(endpoint),
    ])
  }
}

extension LimitRecord {
  var json: JSON {
    .object([
      "end": .text(end.rawValue), "worker": .integer(worker), "phase": .text(phase),
      "line": .integer(planLine), "syscall": .text(syscall),
      "errno": errno.map(errnoObject) ?? .null, "resource": .text(resource.rawValue),
      "count": .integer(count), "firstInstant": .number(firstInstant),
      "established": .integer(established), "accepted": .integer(accepted),
      "source": .text(source), "endpoint": .text(endpoint), "knob": .text(knob),
      "now": .integer(now), "needed": .integer(needed), "fix": .text(fix),
      "predicted": .integer(predicted), "evidence": listed(evidence),
    ])
  }
}

extension SearchStep {
  var json: JSON {
    .object([
      "phase": .text(phase), "at": .number(at), "goal": .integer(goal), "held": .integer(held),
      "outcome": .text(outcome.rawValue), "reason": .text(reason),
    ])
  }
}

extension PredictionTerm {
  var json: JSON {
    .object([
      "end": .text(end.rawValue), "resource": .text(resource.rawValue),
      "connections": .integer(connections), "reason": .text(reason), "binds": .bool(binds),
    ])
  }
}

extension ThresholdResult {
  var json: JSON {
    .object([
      "text": .text(text), "line": .integer(planLine), "passed": .bool(passed),
      "value": .number(value), "reason": .text(reason),
    ])
  }
}
