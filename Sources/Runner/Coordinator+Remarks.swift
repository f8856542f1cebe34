import Plan
import Probe
import Recording

/// Saying of a phase what the numbers alone do not.
extension Coordinator {
  /// Messages that were due and not sent so far.
  var unsentMessages: Int {
    plan.patterns.indices.reduce(0) { $0 + fleet.total($1, .unsent, .client) }
  }

  /// Says that the load was not what was planned, where it was not.
  mutating func remarkOnMessages(unsent: Int) {
    guard unsent > 0, !interrupted else { return }
    let remark =
      "\(Format.count(unsent)) messages were due and not sent: no connection was free for them"
    add(remark)
  }

  /// Says what a peer said that nobody had asked, as servers do that turn a connection away.
  ///
  /// - Parameter before: connections that had been told something when the phase began.
  mutating func remarkOnUnasked(since before: Int) {
    let told = fleet.total(.unasked, .client) - before
    guard told > 0,
      let said = fleet.members.lazy.map(\.board.unasked).first(where: { !$0.isEmpty })
    else { return }
    add("\(Format.count(told)) connections were told something unasked: \(EscapedText.shown(said))")
  }

  private mutating func add(_ remark: String) {
    let before = state.phases[phase].remark
    state.phases[phase].remark = before.isEmpty ? remark : "\(before); \(remark)"
    progress.note("\(plan.name): \(state.phases[phase].name): \(remark)")
  }
}
