import Coordination
import Plan

/// Tells how a run goes without values that may be secrets: peers repeat them, and logs keep what is told.
struct MaskedProgress: Progress {
  private var shown: any Progress
  /// By the names of their variables.
  private let values: [String: String]

  init(_ shown: any Progress, hiding values: [String: String]) {
    self.shown = shown
    self.values = values
  }

  mutating func phaseChanged(_ state: ProgressState) { shown.phaseChanged(masked(state)) }
  mutating func update(_ state: ProgressState) { shown.update(masked(state)) }
  mutating func note(_ text: String) { shown.note(Mask.hide(values, in: text)) }
  mutating func finish() { shown.finish() }

  private func masked(_ state: ProgressState) -> ProgressState {
    guard let limit = state.limit else { return state }
    var state = state
    state.limit = Mask.hide(values, in: limit)
    return state
  }
}
