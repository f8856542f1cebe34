/// Exit codes of the program. docs/verdict.md says when a run ends with which.
package enum ExitStatus {
  package static let passed: Int32 = 0
  /// The program could not do what it was asked to: a run did not come to its end, or a recording cannot be read.
  package static let fault: Int32 = 1
  /// The command line is wrong (EX_USAGE of sysexits.h).
  package static let usage: Int32 = 64
  /// A threshold failed, the expected limit was not reached, or a comparison found a regression.
  package static let thresholdFailed: Int32 = 99
  /// A phase broke its promise, and the plan did not expect it.
  package static let limit: Int32 = 100
  /// A plan is wrong, or its target cannot be used.
  package static let invalidPlan: Int32 = 104
  /// A signal ended the run.
  package static let interrupted: Int32 = 105
  /// The run was not begun: preflight found the host too small for the plan, or not clean.
  package static let preflightRefused: Int32 = 106
  /// A report, a recording or standard output could not be written.
  package static let notWritten: Int32 = 107

  /// The failures of plans, the gravest first: of several plans' codes the first in this list decides.
  package static let ranking: [Int32] = [
    notWritten, fault, interrupted, invalidPlan, preflightRefused, limit, thresholdFailed,
  ]

  /// The exit code of a run of several plans.
  package static func worst(of codes: [Int32]) -> Int32 {
    ranking.first(where: codes.contains) ?? codes.first { $0 != passed } ?? passed
  }
}
