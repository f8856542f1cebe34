import FoundationEssentials
import Judgement
import Plan
import Report

/// Plans that run one after the other, and `--junit`, which names one file for all of them.
extension RunOptions {
  /// The options without `--junit`, so that every plan's reports are in a directory of their own.
  var withFilesApart: RunOptions {
    var options = self
    options.junit = nil
    return options
  }

  /// Why these plans cannot run in one go; nil when they can.
  func clash(of plans: [LoadedPlan]) -> String? {
    for (index, plan) in plans.enumerated() {
      guard let other = plans[..<index].first(where: { $0.name == plan.name }) else { continue }
      return other.file == plan.file
        ? "\(plan.file) is given twice: its second run would write over the reports of the first."
        : "\(other.file) and \(plan.file) are both called '\(plan.name)', and would write over each "
          + "other's reports in \(files(of: plan.name).directory); give one of them another name."
    }
    return nil
  }

  /// Replaces the reports of earlier runs before the first of several plans starts. So a plan whose
  /// turn never comes has no old report. Returns the exit code.
  func replaceOldReports(of plans: [LoadedPlan]) -> Int32 {
    do throws(FileProblem) {
      for loaded in plans {
        let files = withFilesApart.files(of: loaded.name)
        // Another run's directory is left alone. This plan's run will say that it is locked.
        try RunFiles.makeDirectory(files.directory)
        guard !files.isLocked else { continue }
        let publication = Publication(files: files, flavour: junitFlavour)
        switch loaded.plan {
        case .success(let plan):
          try publication.replaceOldReports(of: plan, saying: Self.notReached)
        case .failure(let invalid):
          let code = publication.publish(invalid, plan: loaded.name, json: false)
          guard code == ExitStatus.invalidPlan else { return code }
        }
      }
      if let junit, !RunFiles.isSpecial(junit) {
        try RunFiles.write(merged(plans).bytes, to: junit, over: .xml)
      }
      return ExitStatus.passed
    } catch {
      return complain("a report cannot be written: \(error)", ExitStatus.notWritten)
    }
  }

  private static let notReached = "the plan did not run: what ran before it was cut off"

  /// Merges the plans' JUnit files into the one that `--junit` names; does nothing without that
  /// option. Returns the exit code.
  func mergeJUnit(of plans: [LoadedPlan]) -> Int32 {
    guard let junit else { return ExitStatus.passed }
    let (bytes, problems) = merged(plans)
    for problem in problems {
      _ = complain("\(junit): a plan is in it as an error: \(problem)", ExitStatus.notWritten)
    }
    do throws(FileProblem) {
      try RunFiles.write(bytes, to: junit, over: .xml)
    } catch {
      return complain("\(junit): the report cannot be written: \(error)", ExitStatus.notWritten)
    }
    return problems.isEmpty ? ExitStatus.passed : ExitStatus.notWritten
  }

  /// The JUnit reports of all plans merged into one, and what is wrong with any. For a missing or
  /// broken report, the merged one has an error in its place.
  private func merged(_ plans: [LoadedPlan]) -> (bytes: [UInt8], problems: [String]) {
    var problems: [String] = []
    let reports = plans.map { plan in
      let path = withFilesApart.files(of: plan.name).junit
      let bytes = (try? Data(contentsOf: URL(filePath: path))).map { [UInt8]($0) }
      let report = PlanReport(plan: plan.name, path: path, junit: bytes)
      if let problem = report.problem { problems.append(problem) }
      return report
    }
    return (Report.junit(merging: reports), problems)
  }
}
