import FoundationEssentials
import Host
import Plan
import Recording
import Report

/// Puts the reports of a run where its files belong.
struct Publication {
  let files: RunFiles

  private var outputs: OutputFiles {
    OutputFiles(
      recording: files.recording, html: files.html, junit: files.junit,
      directory: FileManager.default.currentDirectoryPath)
  }

  func publish(_ recording: Recording, _ judgement: Judgement) throws {
    try RunFiles.write(junit(recording, judgement, files: outputs), to: files.junit)
    try RunFiles.write(html(recording, judgement), to: files.html)
    try RunFiles.write(stylesheet, to: files.stylesheet)
  }

  /// A plan that never ran has a JUnit file all the same. Returns the JSON summary.
  func publish(_ invalid: InvalidPlan, plan name: String) throws -> String {
    let started = Clock.timestamp()
    let hostname = HostDescription.current().hostname
    let bytes = junit(
      invalidPlan: name, message: "\(invalid)", hostname: hostname, started: started)
    try RunFiles.write(bytes, to: files.junit)
    let recording = Recording(
      planName: name, planFile: invalid.file, started: started, fault: "\(invalid)",
      hostname: hostname)
    let judgement = Judgement(
      verdict: .error, exitCode: ExitStatus.invalidPlan, headline: "invalid plan")
    let outputs = OutputFiles(junit: files.junit, directory: outputs.directory)
    return jsonSummary(recording, judgement, files: outputs)
  }

  func json(_ recording: Recording, _ judgement: Judgement) -> String {
    jsonSummary(recording, judgement, files: outputs)
  }

  func summary(_ recording: Recording, _ judgement: Judgement, colour: Bool) -> String {
    Report.summary(recording, judgement, files: outputs, colour: colour)
  }
}
