import ArgumentParser
import Coordination
import Judgement
import Linux
import Plan
import Recording
import Report

/// `runner replay RECORDING`
struct ReplayCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "replay",
    abstract: "Drive a recorded run again, and compare.",
    discussion: """
      Opens the same number of connections in the same milliseconds from the same sources, and \
      sends the same messages. Where a limit cut a phase short, the replay goes on as planned, \
      which shows whether the limit has moved. Writes reports/<plan>-replay/, says how closely it \
      followed the original, and prints a comparison. It starts as many processes as this host's \
      limits require, not as many as the original run.

      EXAMPLES:
        runner replay reports/quick/run.recording
        runner replay run.recording --speed 2x
        runner replay run.recording --target server.example:80 --from-phase hold

      EXIT CODES:
        as for run; 1 when the recording cannot be read, or says nothing of what was driven
      """)

  @Argument(help: "The recording of a run.")
  var recording: String

  @Option(
    help: ArgumentHelp("How much faster, for example 2x or 0.5x.", valueName: "factor"),
    transform: Self.speed)
  var speed = 1.0

  @Option(
    help: ArgumentHelp(
      "Begin with this phase; what was held before it is opened first, as fast as possible.",
      valueName: "name"))
  var fromPhase: String?

  @Option(
    name: .customLong("target"),
    help: ArgumentHelp(
      "Connect to this address instead of the recorded server or targets; repeatable.",
      valueName: "host:port"),
    transform: Target.init(option:))
  var targets: [Target] = []

  @OptionGroup var options: RunOptions

  func run() throws {
    try RunOptions.prepareProcess()
    let replay: Replay
    do {
      replay = try Replay(
        of: Recording.read(from: recording), at: recording, speed: speed, from: fromPhase,
        targets: targets)
    } catch {
      throw ExitCode(complain("\(error)", ExitStatus.fault))
    }
    throw ExitCode(options.run(replay))
  }

  private static func speed(_ text: String) throws -> Double {
    let digits = text.hasSuffix("x") ? String(text.dropLast()) : text
    guard let speed = Double(digits), (0.01...100).contains(speed) else {
      throw ValidationError(
        "--speed takes a factor between 0.01x and 100x, for example 2x; got '\(text)'.")
    }
    return speed
  }
}
