import ArgumentParser
import Foundation
import Judgement
import Linux
import Plan
import Recording
import Report
import SystemPackage

/// `runner merge RECORDING... -o FILE`
struct MergeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "merge",
    abstract: "Shards of one run, from several hosts, into one recording.",
    discussion: """
      Brings recordings of one plan onto one time axis by their starts (so the hosts' clocks must \
      agree), adds up their connections, messages and goals, and keeps what is each host's own. \
      The result is judged by the plan's thresholds, reported, compared and exported like any \
      recording. Changes none of the recordings, and overwrites nothing.

      EXAMPLES:
        runner merge east/run.recording west/run.recording -o whole.recording
        runner report whole.recording --out reports/whole

      EXIT CODES:
        0 merged, whatever the verdict   1 a recording cannot be read   64 wrong command line, or \
      recordings that are no shards of one run   107 the result cannot be written
      """)

  @Argument(help: "The recordings, two or more. The first one's plan is the result's.")
  var recordings: [String]

  @Option(
    name: [.customShort("o"), .long],
    help: ArgumentHelp("Path of the result, which must not exist yet.", valueName: "path"),
    transform: path)
  var output: String

  @Flag(help: "Merge also what does not look like one run: other plans, other times.")
  var force = false

  @Flag(help: "Only warnings and errors.")
  var quiet = false

  func validate() throws {
    guard recordings.count > 1 else {
      throw ValidationError("There is nothing to merge: give two recordings or more.")
    }
  }

  func run() throws {
    let shards: [Recording]
    do throws(RecordingError) {
      shards = try recordings.map { path throws(RecordingError) in
        try Recording.read(from: path)
      }
    } catch {
      throw ExitCode(complain("\(error)", ExitStatus.fault))
    }
    warn(of: shards)
    var whole: Recording
    do throws(MergeProblem) {
      whole = try Recording.merged(shards, regardless: force)
    } catch {
      throw ExitCode(complain(words(of: error), ExitStatus.usage))
    }
    let judgement = judge(whole)
    if whole.complete {
      whole.verdict = judgement.verdict
      whole.thresholds = judgement.thresholds
    }
    do {
      try write(whole)
    } catch {
      throw ExitCode(complain("\(error)", ExitStatus.notWritten))
    }
    if !quiet {
      let writeFailure = tell(
        "\(output): \(shards.count) recordings of \(onOneLine(whole.planName))\n"
          + "\(onOneLine(judgement.headline))\n")
      if let writeFailure { throw ExitCode(writeFailure) }
    }
  }

  /// Writes the result whole or not at all: a temporary file beside `output` gets that name when it
  /// is complete.
  private func write(_ whole: Recording) throws {
    let files = FileManager.default
    var isDirectory = false
    if files.fileExists(atPath: output, isDirectory: &isDirectory), !isDirectory {
      throw RecordingError.exists(path: output)
    }
    do throws(FileProblem) {
      try RunFiles.check(writingTo: output)
    } catch {
      throw RecordingError.unwritable(path: output, reason: error.reason)
    }
    let temporary = "\(output).\(UUID().uuidString)"
    defer { try? files.removeItem(atPath: temporary) }
    do throws(RecordingError) {
      try whole.write(to: temporary)
    } catch {
      if case .unwritable(_, let reason) = error {
        throw RecordingError.unwritable(path: output, reason: reason)
      }
      throw error
    }
    do throws(Errno) {
      try FileSystem.moveToFreeName(temporary, to: output)
    } catch {
      if error == .fileExists { throw RecordingError.exists(path: output) }
      throw RecordingError.unwritable(path: output, reason: "\(error)")
    }
  }

  // MARK: Telling

  private func warn(of shards: [Recording]) {
    for (path, shard) in zip(recordings, shards) {
      if !shard.complete {
        StandardError.write(
          "runner: \(path): warning: the recording is incomplete, and so is the result\n")
      }
      if shard.overrides != shards[0].overrides {
        StandardError.write(
          "runner: \(path): warning: was run with other --set values than \(recordings[0]), whose "
            + "values the result is judged by\n")
      }
    }
  }

  private func words(of problem: MergeProblem) -> String {
    let first = recordings[0]
    let regardless = "--force merges them all the same"
    return switch problem {
    case .tooFew: "there is nothing to merge"
    case .twice(let index): "\(recordings[index]): is there already: it would count twice"
    case .overlap(let index, let other):
      "\(recordings[index]): tells of workers that \(recordings[other]) tells of as well: they would "
        + "count twice; leave the one out that has less of them"
    case .otherPlan(let index):
      "\(recordings[index]): has another plan than \(first); \(regardless)"
    case .noStart(let index): "\(recordings[index]): does not say when its run started"
    case .afterGap(let index):
      "\(recordings[index]): began when the earlier ones had ended, so they are not of one run; "
        + regardless
    }
  }
}
