import FoundationEssentials
import Host
import Linux
import Plan
import Recording
import Report

/// Puts the reports of a run where its files belong.
struct Publication {
  let files: RunFiles
  var flavour = JUnitFlavour.jenkins

  private var outputs: OutputFiles {
    OutputFiles(
      recording: files.recording, html: files.html, junit: files.junit,
      directory: FileManager.default.currentDirectoryPath)
  }

  /// How a run's result is told on standard output.
  enum Voice {
    case json
    case summary(colour: Bool)
    case silent

    init(json: Bool, quiet: Bool, colour: Bool) {
      self = json ? .json : quiet ? .silent : .summary(colour: colour && Terminal.hasOutput)
    }
  }

  /// Writes every report and tells the result. Returns the exit code.
  func publish(
    _ recording: Recording, _ judgement: Judgement, earlier: EarlierRuns, _ voice: Voice
  ) -> Int32 {
    do {
      try publish(recording, judgement, earlier)
    } catch {
      return complain(
        "\(recording.planName): a report cannot be written: \(error)", ExitStatus.notWritten)
    }
    switch voice {
    case .json: StandardOutput.write(json(recording, judgement) + "\n")
    case .summary(let colour):
      StandardOutput.write(summary(recording, judgement, colour: colour) + "\n")
    case .silent: break
    }
    return judgement.exitCode
  }

  private func publish(
    _ recording: Recording, _ judgement: Judgement, _ earlier: EarlierRuns
  ) throws {
    try RunFiles.write(
      junit(recording, judgement, files: outputs, flavour: flavour), to: files.junit)
    try files.writePage(html(recording, judgement, earlier: earlier))
  }

  /// A plan that never ran has a JUnit file all the same. Returns the JSON summary.
  func publish(_ invalid: InvalidPlan, plan name: String) throws -> String {
    let started = Clock.timestamp()
    let hostname = HostDescription.current().hostname
    let first = invalid.diagnostics.first
    let bytes = junit(
      invalidPlan: name, message: "\(invalid)", hostname: hostname, started: started,
      file: flavour == .extended ? first?.file ?? invalid.file : nil, errorLine: first?.line)
    try RunFiles.write(bytes, to: files.junit)
    let recording = Recording(
      planName: name, planFile: invalid.file, started: started, fault: "\(invalid)",
      hostname: hostname)
    let judgement = Judgement(
      verdict: .error, exitCode: ExitStatus.invalidPlan, headline: "invalid plan")
    let outputs = OutputFiles(junit: files.junit, directory: outputs.directory)
    return jsonSummary(recording, judgement, files: outputs)
  }

  /// Preflight refused: the phases stand in the JUnit file, none of them reached. Returns the JSON
  /// summary.
  func publish(_ outlook: Outlook, refusedFor findings: [String]) throws -> String {
    let plan = outlook.plan
    let reason = "preflight refused: " + findings.joined(separator: "\n")
    let recording = Recording(
      planName: plan.name, planFile: plan.file, planText: plan.text,
      effectivePlan: plan.effective, started: Clock.timestamp(), fault: reason,
      hostname: outlook.host.hostname, host: outlook.host.facts,
      phases: plan.phases.map(PhaseRecord.init), prediction: outlook.prediction)
    let judgement = Judgement(
      verdict: .error, exitCode: ExitStatus.preflightRefused,
      headline: "preflight refused: \(findings[0])")
    let outputs = OutputFiles(junit: files.junit, directory: outputs.directory)
    try RunFiles.write(
      junit(recording, judgement, files: outputs, flavour: flavour), to: files.junit)
    return jsonSummary(recording, judgement, files: outputs)
  }

  private func json(_ recording: Recording, _ judgement: Judgement) -> String {
    jsonSummary(recording, judgement, files: outputs)
  }

  private func summary(_ recording: Recording, _ judgement: Judgement, colour: Bool) -> String {
    Report.summary(recording, judgement, files: outputs, colour: colour)
  }
}

extension RunFiles {
  /// The page and what belongs beside it; beside a device or a pipe nothing does.
  func writePage(_ page: [UInt8]) throws {
    try Self.write(page, to: html)
    guard !Self.isSpecial(html) else { return }
    try Self.write(Report.stylesheet, to: stylesheet)
    try Self.write(Report.script, to: script)
  }
}

/// Says on standard error what went wrong, and returns the exit code for it.
func complain(_ text: String, _ code: Int32) -> Int32 {
  StandardError.write("runner: \(text)\n")
  return code
}
