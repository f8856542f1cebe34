import Plan
package import Recording

/// What a recording amounts to: its verdict, and what the verdict rests on.
package struct Judgement: Sendable, Equatable {
  package var verdict: Verdict
  /// The program's exit code for the verdict (`ExitStatus`).
  package var exitCode: Int32
  package var thresholds: [ThresholdResult]
  /// Whether the limit that the plan expects was reached; nil when it expects none.
  package var expectation: Expectation?
  /// The limit of the phase that decided, whatever the verdict is. Nil where no phase decided, or where no
  /// limit of that phase was recorded.
  ///
  /// The phase that decided is the first of these that there is: the first phase that broke its promise in a
  /// way that the plan does not expect; the first that broke its promise; a search that found its number at
  /// the expected limit.
  package var limit: LimitRecord?
  /// The phases that broke their promise, without those whose limit the plan expects.
  package var broken: [BrokenPhase]
  /// One line for people: "limit reached: 19,936 of 1,000,000 connections; client socket: EMFILE
  /// (Too many open files)".
  package var headline: String
  /// Whether the run came to its end and has tested nothing, as its server was not there (docs/verdict.md, "The order").
  package var hasTestedNothing = false
  /// Where samples are missing. Gaps do not change the verdict; they warn whoever reads a curve.
  package var gaps: [SampleGap] = []

  package init(
    verdict: Verdict, exitCode: Int32, thresholds: [ThresholdResult] = [],
    expectation: Expectation? = nil, limit: LimitRecord? = nil,
    broken: [BrokenPhase] = [], headline: String
  ) {
    self.verdict = verdict
    self.exitCode = exitCode
    self.thresholds = thresholds
    self.expectation = expectation
    self.limit = limit
    self.broken = broken
    self.headline = headline
  }
}

extension Judgement {
  /// Whether the thresholds count. They do not where the run was interrupted, did not come to its end or has tested
  /// nothing, nor where the plan cannot be read: what they measured decides nothing then.
  package var judgesThresholds: Bool { verdict != .interrupted && verdict != .error }

  /// Why the thresholds are not judged, as the end of a sentence.
  package var notJudged: String {
    if hasTestedNothing { return "nothing was tested" }
    return verdict == .interrupted ? "the run was interrupted" : "the run did not come to its end"
  }
}

/// The limit that a run is meant to reach, and whether the run did.
package struct Expectation: Sendable, Equatable {
  /// As the effective plan writes it: "expect-limit: {errno: EMFILE, at: socket}".
  package var text: String
  package var met: Bool
  /// What was reached and, where that was not the expected limit, why it was not; as one phrase.
  package var reason: String

  package init(text: String, met: Bool, reason: String) {
    self.text = text
    self.met = met
    self.reason = reason
  }

  /// - Parameter decisive: the phase that decided (`Judgement.limit`); nil where none did.
  init(_ expected: ExpectedLimit, _ decisive: BrokenPhase?, in recording: Recording) {
    text = "expect-limit: \(expected.yaml)"
    guard let decisive else {
      (met, reason) = (false, "no limit was reached")
      return
    }
    let held = recording.held(in: decisive.phase)
    let mismatch = decisive.mismatch(with: expected, held: held)
    met = mismatch == nil
    let cause = decisive.limit?.cause ?? "its cause was not recorded"
    reason = ["\(Format.count(held)) connections; \(cause)", mismatch].compactMap(\.self)
      .joined(separator: "; ")
  }
}
