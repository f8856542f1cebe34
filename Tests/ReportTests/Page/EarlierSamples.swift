import Judgement
import Plan
import Recording

@testable import Report

extension Large {
  /// Nineteen runs before, each a little further than the last, and the one before to compare with.
  static var earlier: EarlierRuns {
    let history = (10..<29).map { day in
      let isLimited = day.isMultiple(of: 4)
      return RecordingSummary(
        planName: "ramp-1m", started: "2025-12-\(day)T03:04:05.678Z",
        verdict: isLimited ? .limit : .passed, goal: 1_000_000,
        held: isLimited ? 200_000 + day * 20_000 : 1_000_000,
        connectP99: 0.0021 + Double(day * 7 % 5) * 0.0003,
        limit: isLimited ? "server accept4: EMFILE (Too many open files)" : nil)
    }
    var base = recording(limited: true)
    base.started = "2026-01-01T12:00:00.000Z"
    base.host[3] = Fact("RLIMIT_NOFILE", "12,009")
    base.effectivePlan += "seed: 1\n"
    return EarlierRuns(
      base: base, comparison: Comparison(base: base, new: recording()), history: history)
  }
}
