import Judgement
import Recording

/// Every message that was begun has one outcome.
extension Oracle {
  func checkMessages() {
    let isWhole = recording.workers.allSatisfy { $0.end == .server || $0.exitCode == 0 }
    for totals in recording.messages(in: [0...recording.duration]) where isWhole {
      let over = MessageOutcome.lost.map { totals[$0] }.reduce(totals[.received], +)
      // Whoever interrupts a run does not wait for answers.
      let mayLack = judgement.verdict == .interrupted
      expect(
        totals[.sent] == over || mayLack && totals[.sent] > over, "messages",
        "\(totals[.sent]) of \(totals.pattern) were sent, and \(over) are accounted for")
      if scenario.theme == .calm {
        expect(totals.lost == 0, "messages", "\(totals.lost) of \(totals.pattern) are called lost")
      }
    }
  }
}
