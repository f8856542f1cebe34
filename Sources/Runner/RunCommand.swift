import ArgumentParser
import Linux
import Plan

/// `runner run PLAN...`
struct RunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Drive plans, record them, judge them, report them.",
    discussion: """
      Writes reports/<plan>/TEST-<plan>.xml, report.html and run.recording, and prints a summary.

      EXAMPLES:
        runner run plans/quick.plan
        runner plans/ramp-1m.plan --set goal=200k --json

      EXIT CODES:
        0 passed   99 a threshold failed   100 a limit was reached before the goal
        104 invalid plan   105 interrupted   107 a report could not be written
        64 wrong command line   1 a fault of the program
      """)

  @Argument(help: "Plan files to run, one after the other.")
  var plans: [String]

  @OptionGroup var options: RunOptions

  func run() throws {
    let code = plans.count == 1 ? options.run(plans[0]) : runEach()
    throw ExitCode(code)
  }

  /// Several plans: a child process each, because workers are forked before a thread exists, and
  /// the recording of the plan before has made some.
  private func runEach() -> Int32 {
    var codes: [Int32] = []
    for plan in plans {
      do {
        let child = try ChildProcess.fork(dieWithParent: true) { options.run(plan) }
        // Ctrl-C reaches the child by itself; it ends in order, and so must we.
        CurrentProcess.ignoreTerminalSignals()
        switch child.wait() {
        case .exited(let code): codes.append(code)
        case .killed(let signal):
          StandardError.write("runner: \(plan): the run was killed by signal \(signal)\n")
          codes.append(ExitStatus.fault)
        }
        if codes.last == ExitStatus.interrupted { break }
      } catch {
        StandardError.write("runner: \(plan): cannot start a process: \(error)\n")
        codes.append(ExitStatus.fault)
      }
    }
    return ExitStatus.worst(of: codes)
  }
}

struct RunOptions: ParsableArguments {
  enum ProgressMode: String, ExpressibleByArgument, CaseIterable {
    case auto, live, plain, none
  }

  @Option(help: ArgumentHelp("Directory for the files of the run.", valueName: "dir"))
  var out = "reports"

  @Option(help: ArgumentHelp("Write the JUnit XML there instead.", valueName: "path"))
  var junit: String?

  @Option(help: ArgumentHelp("Write the HTML report there instead.", valueName: "path"))
  var html: String?

  @Option(
    name: .customLong("set"),
    help: ArgumentHelp("Give a variable of the plan a value; repeatable.", valueName: "key=value"),
    transform: Override.init)
  var overrides: [Override] = []

  @Option(help: ArgumentHelp("Seed of everything random; recorded.", valueName: "n"))
  var seed: UInt64?

  @Option(help: "How to show progress, on standard error.")
  var progress = ProgressMode.auto

  @Flag(name: .customLong("no-color"), help: "No colour, as with NO_COLOR in the environment.")
  var noColour = false

  @Flag(help: "No progress and no summary; only results and errors.")
  var quiet = false

  @Flag(help: "Print one JSON object a plan on standard output.")
  var json = false

  struct Override {
    let key: String
    let value: String

    init(_ text: String) throws {
      guard let equals = text.firstIndex(of: "="), equals != text.startIndex else {
        throw ValidationError("--set takes KEY=VALUE, for example --set goal=50k; got '\(text)'.")
      }
      key = String(text[..<equals])
      value = String(text[text.index(after: equals)...])
    }
  }
}
