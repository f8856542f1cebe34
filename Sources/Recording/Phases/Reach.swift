/// How far a run or one of its phases came, to be compared with the goal.
package struct Reach: Sendable, Equatable {
  /// The phase that the figures are about; nil for the whole run.
  package let phase: String?
  /// The most connections asked for; nil where none were.
  package let goal: Int?
  /// The most connections held at once at the client end.
  package let established: Int
  /// The most connections that stood at both ends in any phase (`Recording.held(in:)`). A close counts
  /// only where there is no other phase.
  package let held: Int
  /// The most connections that stood at both ends in the phase with the highest goal, or in a later
  /// phase. It is `held` where no phase with that goal was begun, and where more connections than
  /// the goal were established.
  private let reached: Int

  init(_ recording: Recording, phase name: String?) {
    let phases = recording.phases.filter { name == nil || $0.name == name }
    phase = name
    let goal = phases.compactMap(\.goal).max()
    self.goal = goal
    let established = recording.most(
      \.established, .established, of: phases, isWhole: name == nil)
    self.established = established
    // A close opens nothing: its connections count in the phases before it.
    let standing = phases.filter { !$0.kind.closes }
    let held = (standing.isEmpty ? phases : standing).map(recording.held).max() ?? established
    self.held = held
    // The phases before the one with the highest goal are left out: connections that were closed
    // before it began do not count towards its goal.
    let asking = phases.lastIndex { $0.goal != nil && $0.goal == goal && $0.started != nil }
    let since = asking.map { phases[$0...].filter { !$0.kind.closes } } ?? []
    let isWithinGoal = goal.map { established <= $0 } ?? false
    reached = isWithinGoal ? since.map(recording.held).max() ?? held : held
  }

  /// "19,936 of 1,000,000 connections".
  package var progress: String {
    "\(Format.count(reached))\(ofGoal) connections"
  }

  /// " of 1,000,000"; empty without a goal, and where more were established, as in a churn.
  package var ofGoal: String {
    goal.map { established <= $0 ? " of \(Format.count($0))" : "" } ?? ""
  }
}
