import Judgement
import Messages
import Plan
import Recording

/// Every message that was begun has one outcome.
extension Oracle {
  func checkMessages() {
    let isWhole = recording.workers.allSatisfy { $0.end == .server || $0.exitCode == 0 }
    for totals in recording.messages(in: [0...recording.duration]) where isWhole {
      let outcomes = MessageOutcome.lost.map { totals[$0] }.reduce(totals[.received], +)
      // An interrupted run does not wait for answers, and a full disk takes no more samples: in both
      // cases some outcomes may be missing.
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

  /// A pattern without a pace leaves the other patterns no idle connection, and they are late.
  var isPaced: Bool { !scenario.plan.patterns.contains { $0.pace == .unlimited } }
}
