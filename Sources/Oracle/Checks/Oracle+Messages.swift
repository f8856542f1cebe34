import Judgement
import Messages
import Plan
import Recording

/// Every message that a client began to send has one outcome.
extension Oracle {
  func checkMessages() {
    let isWhole = recording.workers.allSatisfy { $0.end == .server || $0.exitCode == 0 }
    for totals in recording.messages(in: [0...recording.duration]) where isWhole {
      let outcomes = MessageOutcome.lost.map { totals[$0] }.reduce(totals[.received], +)
      // An interrupted run does not wait for answers, and on a full disk no more samples are kept. In both cases
      // the recording may lack some outcomes.
      let mayLack = judgement.verdict == .interrupted || writeError != nil
      expect(
        totals[.sent] == outcomes || mayLack && totals[.sent] > outcomes, "messages",
        "\(totals[.sent]) of \(totals.pattern) were sent, and \(outcomes) are accounted for")
      if scenario.theme == .calm, isPaced {
        expect(
          totals.lost == 0, "messages",
          "of \(totals.pattern): \(MessageOutcome.allCases.map { "\(totals[$0]) \($0)" })")
      }
    }
  }

  /// Whether no pattern has `rate: unlimited`. Such a pattern leaves the other patterns no idle connection, so their
  /// messages are late.
  var isPaced: Bool { !scenario.plan.patterns.contains { $0.pace == .unlimited } }
}
