/// What became of a message.
package enum MessageOutcome: String, Sendable, CaseIterable {
  /// Begun, whatever became of it.
  case sent
  /// Answered rightly and in time; a message without an expectation counts here once it is sent.
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

/// How the messages of one pattern fared.
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

  /// How the messages fared in these stretches of the run, pattern by pattern.
  package func messages(in spans: [ClosedRange<Double>]) -> [MessageTotals] {
    return messagePatterns.map { pattern in
      var counts: [MessageOutcome: Int] = [:]
      // A late answer takes its message out of `missing`, and counts it as `late` or `wrong`. Where `missing`
      // falls in these stretches, messages from before them were answered. They are not lost in these.
      var answered = max(0, -change(of: .messages(.missing, pattern), in: spans))
      // Most late answers are right, so they are taken out of `late` first.
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

  /// Messages sent per second, over the time in which they were wanted. Nil when none were sent.
  ///
  /// That time is not recorded for a server's pushes, nor before format 1.3. Then it is taken to
  /// last from the start of each stretch to the sample that first shows all its messages as sent.
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

  /// How many messages of a pattern count for its rate over a stretch: those that were sent by the time at
  /// which the last one was due. What a slow client sends after that says nothing of its rate. Where at most
  /// a hundredth of the messages was sent after that, all of them count.
  private func sentWhileWanted(_ wanted: Series.Key, in span: ClosedRange<Double>) -> Double {
    let key = Series.Key.messages(.sent, wanted.label)
    let all = gain(of: key, in: [span])
    guard let series = series(wanted),
      let end = series.first(in: span, atLeast: series.level(at: span.upperBound, orNext: true))
    else { return all }
    let inTime = gain(of: key, in: [span.lowerBound...end])
    return all - inTime > all / 100 ? inTime : all
  }

  /// The most connections that had sent messages and never got an answer, at any of these instants.
  func unanswered(at instants: [Double]) -> Int {
    instants.compactMap { series(.unanswered)?.level(at: $0) }.max().map { Int(saturating: $0) }
      ?? 0
  }

  /// What a counter rose by in these stretches together; 0 when it fell, or nothing counted. A fall
  /// in one stretch is subtracted from the rise in another.
  package func gain(of key: Series.Key, in spans: [ClosedRange<Double>]) -> Double {
    max(0, change(of: key, in: spans))
  }

  /// What a counter changed by in these stretches together; 0 when nothing counted.
  private func change(of key: Series.Key, in spans: [ClosedRange<Double>]) -> Double {
    guard let series = series(key) else { return 0 }
    return spans.reduce(0) { $0 + series.change(in: $1) }
  }
}
