import Addressing
import Host
import Judgement
import Linux
import Plan
import Probe
import Recording
import SystemPackage

/// `connect` from its first connection to its last: one process, one epoll instance, one prompt.
struct ConnectSession: ~Copyable {
  struct Options {
    var count: Int
    /// Connections per second; nil for as fast as it goes.
    var rate: Double?
    var timeout: Duration
    /// Whether someone types the commands; else they come from a file or another program.
    var isInteractive: Bool
  }

  let options: Options
  var route: ConnectRoute
  let host: HostDescription
  let kernel: KernelSeries
  let epoll: FileDescriptor
  var signals: SignalSource
  let started: Instant

  var table = PeerTable()
  /// The order that is being carried out; nil while there is none.
  var opening: OpenOrder?
  /// How many orders to open connections there were.
  var orderCount = 0
  /// Tokens of handshakes, the oldest first, because it expires first. The token of a handshake
  /// that is over stays until it is at the front.
  var handshakes: [UInt64] = []
  var screen: PromptScreen
  var input = InputLines()
  var settling = Settling()
  /// Whether any order to open connections fell short.
  var fellShort = false
  /// Closes by peers in this round of events, or in this command, that were not reported one by
  /// one.
  var unreportedCloses = 0
  /// Closes by peers in this round of events, or in this command, that were reported one by one.
  var reportedCloses = 0

  private var events: [ReadyEvent]
  var buffer = [UInt8](repeating: 0, count: 1 << 16)

  init(
    _ route: ConnectRoute, options: Options, host: HostDescription, screen: PromptScreen
  ) throws(Errno) {
    let signals = try SignalSource(Signal.endings)
    epoll = try Epoll.open()
    self.signals = signals
    kernel = KernelSeries(host: host)
    started = .now()
    events = [ReadyEvent](repeating: ReadyEvent(token: 0, seen: .none), count: 256)
    self.route = route
    self.options = options
    self.host = host
    self.screen = screen
    // So that a signal ends the session even where nobody reads its output.
    self.screen.interruption = self.signals.descriptor
  }

  deinit { Socket.close(epoll) }

  /// Opens the connections, then does what the input says; returns the exit code.
  mutating func run() -> Int32 {
    open(options.count)
    while true {
      advanceOpening()
      if obeyInput() { break }
      wait()
      if signals.next() != nil {
        finish()
        return ExitStatus.interrupted
      }
    }
    finish()
    return fellShort && !options.isInteractive ? ExitStatus.limit : ExitStatus.passed
  }

  /// Carries out the lines that have been read; returns true when the session is over.
  private mutating func obeyInput() -> Bool {
    while opening == nil {
      guard let line = input.first else {
        if input.hasEnded { return repliesHaveSettled() }
        screen.prompt()
        return false
      }
      switch line {
      case .tooLong:
        input.takeFirst()
        screen.warn("a line of more than 1 MiB is not read\n")
      case .text(let text):
        do throws(PromptCommand.Wrong) {
          let command = try PromptCommand(text)
          if command.waitsForReplies, !repliesHaveSettled() { return false }
          input.takeFirst()
          if obey(command) { return true }
        } catch {
          input.takeFirst()
          screen.warn("\(error)\n")
        }
      }
    }
    return false
  }

  /// Whether a command that shows or closes connections may run now, or the session may end now. A
  /// script cannot see that answers are still on their way, so it waits a moment for them.
  private mutating func repliesHaveSettled() -> Bool {
    options.isInteractive || settling.isOver(awaitsAnswer: table.awaitsAnswer, now: .now())
  }

  // MARK: Waiting

  private mutating func wait() {
    var sources = [epoll, signals.descriptor]
    let wantsInput = opening == nil && input.isEmpty && !input.hasEnded
    if wantsInput { sources.append(.standardInput) }
    let ready = Poll.waitReadable(sources, until: nextInstant())
    if ready[0] { handleEvents() }
    expireHandshakes()
    if wantsInput, ready[2] { readInput() }
  }

  /// When there is something to do even if nothing arrives.
  private func nextInstant() -> Instant {
    let expiry = handshakes.first.flatMap { table.connection(of: $0) }.map {
      $0.began.advanced(by: options.timeout)
    }
    let settlingCheck = settling.isWaiting ? Instant.now().advanced(by: .milliseconds(10)) : nil
    return [opening?.due, expiry, settlingCheck].compactMap(\.self).min() ?? .distantFuture
  }

  private mutating func handleEvents() {
    let count: Int
    do throws(Errno) {
      count = try Epoll.wait(epoll, into: &events, until: .now())
    } catch {
      StandardError.write("runner: epoll_wait: \(error)\n")
      CurrentProcess.exit(ExitStatus.fault)
    }
    for index in 0..<count {
      let event = events[index]
      guard let connection = table.connection(of: event.token) else { continue }
      if connection.state == .connecting {
        finishHandshake(connection)
      } else {
        handleIO(connection, event.seen)
      }
    }
    reportRemainingCloses()
  }

  private mutating func readInput() {
    let transfer = unsafe buffer.withUnsafeMutableBytes {
      unsafe Pipe.read(.standardInput, into: $0)
    }
    switch transfer {
    case .moved(let count):
      input.add(buffer[..<count])
      if input.first != nil { screen.lineEntered() }
    case .wouldBlock: break
    case .closed, .failed:
      // Ctrl-D leaves the cursor behind the prompt.
      if !input.hasEnded { screen.leavePrompt() }
      input.end()
    }
  }

  // MARK: The end

  /// Closes all connections and prints the totals. Connections that carried bytes are closed with
  /// FIN, so that the peer gets all that the socket has taken; bytes in `unsent` are dropped. The
  /// others are closed with a reset, which leaves no TIME_WAIT.
  private mutating func finish() {
    screen.leavePrompt()
    let stats = statistics
    for connection in table.connections { close(connection) }
    screen.say(stats)
  }
}
