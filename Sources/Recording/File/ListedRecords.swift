import GRDB

extension PhaseRecord: Listed {
  static let table = "phase"
  static let columns = [
    "name", "kind", "title", "plan_line", "goal", "planned_rate", "started", "ended",
    "opened_until", "outcome", "established", "accepted", "phantom", "failures", "ceiling",
    "dropped", "recovery", "remark", "promised", "missed", "tolerance", "lost_beside",
    "aborted_by", "aborted_at",
  ]

  var values: [(any DatabaseValueConvertible)?] {
    [
      name, kind.rawValue, title, planLine, goal, plannedRate, started, ended, openedUntil,
      outcome.rawValue, established, accepted, phantom, failures, ceiling, dropped,
      recovery, remark,
      promise?.promised, promise?.missed, promise?.tolerance, promise?.lostBeside,
      abortedBy, abortedAt,
    ]
  }

  init(row: Row) throws {
    self.init(
      name: try row.get("name"), kind: try row.choice("kind"), title: try row.get("title"),
      planLine: try row.get("plan_line"), goal: try row.get("goal"),
      plannedRate: try row.get("planned_rate"), started: try row.get("started"),
      ended: try row.get("ended"), openedUntil: try row.ifThere("opened_until") ?? nil,
      outcome: try row.choice("outcome"), established: try row.get("established"),
      accepted: try row.get("accepted"),
      phantom: try row.get("phantom"), failures: try row.get("failures"),
      // The promise, `abortedBy` and `abortedAt`, like `openedUntil` above, are there since format 1.3.
      promise: try PhasePromise(row: row), abortedBy: try row.ifThere("aborted_by") ?? nil,
      abortedAt: try row.ifThere("aborted_at") ?? nil,
      // `remark` is there since format 1.1, `ceiling` was added during 1.0, and the others came with 2.0.
      ceiling: try row.ifThere("ceiling") ?? nil,
      dropped: try row.ifThere("dropped") ?? nil, recovery: try row.ifThere("recovery") ?? nil,
      remark: try row.ifThere("remark") ?? "")
  }
}

extension PhasePromise {
  /// Nil where the row has no promise (`PhaseRecord.promise` says when).
  fileprivate init?(row: Row) throws {
    guard let promised: Int = try row.ifThere("promised") ?? nil else { return nil }
    self.init(
      promised: promised, missed: try row.get("missed"), tolerance: try row.get("tolerance"),
      lostBeside: try row.ifThere("lost_beside") ?? 0)
  }
}

extension SearchStep: Listed {
  static let table = "search_step"
  static let columns = ["phase", "at", "goal", "held", "outcome", "reason"]

  var values: [(any DatabaseValueConvertible)?] {
    [phase, at, goal, held, outcome.rawValue, reason]
  }

  init(row: Row) throws {
    self.init(
      phase: try row.get("phase"), at: try row.get("at"), goal: try row.get("goal"),
      held: try row.get("held"), outcome: try row.choice("outcome"), reason: try row.get("reason"))
  }
}

extension WorkerRecord: Listed {
  static let table = "worker"
  static let columns = [
    "id", "end", "pid", "endpoint", "connections", "user_time", "system_time", "private_bytes",
    "exit_code", "signal",
  ]

  var values: [(any DatabaseValueConvertible)?] {
    [
      id, end.rawValue, pid, endpoint, connections, userTime, systemTime, privateBytes, exitCode,
      signal,
    ]
  }

  init(row: Row) throws {
    self.init(
      id: try row.get("id"), end: try row.choice("end"), pid: try row.get("pid"),
      endpoint: try row.get("endpoint"), connections: try row.get("connections"),
      userTime: try row.get("user_time"), systemTime: try row.get("system_time"),
      privateBytes: try row.get("private_bytes"), exitCode: try row.get("exit_code"),
      signal: try row.get("signal"))
  }
}

extension FailureRecord: Listed {
  static let table = "failure"
  static let columns = [
    "end", "worker", "phase", "syscall", "errno", "errno_name", "errno_text", "count",
    "first_instant", "established", "accepted", "source", "endpoint", "stopped",
    "retried",
  ]

  var values: [(any DatabaseValueConvertible)?] {
    [
      end.rawValue, worker, phase, syscall, errno?.number, errno?.name, errno?.text, count,
      firstInstant, established, accepted, source, endpoint, stoppedAt, retried,
    ]
  }

  init(row: Row) throws {
    self.init(
      end: try row.choice("end"), worker: try row.get("worker"), phase: try row.get("phase"),
      syscall: try row.get("syscall"), errno: try row.errno(), count: try row.get("count"),
      retried: try row.ifThere("retried") ?? 0, firstInstant: try row.get("first_instant"),
      stoppedAt: try row.ifThere("stopped") ?? nil,
      established: try row.get("established"), accepted: try row.get("accepted"),
      source: try row.get("source"), endpoint: try row.get("endpoint"))
  }
}

extension LimitRecord: Listed {
  static let table = "limit_reached"
  static let columns = [
    "end", "worker", "phase", "plan_line", "syscall", "errno", "errno_name", "errno_text",
    "resource", "count", "first_instant", "established", "accepted", "source", "endpoint", "knob",
    "now", "needed", "fix", "predicted", "stopped",
  ]

  var values: [(any DatabaseValueConvertible)?] {
    [
      end.rawValue, worker, phase, planLine, syscall, errno?.number, errno?.name, errno?.text,
      resource.rawValue, count, firstInstant, established, accepted, source, endpoint, knob, now,
      needed, fix, predicted, stoppedAt,
    ]
  }

  /// The limit without its evidence, which has a table of its own.
  init(row: Row) throws {
    self.init(
      end: try row.choice("end"), worker: try row.get("worker"), phase: try row.get("phase"),
      planLine: try row.get("plan_line"), syscall: try row.get("syscall"),
      errno: try row.errno(), resource: try row.resource(), count: try row.get("count"),
      firstInstant: try row.get("first_instant"), stoppedAt: try row.ifThere("stopped") ?? nil,
      established: try row.get("established"), accepted: try row.get("accepted"),
      source: try row.get("source"), endpoint: try row.get("endpoint"), knob: try row.get("knob"),
      now: try row.get("now"),
      needed: try row.get("needed"), fix: try row.get("fix"),
      predicted: try row.get("predicted"))
  }
}

extension PredictionTerm: Listed {
  static let table = "prediction_term"
  static let columns = ["end", "resource", "connections", "reason", "binds"]

  var values: [(any DatabaseValueConvertible)?] {
    [end.rawValue, resource.rawValue, connections, reason, binds]
  }

  init(row: Row) throws {
    self.init(
      end: try row.choice("end"), resource: try row.resource(),
      connections: try row.get("connections"), reason: try row.get("reason"),
      binds: try row.get("binds"))
  }
}

extension ThresholdResult: Listed {
  static let table = "threshold"
  static let columns = ["text", "plan_line", "passed", "value", "reason"]

  var values: [(any DatabaseValueConvertible)?] { [text, planLine, passed, value, reason] }

  init(row: Row) throws {
    self.init(
      text: try row.get("text"), planLine: try row.get("plan_line"),
      passed: try row.get("passed"), value: try row.get("value"),
      reason: try row.get("reason"))
  }
}

extension ReplayRecord: Listed {
  static let table = "replay"
  static let columns = [
    "original", "original_started", "speed", "from_phase", "arrivals", "arrivals_missed",
    "late_p50", "late_p99", "late_max", "furthest", "messages", "messages_missed",
  ]

  var values: [(any DatabaseValueConvertible)?] {
    [
      original, originalStarted, speed, fromPhase, fidelity?.arrivals, fidelity?.missed,
      fidelity?.late?.p50, fidelity?.late?.p99, fidelity?.late?.max, fidelity?.furthest,
      fidelity?.messages, fidelity?.messagesMissed,
    ]
  }

  init(row: Row) throws {
    self.init(
      original: try row.get("original"), originalStarted: try row.get("original_started"),
      speed: try row.get("speed"), fromPhase: try row.get("from_phase"),
      fidelity: try Fidelity(row: row))
  }
}

extension Fidelity {
  /// Nil where the replay was cut off, or still goes on.
  fileprivate init?(row: Row) throws {
    guard let arrivals: Int = try row.get("arrivals") else { return nil }
    var late: Late?
    if let p50: Double = try row.get("late_p50") {
      late = Late(p50: p50, p99: try row.get("late_p99"), max: try row.get("late_max"))
    }
    self.init(
      arrivals: arrivals, missed: try row.get("arrivals_missed"), late: late,
      furthest: try row.get("furthest"), messages: try row.get("messages"),
      messagesMissed: try row.get("messages_missed"))
  }
}
