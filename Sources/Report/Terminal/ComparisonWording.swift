import Judgement
import Plan
import Recording

// A comparison in words, the same in a terminal and on a page.

extension Comparison {
  /// How many metrics and limits got worse.
  var worseCount: Int {
    // A metric that got worse in the whole run and in several phases counts once.
    Set(figures.filter { $0.verdict == .worse }.map(\.metric)).count
      + limits.count { $0.verdict == .worse }
  }

  /// "no regression", "regression: 3 are worse".
  var sentence: String {
    worseCount == 0
      ? "no regression"
      : "regression: \(Format.count(worseCount)) \(worseCount == 1 ? "is" : "are") worse"
  }
}

extension Comparison.Figure {
  /// "worse (tolerance 10%)", "within noise (noise 23%, tolerance 10%)".
  var verdictInFull: String {
    let tolerance = "tolerance \(percent(tolerance))"
    let noise = noise.map { "noise \(percent($0)), " } ?? ""
    switch verdict {
    case .same, .unknown, .tooFew, .notJudged: return verdict.rawValue
    case .better, .worse, .withinNoise: return "\(verdict.rawValue) (\(noise)\(tolerance))"
    }
  }

  /// "+12 ms"; a dash where a side has no value.
  var absolute: String {
    guard let difference, difference.isFinite else { return "–" }
    if difference == 0 { return "0" }
    return (difference < 0 ? "-" : "+") + metric.text(abs(difference))
  }

  /// "+4%"; empty where nothing has changed or a side has no value, a dash where the base is 0.
  var change: String {
    guard let relative else { return difference == nil ? "" : "–" }
    return relative == 0 ? "" : (relative < 0 ? "-" : "+") + percent(abs(relative))
  }

  /// The relative change; the absolute one where the base is 0 or a side has no value.
  var shortChange: String { relative == nil ? absolute : change }
}

extension LimitChange {
  var sides: String {
    switch (inBase, inNew) {
    case (true, false): "only in base"
    case (false, true): "only in new"
    default: "in both"
    }
  }
}

extension PlanChange {
  /// Nil where the plans are the same.
  var sentence: String? {
    guard differs else { return nil }
    guard onlyInBase + onlyInNew > 0 else { return "the same lines, in another order" }
    let lines = onlyInBase == 1 ? "1 line" : "\(Format.count(onlyInBase)) lines"
    return "differs: \(lines) only in base, \(Format.count(onlyInNew)) only in new"
  }
}

extension Metric {
  /// "connect p99".
  var words: String {
    switch self {
    case .kernelMemory: "kernel memory an end"
    case .userMemory: "user memory an end"
    case .userTime: "user time an end"
    default: name.split(separator: ".", maxSplits: 1).joined(separator: " ")
    }
  }
}

/// A share in percent: "0.4%", "12%", "1,240%". A share above 0 never reads "0%", but at least
/// "0.1%".
private func percent(_ ratio: Double) -> String {
  let value = ratio * 100
  let rounded = value < 10 ? (value * 10).rounded() / 10 : value.rounded()
  return (rounded == 0 && value > 0 ? "0.1" : Format.count(rounded)) + "%"
}
