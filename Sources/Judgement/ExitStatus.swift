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

  /// The exit code of a run of several plans.
  package static func worst(of codes: [Int32]) -> Int32 {
    ranking.first(where: codes.contains) ?? codes.first { $0 != passed } ?? passed
  }
}
