/// What a message is counted as. Every message counts as `sent` and, once its outcome is known, as one of the others.
package enum MessageOutcome: String, Sendable, CaseIterable {
  /// The client has begun to send it, whatever became of it.
  case sent
  /// Answered rightly and in time. A message without an expectation counts here once it is sent whole.
  case received
  /// Answered with other bytes.
  case wrong
  /// The connection ended before the whole answer had come.
  case short
  /// Answered rightly after the timeout.
  case late
  /// Not answered within the timeout.
  case missing

  /// The outcomes of messages that got no right answer in time.
  package static let lost: [MessageOutcome] = [.wrong, .short, .late, .missing]

  package var seriesName: String { "messages.\(rawValue)" }
}

/// How many messages of one pattern had each outcome.
package struct MessageTotals: Sendable, Equatable {
  package let pattern: String
  private let counts: [MessageOutcome: Int]
  /// Messages that were due and not sent; nil where nobody counted them.
  package let unsent: Int?

  package init(pattern: String, counts: [MessageOutcome: Int], unsent: Int? = nil) {
    self.pattern = pattern
    self.counts = counts
    self.unsent = unsent
  }

  package subscript(_ outcome: MessageOutcome) -> Int { counts[outcome] ?? 0 }

  package var lost: Int { MessageOutcome.lost.map { self[$0] }.total }
}

extension Recording {
  /// The names of the patterns whose messages were counted, in their order in the plan.
  package var messagePatterns: [String] {
    series(named: MessageOutcome.sent.seriesName).map(\.key.label)
  }

  /// How many messages had each outcome in these stretches of the run together, pattern by pattern.
  package func messages(in spans: [ClosedRange<Double>]) -> [MessageTotals] {
    return messagePatterns.map { pattern in
      var counts: [MessageOutcome: Int] = [:]
      // A late answer moves its message from `missing` to `late` or `wrong`. Where `missing` falls in these
      // stretches, some of the messages answered late were sent before them. Those are not lost in them.
      var answered = max(0, -change(of: .messages(.missing, pattern), in: spans))
      // Most late answers are right, so these messages are subtracted from `late` first.
      for outcome in [.late, .wrong] + MessageOutcome.allCases where counts[outcome] == nil {
        var gained = gain(of: .messages(outcome, pattern), in: spans)
        if outcome == .late || outcome == .wrong {
          let before = min(gained, answered)
          gained -= before
          answered -= before
        }
        counts[outcome] = Int(saturating: gained)
      }
      let key = Series.Key.unsent(pattern)
      return MessageTotals(
        pattern: pattern, counts: counts,
        unsent: knowsUnsent && series(key) != nil ? Int(saturating: gain(of: key, in: spans)) : nil)
    }
  }

  /// False where a client worker died: nobody counted what that worker still had to send.
  package var knowsUnsent: Bool {
    !workers.contains { $0.end == .client && ($0.signal != nil || ($0.exitCode ?? 0) != 0) }
      && !limits.contains { $0.end == .client && $0.isDeath }
  }

  /// Messages sent per second of the time in which they were to be sent; nil when none were sent.
  ///
  /// The series `messages.wanted` counts that time. Format 1.0 to 1.2 had no such series, and a server's pushes have
  /// none. For these, the time lasts from the start of each stretch to the first sample that shows all messages of
  /// the stretch as sent.
  package func messageRate(in spans: [ClosedRange<Double>]) -> Double? {
    let patterns = series(named: MessageOutcome.sent.seriesName)
    let keys = series(named: "messages.wanted").map(\.key)
    if !keys.isEmpty {
      let wanted = spans.reduce(0.0) { total, span in
        total + (keys.map { gain(of: $0, in: [span]) }.max() ?? 0)
      }
      // Only patterns with a `wanted` series count: a server's pushes have none.
      let sent = keys.reduce(0.0) { total, key in
        total + spans.reduce(0.0) { $0 + sentWhileWanted(key, in: $1) }
      }
      if wanted > 0, sent > 0 { return sent / wanted }
    }
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

  /// How many messages of a pattern count for its rate over a stretch: those that were sent before the time in
  /// which they were wanted had ended. The rest, which a slow client sends after that, does not count unless it is
  /// at most a hundredth of all.
  ///
  /// - Parameter wanted: the pattern's series of `messages.wanted`.
  private func sentWhileWanted(_ wanted: Series.Key, in span: ClosedRange<Double>) -> Double {
    let key = Series.Key.messages(.sent, wanted.label)
    let all = gain(of: key, in: [span])
    guard let series = series(wanted),
      let end = series.first(in: span, atLeast: series.level(at: span.upperBound, orNext: true))
    else { return all }
    let inTime = gain(of: key, in: [span.lowerBound...end])
    return all - inTime > all / 100 ? inTime : all
  }

  /// How many connections had sent messages and never got an answer: the most at any of these instants.
  func unanswered(at instants: [Double]) -> Int {
    instants.compactMap { series(.unanswered)?.level(at: $0) }.max().map { Int(saturating: $0) }
      ?? 0
  }

  /// What a counter rose by in these stretches together; 0 where it fell, or where there is no such series. A
  /// fall in one stretch is subtracted from the rise in another.
  package func gain(of key: Series.Key, in spans: [ClosedRange<Double>]) -> Double {
    max(0, change(of: key, in: spans))
  }

  /// What a counter changed by in these stretches together; 0 where there is no such series.
  private func change(of key: Series.Key, in spans: [ClosedRange<Double>]) -> Double {
    guard let series = series(key) else { return 0 }
    return spans.reduce(0) { $0 + series.change(in: $1) }
  }
}
