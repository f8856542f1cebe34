import ArgumentParser
import FoundationEssentials
import Judgement
import Linux
import Plan
import Recording
import Report
import SystemPackage

/// `runner export RECORDING --format FORMAT`
struct ExportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export",
    abstract: "Turn a recording into a file for other tools.",
    discussion: """
      csv          one row a sample, one column a series
      json         the whole recording as one object
      hlog         the latencies, as a HdrHistogram interval log
      openmetrics  series and latencies in the OpenMetrics text format

      Reads nothing but the recording, and never changes it.

      EXAMPLES:
        runner export run.recording --format csv >samples.csv
        runner export run.recording --format hlog -o latency.hlog
      """)

  @Argument(help: "The recording of a run.")
  var recording: String

  @Option(help: "What to turn it into.")
  var format: ExportFormat

  @Option(
    name: [.customShort("o"), .long],
    help: ArgumentHelp("Write there instead of to standard output.", valueName: "path"),
    transform: path)
  var output: String?

  func run() throws {
    let whole: Recording
    do throws(RecordingError) {
      whole = try Recording.read(from: recording)
    } catch {
      throw ExitCode(complain("\(error)", ExitStatus.fault))
    }
    if let output, RunFiles.isRecording(output, recording) {
      throw ValidationError("\(output) is the recording itself, which no export overwrites.")
    }
    if !whole.complete {
      StandardError.write(
        "runner: \(recording): warning: the recording is incomplete: it ends "
          + "\(Format.duration(seconds: whole.duration)) into the run\n")
    }
    do {
      try write(format.bytes(of: whole.masked()))
    } catch {
      let place = output ?? "standard output"
      throw ExitCode(complain("\(place) cannot be written: \(error)", ExitStatus.notWritten))
    }
  }

  private func write(_ bytes: [UInt8]) throws {
    if let output {
      try RunFiles.write(bytes, to: output)
    } else {
      try StandardOutput.write(bytes)
    }
  }
}

extension ExportFormat: ExpressibleByArgument {}
