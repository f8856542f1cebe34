package import Recording

/// What a recording amounts to.
package struct Judgement: Sendable, Equatable {
  package var verdict: Verdict
  /// The program's exit code for it.
  package var exitCode: Int32
  package var thresholds: [ThresholdResult]
  /// The limit that decided the verdict: the first in time, but the server's where the client
  /// counts connections that the server never accepted.
  package var limit: LimitRecord?
  /// One line for people: "limit reached: 19,936 of 1,000,000 connections; client socket: EMFILE
  /// (Too many open files)".
  package var headline: String

  package init(
    verdict: Verdict, exitCode: Int32, thresholds: [ThresholdResult] = [],
    limit: LimitRecord? = nil, headline: String
  ) {
    self.verdict = verdict
    self.exitCode = exitCode
    self.thresholds = thresholds
    self.limit = limit
    self.headline = headline
  }
}

/// Exit codes of the program.
package enum ExitStatus {
  package static let passed: Int32 = 0
  package static let fault: Int32 = 1
  package static let usage: Int32 = 64
  package static let thresholdFailed: Int32 = 99
  package static let limit: Int32 = 100
  package static let invalidPlan: Int32 = 104
  package static let interrupted: Int32 = 105
  package static let preflightRefused: Int32 = 106
  package static let notWritten: Int32 = 107

  /// Failures from the highest-ranking down: with several plans, the first of these decides.
  package static let ranking: [Int32] = [
    notWritten, fault, interrupted, invalidPlan, preflightRefused, limit, thresholdFailed,
  ]

  /// What several plans together end with.
  package static func worst(of codes: [Int32]) -> Int32 {
    ranking.first(where: codes.contains) ?? codes.first { $0 != passed } ?? passed
  }
}
