import Coordination
import FoundationEssentials
import Host
import Judgement
import Linux
import Plan
import Recording
import Report
import SystemPackage

/// Writes the reports of a run to its files, and tells the result on standard output.
struct Publication {
  let files: RunFiles
  var flavour = JUnitFlavour.jenkins

  private var outputs: OutputFiles {
    OutputFiles(
      recording: files.recording, html: files.html, junit: files.junit,
      directory: FileManager.default.currentDirectoryPath)
  }

  /// How a run's result is told on standard output.
  enum OutputOptions {
    case json
    case summary(colour: Bool)
    case silent

    init(json: Bool, quiet: Bool, colour: Bool) {
      self = json ? .json : quiet ? .silent : .summary(colour: colour && Terminal.hasOutput)
    }
  }

  /// Writes every report of a run and tells the result. Returns the exit code.
  ///
  /// Where one report cannot be written, the others still are, and the result is still told.
  func publish(
    _ recording: Recording, _ judgement: Judgement, earlier: EarlierRuns, _ output: OutputOptions
  ) -> Int32 {
    let shown = recording.masked(judgement)
    let recording = shown.0
    var (judgement, written) = (shown.1, outputs)
    // Where the recording was deleted while the run went on, no report names its file.
    if !FileManager.default.fileExists(atPath: files.recording) { written.recording = nil }
    do throws(FileProblem) {
      try RunFiles.write(
        junit(recording, judgement, files: written, flavour: flavour), to: files.junit, over: .xml)
    } catch {
      written.junit = nil
      judgement.exitCode = notWritten(error, recording)
    }
    do throws(FileProblem) {
      try files.writePage(html(recording, judgement, earlier: earlier))
    } catch {
      written.html = nil
      judgement.exitCode = notWritten(error, recording)
    }
    let failure =
      switch output {
      case .json: tell(jsonSummary(recording, judgement, files: written) + "\n")
      case .summary(let colour):
        tell(Report.summary(recording, judgement, files: written, colour: colour) + "\n")
      case .silent: Int32?.none
      }
    return failure ?? judgement.exitCode
  }

  /// Says that a report cannot be written. Returns the exit code.
  private func notWritten(_ problem: FileProblem, _ recording: Recording) -> Int32 {
    complain(
      "\(recording.planName): a report cannot be written: \(problem)", ExitStatus.notWritten)
  }
}

// MARK: - Before a run, and where no recording can be read

extension Publication {
  /// Before the run starts: removes the page of an earlier run, and writes a JUnit file that says
  /// that this run did not finish. The run's own JUnit file replaces that one. Where the run is
  /// killed, that one stays and is true.
  func replaceOldReports(
    of plan: Plan, saying reason: String = Self.unfinished
  ) throws(FileProblem) {
    for (path, kind) in files.page { try RunFiles.check(writingTo: path, over: kind) }
    try RunFiles.check(writingTo: files.junit, over: .xml)
    guard files.html != files.junit || RunFiles.isSpecial(files.html) else {
      throw FileProblem(files.html, "the page and the JUnit XML would be the same file")
    }
    try files.removePage()
    // What went into a pipe cannot be replaced: its reader would get a second document.
    guard !RunFiles.isSpecial(files.junit) else { return }
    let (recording, judgement) = Self.unstartedRun(plan, reason, ExitStatus.fault)
    try RunFiles.write(
      junit(recording, judgement, files: outputs, flavour: flavour), to: files.junit, over: .xml)
  }

  static let unfinished = "the run did not finish: it was killed, or it is still under way"

  /// Reports a run that never began: the JUnit file has its phases, none of them reached. Returns
  /// the exit code.
  ///
  /// - Parameter prepared: the prepared run; nil where its preparation failed.
  func publish(
    _ plan: Plan, _ prepared: PreparedRun? = nil, failedFor reason: String, code: Int32, json: Bool
  ) -> Int32 {
    let (recording, judgement) = Self.unstartedRun(plan, reason, code, prepared)
    return publish(recording, judgement, json: json) {
      junit($0, $1, files: $2, flavour: flavour)
    }
  }

  /// Reports a plan that is invalid. Returns the exit code.
  func publish(_ invalid: InvalidPlan, plan name: String, json: Bool) -> Int32 {
    let recording = Recording(planName: name) {
      $0.planFile = invalid.file
      $0.started = Clock.timestamp()
      $0.fault = "\(invalid)"
      $0.hostname = HostDescription.current().hostname
    }
    let judgement = Judgement(
      verdict: .error, exitCode: ExitStatus.invalidPlan, headline: "invalid plan")
    let first = invalid.diagnostics.first
    return publish(recording, judgement, json: json) { recording, _, _ in
      junit(
        invalidPlan: name, message: "\(invalid)", hostname: recording.hostname,
        started: recording.started,
        file: flavour == .extended ? first?.file ?? invalid.file : nil, errorLine: first?.line)
    }
  }

  /// Writes the JUnit file of a recording that cannot be read.
  func publish(unreadable error: RecordingError) throws(FileProblem) {
    let name = RunFiles.planName(ofJUnit: files.junit)
    let recording = Recording(planName: name) {
      $0.started = Clock.timestamp()
      $0.fault = "\(error)"
    }
    let judgement = Judgement(
      verdict: .error, exitCode: ExitStatus.fault, headline: "\(error)")
    try RunFiles.write(
      junit(recording, judgement, files: outputs, flavour: flavour), to: files.junit, over: .xml)
  }

  /// Writes the JUnit file of a run that never began, removes the page of an earlier run, and prints
  /// the result for `--json`. Returns the exit code.
  private func publish(
    _ recording: Recording, _ judgement: Judgement, json: Bool,
    _ junitFile: (Recording, Judgement, OutputFiles) -> [UInt8]
  ) -> Int32 {
    var judgement = judgement
    var written = OutputFiles(junit: files.junit, directory: outputs.directory)
    func note(_ problem: FileProblem) {
      // Where this problem is the reason why there is no run, the user has been told already.
      judgement.exitCode =
        "\(problem)" == recording.fault
        ? ExitStatus.notWritten : notWritten(problem, recording)
    }
    do throws(FileProblem) {
      try RunFiles.write(junitFile(recording, judgement, written), to: files.junit, over: .xml)
    } catch {
      written.junit = nil
      note(error)
    }
    do throws(FileProblem) { try files.removePage() } catch { note(error) }
    let failure = json ? tell(jsonSummary(recording, judgement, files: written) + "\n") : nil
    return failure ?? judgement.exitCode
  }

  /// A recording of a run that has not started, and its judgement: an error for this reason.
  private static func unstartedRun(
    _ plan: Plan, _ reason: String, _ code: Int32, _ prepared: PreparedRun? = nil
  ) -> (Recording, Judgement) {
    let host = prepared?.host ?? HostDescription.current()
    let recording = Recording(planName: plan.name) {
      $0.planFile = plan.file
      $0.planText = plan.text
      $0.effectivePlan = plan.effective
      $0.started = Clock.timestamp()
      $0.fault = reason
      $0.hostname = host.hostname
      $0.host = host.facts
      $0.phases = plan.phases.map(PhaseRecord.init)
      $0.prediction = prepared?.prediction ?? []
    }
    let headline = reason.split(whereSeparator: \.isNewline).first.map(String.init) ?? reason
    return (recording, Judgement(verdict: .error, exitCode: code, headline: headline))
  }
}

extension RunFiles {
  /// The files of the page, and what kind of file each may replace: the page, its stylesheet and
  /// its script. A page that goes to a device or a pipe has no files beside it.
  var page: [(String, Replaceable)] {
    let beside: [(String, Replaceable)] = [(stylesheet, .style), (script, .script)]
    return [(html, .page)] + (Self.isSpecial(html) ? [] : beside)
  }

  /// Writes the page with its stylesheet and script; to a device or a pipe, the page alone.
  func writePage(_ page: [UInt8]) throws(FileProblem) {
    for (path, kind) in self.page { try Self.check(writingTo: path, over: kind) }
    try Self.write(page, to: html, over: .page)
    guard !Self.isSpecial(html) else { return }
    try Self.write(Report.stylesheet, to: stylesheet, over: .style)
    try Self.write(Report.script, to: script, over: .script)
  }

  /// Removes the page that an earlier run left, which would be taken for the page of this run.
  func removePage() throws(FileProblem) {
    guard !Self.isSpecial(html) else { return }
    try Self.checkReplaced(html, .page)
    try FileProblem.naming(html) { () throws(Errno) in try FileSystem.remove(html) }
  }
}
