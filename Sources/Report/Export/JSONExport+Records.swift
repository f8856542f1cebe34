import Recording

extension PhaseRecord {
  var json: JSON {
    .object([
      "name": .text(name), "kind": .text(kind.rawValue), "title": .text(title),
      "line": .integer(planLine),
      "goal": .integer(goal), "rate": .number(plannedRate), "started": .number(started),
      "ended": .number(ended), "outcome": .text(outcome.rawValue),
      "promised": .integer(promise?.promised), "missed": .integer(promise?.missed),
      "tolerance": .number(promise?.tolerance), "abortedBy": .text(abortedBy),
      "abortedAt": .number(abortedAt),
      "established": .integer(established), "accepted": .integer(accepted),
      "phantom": .integer(phantom), "failures": .integer(failures), "ceiling": .integer(ceiling),
      "openedUntil": .number(openedUntil), "lostBeside": .integer(promise?.lostBeside),
      "remark": .text(remark.isEmpty ? nil : remark),
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
      "metric": .text(latency.name), "phase": .text(phase), "from": .number(from),
      "to": .number(to),
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
      "count": .integer(count), "retried": .integer(retried),
      "firstInstant": .number(firstInstant), "stopped": .number(stoppedAt),
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
      "stopped": .number(stoppedAt),
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

extension ReplayRecord {
  var json: JSON {
    .object([
      "original": .text(original), "started": .text(originalStarted), "speed": .number(speed),
      "from": .text(fromPhase), "fidelity": fidelity?.json ?? .null,
    ])
  }
}

extension Fidelity {
  fileprivate var json: JSON {
    .object([
      "arrivals": .integer(arrivals), "missed": .integer(missed),
      "late": .object([
        "p50": .number(late?.p50), "p99": .number(late?.p99), "max": .number(late?.max),
      ]),
      "furthest": .number(furthest),
      "messages": .object([
        "recorded": .integer(messages), "missed": .integer(messagesMissed),
      ]),
    ])
  }
}

extension DrivenPhase {
  /// Arrivals are pairs: a millisecond since the phase began, and how many connections were begun
  /// in it. Messages are pairs: the place of a pattern in the plan, from 0, and how many of its
  /// messages were begun.
  func json(of phase: String) -> JSON {
    .object([
      "phase": .text(phase),
      "arrivals": .array(
        arrivals.map { .array([.integer(Int($0.tick)), .integer(Int($0.count))]) }),
      "messages": .array(
        messages.sorted { $0.key < $1.key }
          .map { .array([.integer($0.key), .integer(Int($0.value))]) }),
    ])
  }
}
