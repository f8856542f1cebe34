import ArgumentParser
import FoundationEssentials
import Judgement
import Linux
import Plan
import Report
import SystemPackage

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
        runner plans/ramp-1m.plan --target server.example:80
        runner plans/quick.plan plans/churn.plan --junit results.xml

      EXIT CODES:
        0 passed   99 a threshold failed   100 a limit was reached before the goal
        104 invalid plan   105 interrupted   106 preflight refused
        107 a report could not be written   64 wrong command line   1 a fault of the program
      """)

  @Argument(help: "Plan files to run, one after the other.")
  var plans: [String]

  @OptionGroup var settings: PlanSettings

  @Option(help: ArgumentHelp("Seed of everything random; recorded.", valueName: "n"))
  var seed: UInt64?

  @OptionGroup var options: RunOptions

  func validate() throws {
    for word in plans where Self.isCommand(word) {
      let known = Runner.configuration.subcommands.compactMap {
        $0.configuration.commandName
      }
      let hint = UserWord.hint(for: word, among: known + ["help"])
      throw ValidationError(
        "there is no command, and no plan file, \(UserWord.shown(word))"
          + (hint.map { ": \($0)" } ?? ""))
    }
    if plans.count > 1, options.html != nil {
      throw ValidationError("--html names one page, and every plan has its own; use --out.")
    }
  }

  /// Whether a word in the place of a plan is a command that was mistyped, so that the plans behind it must not run: it
  /// names no file, and does not look like the name of one.
  private static func isCommand(_ word: String) -> Bool {
    !word.contains { "./".contains($0) } && !FileManager.default.fileExists(atPath: word)
  }

  func run() throws {
    try RunOptions.prepareProcess()
    let loaded = plans.map { LoadedPlan($0, settings) }
    if let problem = options.clash(of: loaded) { throw ValidationError(problem) }
    throw ExitCode(
      loaded.count == 1 ? options.run(loaded[0], seed: seed) : try runEach(of: loaded))
  }

  /// Runs each plan in a child process of its own: workers must be forked before a thread exists,
  /// and writing the recording of one plan leaves threads behind. Returns the exit code.
  private func runEach(of plans: [LoadedPlan]) throws(Errno) -> Int32 {
    var signals = try SignalSource(Signal.endings + [Signal.suspend, Signal.childEnded])
    var codes = [options.replaceOldReports(of: plans)]
    guard codes[0] == ExitStatus.passed else { return codes[0] }
    var interrupted = false
    for plan in plans where !interrupted {
      do throws(Errno) {
        let child = try ChildProcess.fork(dieWithParent: true) {
          // In the parent's group the child would get Ctrl-C twice, from the terminal and from the
          // parent, and a second signal ends a run at once.
          CurrentProcess.leaveProcessGroup()
          return options.withFilesApart.run(plan, seed: seed)
        }
        child.leadGroup()
        switch ending(of: child, &signals, &interrupted) {
        case .exited(let code): codes.append(code)
        case .killed(let signal):
          StandardError.write("runner: \(plan.file): the run was killed by signal \(signal)\n")
          codes.append(ExitStatus.fault)
        }
        interrupted = interrupted || codes.last == ExitStatus.interrupted
        // A run that a signal met at its very end may have another exit code. This one says that
        // the plans after it were skipped.
        if interrupted { codes.append(ExitStatus.interrupted) }
      } catch {
        StandardError.write("runner: \(plan.file): cannot start a process: \(error)\n")
        codes.append(ExitStatus.fault)
      }
    }
    return ExitStatus.worst(of: codes + [options.mergeJUnit(of: plans)])
  }

  /// Waits until a run has ended, passing signals on to it. Returns how it ended, and sets
  /// `interrupted` when a signal has asked for its end.
  private func ending(
    of child: ChildProcess, _ signals: inout SignalSource, _ interrupted: inout Bool
  ) -> ChildProcess.Ending {
    while true {
      // One SIGCHLD may stand for several children. Some may not be runs: a shell that replaced
      // itself by this program (exec) leaves its children to it.
      while let ended = ChildProcess.reapAny() {
        if ended.child == child { return ended.ending }
      }
      Poll.waitReadable([signals.descriptor], until: .distantFuture)
      while let signal = signals.next() {
        switch signal {
        case Signal.childEnded: continue
        case Signal.suspend:
          // The run and its workers have a group of their own, which Ctrl-Z does not reach.
          child.stopGroup()
          CurrentProcess.stop()
          child.resumeGroup()
        default:
          interrupted = true
          child.signal(signal)
        }
      }
    }
  }
}

/// The options of `run` and `replay`: where files go, what is refused, and what is printed.
struct RunOptions: ParsableArguments {
  enum ProgressMode: String, ExpressibleByArgument, CaseIterable {
    case auto, live, plain, none
  }

  @Option(
    help: ArgumentHelp("Directory for the files of the run.", valueName: "dir"),
    transform: path)
  var out = "reports"

  @Option(
    help: ArgumentHelp(
      "Write the JUnit XML to this path instead; with several plans their merged XML, beside each "
        + "plan's own.",
      valueName: "path"), transform: path)
  var junit: String?

  @Option(
    name: .customLong("junit-flavor"),
    help: "What Jenkins' schema knows, or each test case's file and line as well.")
  var junitFlavour = JUnitFlavour.jenkins

  @Option(
    help: ArgumentHelp("Write the HTML report there instead.", valueName: "path"), transform: path)
  var html: String?

  @Flag(help: PlanSettings.allowPublicHelp)
  var allowPublic = false

  @Option(help: "How to show progress, on standard error.")
  var progress = ProgressMode.auto

  enum PreflightMode: String, ExpressibleByArgument, CaseIterable {
    case warn, strict, off
  }

  @Option(help: "What to do when the host is too small or not clean: say so, or refuse to run.")
  var preflight = PreflightMode.warn

  @Flag(name: .customLong("no-color"), help: "No colour, as with NO_COLOR in the environment.")
  var noColour = false

  @Flag(help: "No progress and no summary; only errors, and what --json prints.")
  var quiet = false

  @Flag(help: "Print one JSON object a plan on standard output.")
  var json = false

  /// Blocks the signals that end a run, so that a run that is interrupted at once still writes its reports.
  /// Blocks SIGCONT, too, which the live view reads. To be called before any thread or worker exists.
  static func prepareProcess() throws {
    try SignalSource.block(Signal.endings + [Signal.resume])
  }
}

extension JUnitFlavour: ExpressibleByArgument {}
