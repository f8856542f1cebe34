import Addressing
import ArgumentParser
import Host
import Judgement
import Linux
import Plan
import Recording
import SystemPackage

/// `runner connect HOST:PORT`
struct ConnectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "connect",
    abstract: "Opens connections to a server, and a prompt to use them.",
    discussion: """
      Reads commands from standard input; what comes back is printed at once, with the descriptor \
      of its connection. With a terminal there is a prompt. From a pipe or a file, commands that \
      look at connections or close them wait until what was sent before has been answered, or \
      nothing has moved for half a second.

      COMMANDS:
      \(PromptCommand.manual.split(separator: "\n").map { "  \($0)" }.joined(separator: "\n"))

      EXAMPLES:
        runner connect 127.0.0.1:9000 --connections 5
        printf 'broadcast hello\\n' | runner connect 127.0.0.1:9000

      EXIT CODES:
        0 ended as it was asked to   100 fewer connections stood than asked for, where the input is \
      not a terminal   104 the target cannot be used: no such name, or a public address without \
      --allow-public   105 interrupted   64 wrong command line   1 a fault of the program
      """)

  @Argument(
    help: ArgumentHelp("The server: a name or an address, and a port.", valueName: "host:port"),
    transform: Target.init(option:))
  var target: Target

  @Option(
    name: [.customShort("n"), .long],
    help: ArgumentHelp("Connections to open.", valueName: "n"),
    transform: { try commandLine($0, CommandLineValue.count) })
  var connections = 1

  @Option(
    help: ArgumentHelp(
      "Addresses to connect from, in turn. Default: 127.0.0.2-127.0.0.21 towards loopback, else "
        + "the kernel chooses.", valueName: "range"),
    transform: { try commandLine($0, CommandLineValue.addresses) })
  var sources: AddressRange?

  @Option(
    help: ArgumentHelp(
      "Ports to connect from. Default: those that others can spare where there are sources, else "
        + "the kernel chooses.", valueName: "a-b"),
    transform: { try commandLine($0, CommandLineValue.ports) })
  var ports: ClosedRange<UInt16>?

  @Option(
    help: ArgumentHelp("Connections a second, for example 100/s.", valueName: "rate"),
    transform: { try commandLine($0, CommandLineValue.rate) })
  var rate: Double?

  @Option(
    help: ArgumentHelp("When to give a handshake up.", valueName: "duration"),
    transform: { try commandLine($0, CommandLineValue.duration) })
  var timeout = Duration.seconds(10)

  @Flag(help: PlanSettings.allowPublicHelp)
  var allowPublic = false

  func run() throws {
    let route: ConnectRoute
    do throws(ConnectRoute.Refusal) {
      route = try ConnectRoute(
        to: target, sources: sources, ports: ports, allowPublic: allowPublic)
    } catch {
      StandardError.write("runner: \(error)\n")
      throw ExitCode(ExitStatus.invalidPlan)
    }
    let code: Int32
    do throws(Errno) {
      var host = HostDescription.current()
      let wanted = connections + ConnectSession.ownDescriptors
      host.descriptors = try ResourceLimit.raiseDescriptors(
        to: min(wanted, host.descriptorsAtMost ?? wanted))
      let options = ConnectSession.Options(
        count: connections, rate: rate, timeout: timeout, isInteractive: Terminal.hasInput)
      let screen = PromptScreen(
        hasPrompt: Terminal.hasInput && Terminal.hasOutput, mayErase: !OutputEnvironment.isDumb)
      var session = try ConnectSession(route, options: options, host: host, screen: screen)
      code = session.run()
    } catch {
      StandardError.write("runner: cannot start: \(error)\n")
      code = ExitStatus.fault
    }
    throw ExitCode(code)
  }
}
