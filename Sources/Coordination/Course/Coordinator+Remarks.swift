import Messages
import Plan
import Probe
import Recording
import TLS

/// Adds remarks to a phase: what its numbers alone do not say.
extension Coordinator {
  /// Messages that were due since the run began and were not sent.
  var unsentMessages: Int {
    plan.patterns.indices.reduce(0) { $0 + fleet.total($1, .unsent, .client) }
  }

  /// Says how many messages of the phase were due and not sent, if any.
  mutating func remarkOnMessages(unsent: Int) {
    guard unsent > 0, !course.isInterrupted else { return }
    let were = unsent == 1 ? "message was" : "messages were"
    add(
      "\(Format.count(unsent)) \(were) due and not sent: no connection was free for them, or the clients"
        + " had fallen behind")
  }

  /// Says how many connections a phase without a promise has lost, as the verdict does not count them.
  ///
  /// - Parameter before: connections that had been closed by the peer when the phase began.
  mutating func remarkOnLosses(since before: Int) {
    let lost = fleet.total(.closedByPeer, .client) - before
    guard !plan.phases[phaseIndex].kind.phaseKind.promises, lost > 0 else { return }
    let were = lost == 1 ? "connection was" : "connections were"
    add("\(Format.count(lost)) \(were) closed by the peer meanwhile")
  }

  /// Says what a peer sent unasked: a server that turns a connection away often says why.
  ///
  /// - Parameter before: connections on which something had come unasked when the phase began.
  mutating func remarkOnUnasked(since before: Int) {
    let told = fleet.total(.unasked, .client) - before
    guard told > 0,
      let said = fleet.members.lazy.map(\.board.unasked).first(where: { !$0.isEmpty })
    else { return }
    let were = told == 1 ? "connection was" : "connections were"
    add("\(Format.count(told)) \(were) told something unasked: \(shown(said))")
  }

  /// What a peer said, as a quoted text. Where the plan has no TLS and the text is an alert of TLS, the alert's
  /// name is added: a TLS server answers a plain client so.
  /// Values of the plan's `data` are taken out.
  func shown(_ said: [UInt8]) -> String {
    let text = EscapedText.shown(DataMask(plan.data.flatMap(\.columns)).masked(said))
    guard plan.tls == nil, let alert = Alert.words(of: said) else { return text }
    return "\(text), which is \(alert)"
  }

  /// Wrong answers so far, by pattern.
  var wrongAnswers: [Int] { plan.patterns.indices.map { fleet.total($0, .wrong, .client) } }

  /// Says what the peer answered where its answers were wrong. Numbers alone do not tell a refusal of the peer
  /// from a mistake in the plan.
  ///
  /// - Parameter before: wrong answers when the phase began, by pattern.
  mutating func remarkOnWrongAnswers(since before: [Int]) {
    for (index, count) in zip(wrongAnswers, before).map(-).enumerated() where count > 0 {
      var said: [[UInt8]] = []
      for answer in fleet.members.lazy.flatMap({ $0.board.wrongAnswers(index) })
      where said.count < 3 && !said.contains(where: { Scoreboard.beginAlike($0, answer) }) {
        said.append(answer)
      }
      guard !said.isEmpty else { continue }
      let answers =
        count == 1
        ? "answer to \(plan.patterns[index].name) was"
        : "answers to \(plan.patterns[index].name) were"
      var texts: [String] = []
      for answer in said {
        let text = shown(answer)
        if !texts.contains(text) { texts.append(text) }
      }
      let placeholder = plan.patterns[index].placeholderInExpectation(plan.data).map {
        "; the expected text has \($0), which stands there as it is written: expect: echo or matches: takes what"
          + " varies"
      }
      add(
        "\(Format.count(count)) \(answers) wrong: \(texts.joined(separator: ", "))\(placeholder ?? "")"
      )
    }
  }

  private mutating func add(_ remark: String) {
    let before = state.phases[phaseIndex].remark
    state.phases[phaseIndex].remark = before.isEmpty ? remark : "\(before); \(remark)"
    progress.note("\(plan.name): \(state.phases[phaseIndex].name): \(remark)")
  }
}
