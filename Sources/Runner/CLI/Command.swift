import ArgumentParser
import Linux
import Recording

@main
struct Runner: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "runner",
    abstract: "How many TCP connections can this hold, and what stops it?",
    discussion: """
      Drives a plan against a server, records what happens, and names the limit reached: the \
      end that has it, its errno, the cause, and the command that moves it.

      EXAMPLE:
        runner plans/ramp-1m.plan        the same as: runner run plans/ramp-1m.plan
      """,
    version: ProgramVersion.current,
    subcommands: [
      RunCommand.self, ReplayCommand.self, CheckCommand.self, DoctorCommand.self,
      ServeCommand.self, ConnectCommand.self, CaptureCommand.self, ReportCommand.self,
      CompareCommand.self, MergeCommand.self, ExportCommand.self,
    ],
    defaultSubcommand: RunCommand.self)

  /// Does two things before any command, or the help, writes. It opens /dev/null as each standard
  /// stream that is closed, so that no other file gets that descriptor. It ignores SIGPIPE and
  /// SIGXFSZ, so that a failed write does not end the program, for example when the reader has
  /// gone.
  static func main() {
    CurrentProcess.openStandardDescriptors()
    CurrentProcess.ignoreSignalsOfWriting()
    main(nil)
  }
}
