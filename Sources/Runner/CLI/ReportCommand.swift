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

  /// Reports a recording that cannot be read. Returns the exit code.
  ///
  /// Where the file is a recording, but is damaged or has a newer format, this replaces the JUnit
  /// file that `--junit` names, or else all that runs have left beside the recording. With `--out` it
  /// replaces those of the same names there: the other files there may be other plans'. It also
  /// removes the page, unless that may be another plan's. Otherwise the reports beside the file may be another
  /// recording's, or still be right: then it replaces or removes only the files that `--junit` and
  /// `--html` name.
  private func refuse(_ error: RecordingError) -> Int32 {
    let code = complain("\(error)", ExitStatus.fault)
    let isUnreadableRecording =
      switch error {
      case .corrupt, .newer: true
      case .missing, .empty, .foreign, .unreadable, .exists, .unwritable: false
      }
    let beside =
      isUnreadableRecording ? RunFiles.junitFiles(in: RunFiles.parent(of: recording)) : []
    let own = beside.map { path in
      out.map { "\($0)/\(path.split(separator: "/").last ?? "")" } ?? path
    }
    let isShared = out.map { !RunFiles.junitFiles(in: $0).allSatisfy(own.contains) } ?? false
    do throws(FileProblem) {
      for path in junit.map({ [$0] }) ?? own {
        try Publication(files: files(junit: path), flavour: junitFlavour).publish(unreadable: error)
      }
      if isUnreadableRecording && !isShared || html != nil { try files(junit: junit).removePage() }
      return code
    } catch {
      return complain("a report cannot be written: \(error)", ExitStatus.notWritten)
    }
  }

  /// The files of a recording that cannot be read, so that its plan's name is not known.
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
