/// How far a run, or one phase of it, came: what a goal is compared with.
package struct Reach: Sendable, Equatable {
  /// The phase that it is about; nil for the whole run.
  package let phase: String?
  /// The most connections asked for; nil where none were.
  package let goal: Int?
  /// The most held at once at the client end.
  package let established: Int
  /// The most that stood at both ends: what a phase established, less its phantoms.
  package let held: Int

  init(_ recording: Recording, phase name: String?) {
    let phases = recording.phases.filter { name == nil || $0.name == name }
    phase = name
    goal = phases.compactMap(\.goal).max()
    established = recording.most(\.established, .established, of: phases, isWhole: name == nil)
    // What a close begins with stood before, or never did.
    let standing = phases.filter { !$0.kind.closes }
    held = (standing.isEmpty ? phases : standing).map(recording.held).max() ?? established
  }

  /// "19,936 of 1,000,000 connections".
  package var progress: String {
    "\(Format.count(held))\(ofGoal) connections"
  }

  /// " of 1,000,000"; nothing without a goal, and where a churn held more than was to stay.
  package var ofGoal: String {
    goal.map { established <= $0 ? " of \(Format.count($0))" : "" } ?? ""
  }
}
