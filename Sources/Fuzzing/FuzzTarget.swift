/// One kind of input that comes from others, and what must hold whatever it says.
///
/// Where the product traps, the target traps too, and libFuzzer reports that by itself. The target returns in
/// words whatever else is wrong.
package enum FuzzTarget: String, CaseIterable, Sendable {
  /// A plan with the files that it includes, plays or sends.
  case plan
  /// Counts, durations, rates, shares, sizes and tolerances.
  case units
  /// Addresses, ranges, endpoints, targets and ports.
  case addresses
  /// Conditions, and the limit that a plan expects.
  case thresholds
  /// The recording of a run, and all that is made of it: verdict, reports, replay, comparison.
  case recording
  /// What a recording says that the workers drove (`DriveEntry`).
  case drive
  /// What peers say to each other, written as a file of conversations and read again; or such a file.
  case capture
  /// What a server answers, in any pieces.
  case answers
  /// What either end says in a protocol, in any pieces.
  case protocols
  /// What somebody between the two ends of a session does, in any pieces.
  case sessions

  /// What is wrong with what the product makes of these bytes; nil when nothing is.
  package func finding(in bytes: [UInt8]) -> String? {
    switch self {
    case .plan: planFinding(in: bytes)
    case .units: unitsFinding(in: bytes)
    case .addresses: addressesFinding(in: bytes)
    case .thresholds: thresholdsFinding(in: bytes)
    case .recording: recordingFinding(in: bytes)
    case .drive: driveFinding(in: bytes)
    case .capture: captureFinding(in: bytes)
    case .answers: answersFinding(in: bytes)
    case .protocols: protocolsFinding(in: bytes)
    case .sessions: sessionsFinding(in: bytes)
    }
  }
}
