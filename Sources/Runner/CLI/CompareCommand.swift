import ArgumentParser
import Judgement
import Linux
import Plan
import Recording
import Report

/// `runner compare BASE NEW`
struct CompareCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compare",
    abstract: "Two recordings side by side; fails when the second is worse.",
    discussion: """
      Compares every figure of the run and of its phases, the limits that were reached, the hosts \
      and the plans. Differences within a metric's tolerance or within noise are no \
      regression; metrics with too few samples are not judged. Reads the recordings and changes nothing.

      EXAMPLES:
        runner compare reports/quick/history/20260102T030405.678Z.recording \\
          reports/quick/run.recording
        runner compare base.recording new.recording --tolerance connect.p99=50% --json
        runner compare base.recording new.recording --html comparison.html

      EXIT CODES:
        0 no regression   99 a regression   64 wrong command line
        1 a recording cannot be read   107 the page, or standard output, cannot be written
      """)

  @Argument(help: "The recording to compare with.")
  var base: String

  @Argument(help: "The recording that may be better or worse.")
  var new: String

  @Option(
    name: .customLong("tolerance"),
    help: ArgumentHelp(
      "How far a metric may be off, instead of its default; repeatable.",
      valueName: "metric=share"),
    transform: Tolerance.init(option:))
  var tolerances: [Tolerance] = []

  @Option(
    help: ArgumentHelp(
      "Also write the second run's report there, with the comparison in it.", valueName: "path"),
    transform: path)
  var html: String?

  @Flag(help: "Print one JSON object instead of the table.")
  var json = false

  @Flag(help: "No table; the exit code tells.")
  var quiet = false

  @Flag(name: .customLong("no-color"), help: "No colour, as with NO_COLOR in the environment.")
  var noColour = false

  struct Tolerance {
    let metric: Metric
    let share: Double

    init(option text: String) throws {
      (metric, share) = try commandLine(text, CommandLineValue.tolerance)
    }
  }

  func run() throws {
    let recordings: (base: Recording, new: Recording)
    do throws(RecordingError) {
      recordings = (try Recording.read(from: base), try Recording.read(from: new))
    } catch {
      StandardError.write("runner: \(error)\n")
      throw ExitCode(ExitStatus.fault)
    }
    let comparison = Comparison(
      base: recordings.base, new: recordings.new,
      tolerances: Dictionary(
        tolerances.map { ($0.metric, $0.share) }, uniquingKeysWith: { $1 }))
    let colour = !noColour && OutputEnvironment.allowColour && Terminal.hasOutput
    let writeFailure =
      json
      ? tell(comparisonJSON(comparison, base: recordings.base, new: recordings.new) + "\n")
      : quiet
        ? nil
        : tell(
          comparisonText(comparison, base: recordings.base, new: recordings.new, colour: colour))
    if let html { try write(comparison, of: recordings.new, against: recordings.base, to: html) }
    throw ExitCode(writeFailure ?? comparison.exitCode)
  }

  private func write(
    _ comparison: Comparison, of recording: Recording, against baseline: Recording, to path: String
  ) throws {
    let files = RunFiles(
      recording: new, plan: recording.planName, directory: nil, junit: nil, html: path)
    for file in [files.html, files.stylesheet, files.script]
    where RunFiles.isRecording(file, new) || RunFiles.isRecording(file, base) {
      throw ValidationError("\(file) is a recording, which no report overwrites.")
    }
    let earlier = EarlierRuns(base: baseline, comparison: comparison)
    do {
      let (shown, judgement) = recording.masked(judge(recording))
      try files.writePage(Report.html(shown, judgement, earlier: earlier))
    } catch {
      throw ExitCode(complain("the page cannot be written: \(error)", ExitStatus.notWritten))
    }
  }
}
