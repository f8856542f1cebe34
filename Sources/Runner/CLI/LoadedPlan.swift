import Plan

/// A plan that the command line names. Its file is read only once, because it may be a pipe.
struct LoadedPlan {
  /// Path as the user gave it.
  let file: String
  let plan: Result<Plan, InvalidPlan>

  init(_ file: String, _ settings: PlanSettings) {
    self.file = file
    plan = Result { () throws(InvalidPlan) in try settings.load(file) }
  }

  /// The plan's name. Where the plan is invalid and no name can be read, the name that a plan in
  /// this file has by default.
  var name: String {
    switch plan {
    case .success(let plan): plan.name
    case .failure(let invalid): invalid.name ?? Plan.defaultName(ofFile: file)
    }
  }
}
