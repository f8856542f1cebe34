import Plan

/// A plan of the command line, read once: its file may be a pipe.
struct LoadedPlan {
  /// Path as the user gave it.
  let file: String
  let plan: Result<Plan, InvalidPlan>

  init(_ file: String, _ settings: PlanSettings) {
    self.file = file
    plan = Result { () throws(InvalidPlan) in try settings.load(file) }
  }

  /// The plan's name; where the plan is too broken to say it, the name that follows from its file.
  var name: String {
    switch plan {
    case .success(let plan): plan.name
    case .failure(let invalid): invalid.name ?? Plan.defaultName(ofFile: file)
    }
  }
}
