import Addressing
import Linux
import Messages
import Recording
import SystemPackage

/// `capture` from its first client to its last: one process, one epoll instance.
struct CaptureProxy: ~Copyable {
  struct Options {
    /// The capture ends when this many clients have gone or were turned away; nil for no bound.
    var conversations: Int?
    /// The capture ends after this time; nil for no bound.
    var duration: Duration?
    var isQuiet = false
  }

  static let listenerToken = UInt64.max
  private static let signalToken = UInt64.max - 1
  private static let backlog: Int32 = 4096

  let route: CaptureRoute
  private let options: Options
  let epoll: FileDescriptor
  let listener: FileDescriptor
  private var signals: SignalSource
  private let started: Instant
  private(set) var log: CaptureLog

  var relays: [UInt64: CaptureRelay] = [:]
  /// The `id` of the next client's relay. No `id` is used again, so a late event of a client that
  /// is gone is not taken for another client's.
  var nextClientID: UInt64 = 0
  /// Relays that wait for a turn of `serveQueue`.
  private var queue: [CaptureRelay] = []
  /// Relays that are over, and whose last bytes are still under way. Nothing announces their arrival.
  private var closing: [CaptureRelay] = []
  private static let closingInterval = Duration.milliseconds(20)
  /// When to listen again after `socket` or `accept4` failed; nil while the proxy listens.
  var pausedUntil: Instant?
  private var endedClients = 0
  /// Clients that were connected when the capture ended.
  private var openAtEnd = 0
  /// Whether the capture ended because epoll_wait failed.
  private(set) var hasFailed = false
  /// Clients that were turned away.
  var refusedClients = 0
  /// Bytes that ended relays have passed on, by direction.
  private var bytesToServer = 0
  private var bytesToClients = 0

  private var events = [ReadyEvent](repeating: ReadyEvent(token: 0, seen: .none), count: 256)
  private var buffer = [UInt8](repeating: 0, count: 1 << 16)

  /// Begins to listen; throws where that is impossible.
  init(_ route: CaptureRoute, options: Options, log: CaptureLog) throws(Errno) {
    let signals = try SignalSource(Signal.endings)
    let epoll = try Epoll.open()
    do throws(Errno) {
      let listener = try Socket.open(v6: route.listen.ip.isV6)
      do throws(Errno) {
        try Socket.reuseAddress(listener)
        try Socket.bind(listener, to: route.listen)
        try Socket.listen(listener, backlog: Self.backlog)
        try Epoll.control(epoll, .add, listener, .readable, token: Self.listenerToken)
        try Epoll.control(epoll, .add, signals.descriptor, .readable, token: Self.signalToken)
      } catch {
        Socket.close(listener)
        throw error
      }
      self.listener = listener
    } catch {
      Socket.close(epoll)
      throw error
    }
    self.epoll = epoll
    self.signals = signals
    self.route = route
    self.options = options
    self.log = log
    started = .now()
  }

  deinit {
    Socket.close(listener)
    Socket.close(epoll)
  }

  /// Relays until a signal comes, a bound of the options is reached, or epoll_wait fails. Clients
  /// that are still connected then are recorded as far as they came, and disconnected.
  mutating func run() {
    while !isOver {
      guard let count = wait() else { return finish() }
      for index in 0..<count {
        let event = events[index]
        switch event.token {
        case Self.listenerToken: acceptClients()
        case Self.signalToken:
          if signals.next() != nil { return finish() }
        default: note(event)
        }
      }
      serveQueue()
      let waiting = closing
      closing = []
      for relay in waiting where relays[relay.id] != nil { conclude(relay) }
      if let instant = pausedUntil, instant <= .now() { goOnListening() }
    }
    finish()
  }

  /// When the signal came that ended the capture; nil where none did.
  var lastEnding: Instant? { signals.lastEnding }

  private var isOver: Bool {
    if let most = options.conversations, endedClients + refusedClients >= most { return true }
    return endInstant.map { $0 <= .now() } ?? false
  }

  /// When `Options.duration` is over; nil for no bound.
  private var endInstant: Instant? { options.duration.map(started.advanced(by:)) }

  /// Waits for events; returns how many there are, or nil, after a message, where epoll_wait fails.
  private mutating func wait() -> Int? {
    let look = closing.isEmpty ? nil : Instant.now().advanced(by: Self.closingInterval)
    let deadline =
      queue.isEmpty ? [endInstant, pausedUntil, look].compactMap(\.self).min() : .now()
    do throws(Errno) {
      return try Epoll.wait(epoll, into: &events, until: deadline)
    } catch {
      StandardError.write("runner: epoll_wait: \(error)\n")
      hasFailed = true
      return nil
    }
  }

  // MARK: Relaying

  private mutating func note(_ event: ReadyEvent) {
    guard let relay = relays[event.token >> 1] else { return }
    let side: CaptureRelay.Side = event.token & 1 == 0 ? .client : .server
    if side == .server, !relay.isConnected {
      if let error = Socket.handshakeError(relay.server) { return giveUp(relay, error) }
      guard event.seen.has(.writable) else { return }
      relay.isConnected = true
    }
    relay.note(event.seen, of: side)
    enqueue(relay)
  }

  private mutating func enqueue(_ relay: CaptureRelay) {
    guard !relay.isQueued else { return }
    relay.isQueued = true
    queue.append(relay)
  }

  /// One turn for each relay in the queue.
  private mutating func serveQueue() {
    let due = queue
    queue = []
    for relay in due where relays[relay.id] != nil {
      relay.isQueued = false
      let state = unsafe buffer.withUnsafeMutableBytes {
        unsafe relay.advance($0, room: &log.room)
      }
      switch state {
      case .waiting: break
      case .busy: enqueue(relay)
      case .over:
        if relay.closesAt == nil { conclude(relay) }
      }
    }
  }

  /// Ends a relay that is over, or puts it among those that wait for their last bytes to arrive.
  private mutating func conclude(_ relay: CaptureRelay) {
    guard relay.mayClose(now: .now()) else {
      closing.append(relay)
      return
    }
    end(relay, "ended")
    endedClients += 1
  }

  /// Closes a relay and keeps what it recorded; `how` says how it ended.
  private mutating func end(_ relay: CaptureRelay, _ how: String) {
    relays[relay.id] = nil
    relay.close()
    log.add(relay.recorder)
    bytesToServer += relay.toServer.movedBytes
    bytesToClients += relay.toClient.movedBytes
    say(relay.account(how))
  }

  private mutating func finish() {
    for relay in relays.values.sorted(by: { $0.id < $1.id }) {
      end(relay, "was still connected")
      openAtEnd += 1
    }
  }

  // MARK: Telling

  /// How much was relayed, in one line.
  var totals: String {
    let count = endedClients + openAtEnd
    var text = "\(Format.count(count)) \(count == 1 ? "client" : "clients")"
    if refusedClients > 0 { text += ", \(Format.count(refusedClients)) turned away" }
    return text + "; \(Format.bytes(bytesToServer)) to the server, "
      + "\(Format.bytes(bytesToClients)) back"
  }

  /// Prints a line unless `--quiet` was given.
  func say(_ text: String) {
    if !options.isQuiet { warn(text) }
  }

  /// Prints a line in any case.
  func warn(_ text: String) { StandardError.write(text + "\n") }
}
