import Judgement
import Plan
import Recording

/// Recordings with messages and with a search, as runs would have left them.
extension Sample {
  /// A hold with a heartbeat, of which some were lost.
  static var messages: Recording {
    var recording = passed
    recording.planName = "heartbeat"
    recording.phases[1].title = "hold for 5 s, heartbeat"
    let counts: [(MessageOutcome, [Double])] = [
      (.sent, [0, 0, 0, 10_000, 20_000, 30_000, 40_000, 50_000]),
      (.received, [0, 0, 0, 9990, 19_900, 29_900, 39_900, 49_870]),
      (.wrong, [0, 0, 0, 0, 10, 10, 10, 10]), (.short, [0, 0, 0, 0, 0, 0, 0, 0]),
      (.late, [0, 0, 0, 0, 0, 0, 20, 20]), (.missing, [0, 0, 0, 0, 0, 60, 80, 100]),
    ]
    recording.series += counts.map { outcome, values in
      Series(
        key: .messages(outcome, "heartbeat"), unit: "messages", kind: .counter,
        points: values.enumerated().map { .init(at: Double($0), value: $1) })
    }
    recording.series.append(gauge(.unanswered, "connections", [0, 0, 0, 40, 7, 7, 7, 7]))
    let slowest = [
      (Latency.roundTrip, UInt64(2_000_000_000)), (.roundTripUncorrected, 90_000_000),
    ]
    for (latency, slowest) in slowest {
      recording.distributions.append(
        DistributionRecord(
          latency: latency, phase: "hold", from: 2, to: 7,
          distribution: Distribution(buckets: [
            .init(value: 61_000, count: 40_000), .init(value: 150_000, count: 9_370),
            .init(value: slowest, count: 500),
          ])))
    }
    return recording
  }

  static var messagesJudgement: Judgement {
    judge(
      messages,
      thresholds: [
        Threshold(
          text: "messages.lost == 0 in hold", line: 14, metric: .messagesLost, comparison: .equal,
          value: 0, phase: "hold"),
        Threshold(
          text: "messages.rate >= 9k/s in hold", line: 15, metric: .messagesRate,
          comparison: .atLeast, value: 9000, phase: "hold"),
      ])
  }

  /// A search that a limit ended.
  static var search: Recording {
    var recording = passed
    recording.planName = "ceiling"
    recording.phases = [
      PhaseRecord(
        name: "search", kind: .search, title: "search from 10,000 in steps of 10,000",
        planLine: 9, started: 0, ended: 7, outcome: .done, established: 20_000,
        accepted: 19_992, failures: 1, ceiling: 19_992)
    ]
    recording.searchSteps = [
      SearchStep(phase: "search", at: 0.5, goal: 10_000, held: 10_000, outcome: .reached),
      SearchStep(
        phase: "search", at: 1.5, goal: 20_000, held: 19_992, outcome: .limit,
        reason: "server accept4: EMFILE (Too many open files)"),
      SearchStep(phase: "search", at: 6.5, goal: 19_992, held: 19_992, outcome: .confirmed),
    ]
    recording.limits = [
      LimitRecord(
        end: .server, worker: 1, phase: "search", planLine: 9, syscall: "accept4", errno: emfile,
        resource: .descriptorsPerProcess, count: 1, firstInstant: 1.2, established: 19_994,
        accepted: 19_992, endpoint: "127.0.0.1:9000", knob: "RLIMIT_NOFILE", now: 20_000,
        needed: 20_008, fix: "ulimit -n 21000", predicted: 19_992)
    ]
    return recording
  }
}
