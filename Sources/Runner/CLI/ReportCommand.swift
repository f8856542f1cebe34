import ArgumentParser
import Judgement
import Linux
import Plan
import Recording
import Report

/// `runner report RECORDING`
struct ReportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report",
    abstract: "Judge and report a recorded run once more.",
    discussion: """
      Reads the recording, and the runs before it in history/, and changes none of them. Writes \
      TEST-<plan>.xml and report.html beside the recording, and prints a summary. A run that was \
      cut off is reported as incomplete, up to its last sample.

      EXAMPLES:
        runner report reports/ramp-1m/run.recording
        runner report run.recording --out /tmp/again --json
        runner report run.recording --threshold "connect.p99 < 200ms in ramp"

      EXIT CODES:
        as for run; 1 when the recording cannot be read or is incomplete
      """)

  @Argument(help: "The recording of a run.")
  var recording: String

  @Option(
    help: ArgumentHelp(
      "Directory for the reports, instead of the recording's own.", valueName: "dir"),
    transform: path)
  var out: String?

  @Option(
    help: ArgumentHelp("Write the JUnit XML there instead.", valueName: "path"), transform: path)
  var junit: String?

  @Option(
    name: .customLong("junit-flavor"),
    help: "What Jenkins' schema knows, or each test case's file and line as well.")
  var junitFlavour = JUnitFlavour.jenkins

  @Option(
    help: ArgumentHelp("Write the HTML report there instead.", valueName: "path"), transform: path)
  var html: String?

  @Option(
    name: .customLong("threshold"),
    help: ArgumentHelp(
      "Judge by this condition instead of the plan's thresholds; repeatable.",
      valueName: "condition"))
  var thresholds: [String] = []

  @Flag(name: .customLong("no-color"), help: "No colour, as with NO_COLOR in the environment.")
  var noColour = false

  @Flag(help: "No summary; only errors, and what --json prints.")
  var quiet = false

  @Flag(help: "Print one JSON object on standard output.")
  var json = false

  func run() throws {
    let whole: Recording
    do throws(RecordingError) {
      whole = try Recording.read(from: recording)
    } catch {
      throw ExitCode(refuse(error))
    }
    let judgement = try judgement(of: whole)
    let files = RunFiles(
      recording: recording, plan: whole.planName, directory: out, junit: junit, html: html)
    for path in [files.junit, files.html, files.stylesheet, files.script]
    where RunFiles.isRecording(path, recording) {
      throw ValidationError("\(path) is the recording itself, which no report overwrites.")
    }
    for (path, kind) in [(files.junit, RunFiles.Replaceable.xml)] + files.page {
      do throws(FileProblem) {
        try RunFiles.check(writingTo: path, over: kind)
      } catch {
        throw ExitCode(complain("a report cannot be written: \(error)", ExitStatus.notWritten))
      }
    }
    let output = Publication.OutputOptions(
      json: json, quiet: quiet, colour: !noColour && OutputEnvironment.allowColour)
    let history = History(of: recording, started: whole.started)
    let earlier = EarlierRuns(of: whole, at: recording, before: history.last)
    throw ExitCode(
      Publication(files: files, flavour: junitFlavour).publish(
        whole, judgement, earlier: earlier, output))
  }

  /// Replaces the reports of a recording that is damaged, or of another format, by reports of that.
  /// Returns the exit code.
  ///
  /// Where the file is no recording, or says nothing because it cannot be opened, reports beside it may be
  /// another's, or right: only those that the command line names are replaced.
  private func refuse(_ error: RecordingError) -> Int32 {
    let code = complain("\(error)", ExitStatus.fault)
    let isDamaged =
      switch error {
      case .corrupt, .newer: true
      case .missing, .empty, .foreign, .unreadable, .exists, .unwritable: false
      }
    let own = isDamaged ? RunFiles.junitFiles(in: out ?? RunFiles.parent(of: recording)) : []
    do throws(FileProblem) {
      for path in junit.map({ [$0] }) ?? own {
        try Publication(files: files(junit: path), flavour: junitFlavour).publish(unreadable: error)
      }
      if isDamaged || html != nil { try files(junit: junit).removePage() }
      return code
    } catch {
      return complain("a report cannot be written: \(error)", ExitStatus.notWritten)
    }
  }

  /// The reports of a recording that does not say the name of its plan.
  private func files(junit path: String?) -> RunFiles {
    RunFiles(
      recording: recording, plan: path.map(RunFiles.planName(ofJUnit:)) ?? "", directory: out,
      junit: path, html: html)
  }

  private func judgement(of recording: Recording) throws -> Judgement {
    guard !thresholds.isEmpty else { return judge(recording) }
    do throws(CommandLineValue.Wrong) {
      return try judge(recording, conditions: thresholds)
    } catch {
      throw ValidationError("--threshold: \(error)")
    }
  }
}
