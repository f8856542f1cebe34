import ArgumentParser
import Foundation
import Judgement
import Linux
import Messages
import Plan
import SystemPackage

/// `runner capture --listen A --forward B -o FILE`
struct CaptureCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "capture",
    abstract: "A proxy that records real clients' conversations for use in a plan.",
    discussion: """
      Forwards every client of --listen to --forward, and records who said what and when. Ctrl-C \
      ends the capture and writes the file. A plan plays the file with 'conversation: FILE' in its \
      messages. What a --redact expression matches never gets into the file: the whole match, or \
      only what is in the first parentheses. Headers of HTTP responses that differ each time, such as \
      Date, may have any value when the file is played. The file has no more than the 1 MiB that a plan \
      reads; what comes after that is forwarded all the same, and the file says 'truncated'.

      EXAMPLES:
        runner capture --listen 127.0.0.1:7000 --forward 127.0.0.1:6379 -o session.yaml
        runner capture --listen 127.0.0.1:7000 --forward cache.lan:6379 -o session.yaml \\
          --redact 'AUTH ([[:graph:]]+)' --connections 1

      EXIT CODES:
        0 ended as it was asked to   100 it could not listen   104 an address cannot be used
        107 the file could not be written   64 wrong command line   1 a fault of the program
      """)

  @Option(
    help: ArgumentHelp(
      "Where clients connect to: a name or an address, and a port.",
      valueName: "host:port"),
    transform: Target.init(option:))
  var listen: Target

  @Option(
    help: ArgumentHelp("The server to forward the clients to.", valueName: "host:port"),
    transform: Target.init(option:))
  var forward: Target

  @Option(
    name: [.customShort("o"), .long],
    help: ArgumentHelp("The file to write.", valueName: "path"), transform: path)
  var output: String

  @Option(
    name: .customLong("redact"),
    help: ArgumentHelp(
      "Leave out of the file whatever this POSIX extended regular expression matches; repeatable.",
      valueName: "regex"),
    transform: Redaction.init(option:))
  var redactions: [Redaction] = []

  @Flag(help: "Play header values such as Date exactly as recorded; else they may be anything.")
  var exact = false

  @Option(
    help: ArgumentHelp("End when so many conversations have ended.", valueName: "n"),
    transform: { try commandLine($0, CommandLineValue.count) })
  var connections: Int?

  @Option(
    help: ArgumentHelp("End after this time, for example 30s.", valueName: "duration"),
    transform: { try commandLine($0, CommandLineValue.duration) })
  var duration: Duration?

  @Flag(help: "Listen at, or connect to, public addresses, which are somebody's.")
  var allowPublic = false

  @Flag(help: "Only what goes wrong is said.")
  var quiet = false

  func run() throws {
    let route: CaptureRoute
    do throws(CaptureRoute.Refusal) {
      route = try CaptureRoute(listen: listen, forward: forward, allowPublic: allowPublic)
    } catch {
      throw ExitCode(complain("\(error)", ExitStatus.invalidPlan))
    }
    // Refuses a path that cannot be written to now, not after an hour's conversations.
    do throws(FileProblem) {
      try RunFiles.check(writingTo: output)
    } catch {
      throw ExitCode(
        complain("\(output) cannot be written: \(error.reason)", ExitStatus.notWritten))
    }
    throw ExitCode(capture(route))
  }

  private func capture(_ route: CaptureRoute) -> Int32 {
    // Every client takes two descriptors, so the soft limit is raised to the hard one.
    _ = try? ResourceLimit.raiseDescriptors()
    let options = CaptureProxy.Options(
      conversations: connections, duration: duration, isQuiet: quiet)
    do throws(Errno) {
      var proxy = try CaptureProxy(
        route, options: options,
        log: CaptureLog(redactions: redactions, marksVolatileHeaders: !exact))
      proxy.say(
        "listening on \(route.listen), leading to \(route.forward); Ctrl-C ends it and writes "
          + output)
      proxy.run()
      // From here on a second request to end is heeded at once, even while the file is written. What only repeats
      // the first one is not: a terminal that goes, for example, sends two signals, and the file would be lost.
      SignalSource.endProcess(
        Signal.endings, after: 1, since: proxy.lastEnding, code: ExitStatus.notWritten)
      let code = write(proxy.log, route, proxy.totals)
      return proxy.hasFailed && code == ExitStatus.passed ? ExitStatus.fault : code
    } catch {
      return complain(
        "cannot listen on \(route.listen): \(CaptureProxy.words(error))", ExitStatus.limit)
    }
  }

  private func write(_ log: CaptureLog, _ route: CaptureRoute, _ totals: String) -> Int32 {
    var log = log
    let file = log.file(forward: "\(route.forward)")
    do throws(FileProblem) {
      // Private, since clients and server may have sent passwords.
      try RunFiles.write(file.yaml, to: output, isPrivate: true)
    } catch {
      return complain("\(output) cannot be written: \(error.reason)", ExitStatus.notWritten)
    }
    if !quiet { StandardError.write("\(totals)\n\(log.summary(of: file, at: output))\n") }
    return ExitStatus.passed
  }
}

extension Redaction {
  fileprivate init(option text: String) throws {
    do throws(BytePattern.Invalid) {
      try self.init(text)
    } catch {
      throw ValidationError("\(UserWord.shown(text)) is no expression: \(error.reason)")
    }
  }
}
