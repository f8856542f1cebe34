import FoundationEssentials
import Plan
import Report

/// Options that name one file, when several plans share them.
extension RunOptions {
  /// As given, but that every plan's reports stay in a directory of its own.
  var withFilesApart: RunOptions {
    var options = self
    options.junit = nil
    return options
  }

  /// Puts what these plans left into the one file that `--junit` names; nothing without it. Returns
  /// the exit code.
  func mergeJUnit(of plans: [String], _ settings: PlanSettings) -> Int32 {
    guard let junit else { return ExitStatus.passed }
    do {
      var paths: [String] = []
      for plan in plans {
        let path = RunFiles(plan: name(of: plan, settings), out: out, junit: nil, html: nil).junit
        if !paths.contains(path) { paths.append(path) }
      }
      let files = try paths.map { [UInt8](try Data(contentsOf: URL(filePath: $0))) }
      try RunFiles.write(Report.junit(merging: files), to: junit)
      return ExitStatus.passed
    } catch {
      return complain("\(junit): the report cannot be written: \(error)", ExitStatus.notWritten)
    }
  }

  /// What a plan is called, which its file need not be; an invalid one is called after its file.
  private func name(of file: String, _ settings: PlanSettings) -> String {
    (try? settings.load(file))?.name ?? Plan.defaultName(ofFile: file)
  }
}
