import Addressing
import ArgumentParser
import Judgement
import Linux
import Messages
import Plan
import Probe
import Recording
import SystemPackage
import TLS

/// `runner serve`
struct ServeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "serve",
    abstract: "The built-in server alone: counts connections as they grow, and says what stops it.",
    discussion: """
      Runs until it is interrupted, then prints its totals; interrupted once more it ends at once.
      Counts and limits go to standard error, what is received (--verbose) and the totals to \
      standard output.

      EXAMPLES:
        runner serve --listen 127.0.0.1:9000 --verbose
        runner serve --listen 10.0.0.5:9000 --connections 1M
        runner serve --listen 10.0.0.5:8080 --protocol http --reply send:hello
        runner serve --listen 10.0.0.5:8443 --tls --certificate server.pem --key server.key

      EXIT CODES:
        0 ended as it was asked to   100 it could not listen   107 the totals could not be written
        1 a fault of the program, or every server process died   64 wrong command line
        104 a certificate or key cannot be used
      """)

  @Option(
    help: ArgumentHelp(
      "Where to listen: an address, or a range of them, and a port.",
      valueName: "address[-address]:port"),
    transform: Listen.init(option:))
  var listen: Listen

  @Option(
    help: ArgumentHelp(
      "Server processes, each with an endpoint of its own: the addresses in turn, then again with "
        + "the next port. auto: one, or as many as --connections takes.", valueName: "n|auto"),
    transform: Processes.init(option:))
  var processes = Processes.auto

  @Option(
    help: ArgumentHelp("Connections to have room for, for example 1M.", valueName: "n"),
    transform: { try commandLine($0, CommandLineValue.count) })
  var connections: Int?

  @Option(
    help: ArgumentHelp(
      "What to do with what is received: echo, discard, or send:TEXT to answer each read with a "
        + "text (\\n, \\r, \\t, \\\\ and \\xHH are escapes). With --protocol http this is about the body of "
        + "each request, with websocket about each message.", valueName: "reply"),
    transform: ServerReply.init(option:))
  var reply = ServerReply.echo

  @Option(
    name: .customLong("protocol"),
    help: ArgumentHelp(
      "raw: bytes of any kind; http: requests of HTTP/1.1, each answered by a response; "
        + "websocket: messages over WebSockets, whatever path is asked for; mqtt: MQTT 3.1.1 and 5, each message to "
        + "whoever has sent it and subscribed to its topic.",
      valueName: "raw|http|websocket|mqtt"),
    transform: PreparedServer.Spoken.init(option:))
  var spoken = PreparedServer.Spoken.raw

  @Flag(
    help: ArgumentHelp(
      "TLS on every connection, with a certificate that is made for this session unless --certificate names one."
    ))
  var tls = false

  @Option(
    help: ArgumentHelp(
      "The server's certificate, with those that lead to its authority; a PEM file.",
      valueName: "file"))
  var certificate: String?

  @Option(help: ArgumentHelp("The private key of --certificate; a PEM file.", valueName: "file"))
  var key: String?

  @Option(
    help: ArgumentHelp(
      "Ask clients for a certificate that one in this PEM file has issued.", valueName: "file"))
  var verify: String?

  @Option(
    help: ArgumentHelp(
      "direct: answer at once; rearm: wait for EPOLLOUT before every answer.",
      valueName: "direct|rearm"),
    transform: ServerReadiness.init(option:))
  var readiness = ServerReadiness.direct

  @Option(
    help: ArgumentHelp("Connections that may wait for accept.", valueName: "n"),
    transform: { try commandLine($0, CommandLineValue.count) })
  var backlog = 4096

  @Flag(help: "Print what is received, one line a read.")
  var verbose = false

  @Flag(help: "No counts and no totals; only limits, errors and what --verbose and --json print.")
  var quiet = false

  @Flag(help: "Print the totals as one JSON object.")
  var json = false

  func validate() throws {
    guard (certificate == nil) == (key == nil) else {
      throw ValidationError("--certificate and --key belong together.")
    }
    if spoken == .mqtt, reply.ownAnswer != nil {
      throw ValidationError(
        "--protocol mqtt publishes nothing of its own: write --reply echo or --reply discard.")
    }
    guard case .count(let count) = processes, count > request.endpoints.count else { return }
    throw ValidationError(
      "\(Format.count(count)) server processes need as many endpoints, and --listen has "
        + "\(Format.count(request.endpoints.count)): ports end at 65,535, so listen on a lower one "
        + "or on more addresses.")
  }

  private var request: PreparedServer.Request {
    PreparedServer.Request(
      endpoints: EndpointRange(listen.addresses, port: listen.port), processes: processes,
      connections: connections, reply: reply, readiness: readiness,
      spoken: spoken, tls: secured, backlog: backlog)
  }

  /// What the options say of TLS; nil where none says anything.
  private var secured: PlanTLS? {
    guard tls || certificate != nil || verify != nil else { return nil }
    func file(_ path: String) -> PlanTLS.File { PlanTLS.File(path: path, name: path) }
    var settings = PlanTLS()
    if let certificate, let key {
      settings.serverIdentity = PlanTLS.Identity(certificate: file(certificate), key: file(key))
    }
    settings.clientAuthorities = verify.map(file)
    return settings
  }

  func run() throws {
    let code: Int32
    do {
      try SignalSource.block(Signal.endings)
      let prepared = try PreparedServer(request, pipes: verbose ? 1 : 0)
      var session = try ServeSession(
        prepared,
        options: ServeSession.Options(verbose: verbose, quiet: quiet, json: json))
      code = session.serve()
    } catch let error as TLSError {
      StandardError.write("runner: cannot start the server: \(error)\n")
      code = ExitStatus.invalidPlan
    } catch {
      StandardError.write("runner: cannot start the server: \(error)\n")
      code = ExitStatus.fault
    }
    throw ExitCode(code)
  }

  struct Listen {
    let addresses: AddressRange
    let port: UInt16

    init(option text: String) throws {
      let (addresses, port) = try commandLine(text) { text throws(CommandLineValue.Wrong) in
        try CommandLineValue.listen(text)
      }
      (self.addresses, self.port) = (addresses, port)
    }
  }
}

extension Processes {
  fileprivate static let mostOfServer = 4096

  fileprivate init(option text: String) throws {
    guard text != "auto" else {
      self = .auto
      return
    }
    let count = try commandLine(text, CommandLineValue.count)
    guard count <= Self.mostOfServer else {
      throw ValidationError("A server has at most \(Format.count(Self.mostOfServer)) processes.")
    }
    self = .count(count)
  }
}

extension PreparedServer.Spoken {
  fileprivate init(option text: String) throws {
    guard let spoken = Self(rawValue: text) else {
      throw ValidationError(
        "expected raw, http, websocket or mqtt, found \(UserWord.shown(text))")
    }
    self = spoken
  }
}

extension ServerReadiness {
  fileprivate init(option text: String) throws {
    switch text {
    case "direct": self = .direct
    case "rearm": self = .rearm
    default:
      throw ValidationError("expected direct or rearm, found \(UserWord.shown(text))")
    }
  }
}

extension ServerReply {
  private static let sending = "send:"

  fileprivate init(option text: String) throws {
    switch text {
    case "echo": self = .echo
    case "discard": self = .discard
    case _ where text.hasPrefix(Self.sending) && text != Self.sending:
      do throws(EscapedText.Wrong) {
        self = .send(try EscapedText.bytes(of: text.dropFirst(Self.sending.count)))
      } catch {
        throw ValidationError("there is no escape \(UserWord.shown(error.escape))")
      }
    default:
      let hint = UserWord.hint(for: text, among: ["echo", "discard"])
      throw ValidationError(
        "expected echo, discard or send:TEXT, found \(UserWord.shown(text))"
          + (hint.map { " (\($0))" } ?? ""))
    }
  }
}
