/// What became of a message.
package enum MessageOutcome: String, Sendable, CaseIterable {
  case sent
  /// Answered rightly and in time; without an expectation, sent.
  case received
  /// Answered with other bytes.
  case wrong
  /// The connection ended before the whole answer had come.
  case short
  /// Answered rightly after the timeout.
  case late
  /// Not answered within the timeout.
  case missing

  /// No right answer came in time.
  package static let lost: [MessageOutcome] = [.wrong, .short, .late, .missing]

  package var seriesName: String { "messages.\(rawValue)" }
}

/// How the messages of one pattern fared.
package struct MessageTotals: Sendable, Equatable {
  package let pattern: String
  private let counts: [MessageOutcome: Int]

  package init(pattern: String, counts: [MessageOutcome: Int]) {
    self.pattern = pattern
    self.counts = counts
  }

  package subscript(_ outcome: MessageOutcome) -> Int { counts[outcome] ?? 0 }

  package var lost: Int { MessageOutcome.lost.reduce(0) { $0 + self[$1] } }
}

extension Recording {
  /// The patterns of which messages were counted, in their order in the plan.
  package var messagePatterns: [String] {
    series(named: MessageOutcome.sent.seriesName).map(\.key.label)
  }

  /// How the messages fared in these stretches of the run, pattern by pattern.
  package func messages(in spans: [ClosedRange<Double>]) -> [MessageTotals] {
    messagePatterns.map { pattern in
      var counts: [MessageOutcome: Int] = [:]
      for outcome in MessageOutcome.allCases {
        counts[outcome] = Int(gain(of: .messages(outcome, pattern), in: spans))
      }
      return MessageTotals(pattern: pattern, counts: counts)
    }
  }

  /// Messages sent a second while messages were sent: in each stretch from its start to the sample
  /// that first shows all of them. Nil when none were.
  func messageRate(in spans: [ClosedRange<Double>]) -> Double? {
    let patterns = series(named: MessageOutcome.sent.seriesName)
    var sent = 0.0
    var elapsed = 0.0
    for span in spans {
      let gains = patterns.map { series in
        (series, series.level(at: span.lowerBound), series.level(at: span.upperBound))
      }.filter { $2 > $1 }
      guard !gains.isEmpty else { continue }
      let last = gains.compactMap { $0.first(in: span, atLeast: $2) }.max() ?? span.upperBound
      sent += gains.reduce(0) { $0 + $1.2 - $1.1 }
      elapsed += last - span.lowerBound
    }
    return elapsed > 0 ? sent / elapsed : nil
  }

  /// The most connections that had sent and never been answered at any of these instants.
  func unanswered(at instants: [Double]) -> Int {
    instants.compactMap { series(.unanswered)?.level(at: $0) }.max().map { Int($0) } ?? 0
  }

  /// What a counter rose by in these stretches; 0 when nothing counted.
  package func gain(of key: Series.Key, in spans: [ClosedRange<Double>]) -> Double {
    guard let series = series(key) else { return 0 }
    return spans.reduce(0) { total, span in
      let before = series.level(at: span.lowerBound)
      return total + max(0, series.level(at: span.upperBound, orNext: true) - before)
    }
  }
}
