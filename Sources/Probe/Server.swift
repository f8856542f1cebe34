import Addressing
import Linux
import Messages
package import SystemPackage

/// The server end: one worker's epoll loop of the classic design.
///
/// Level-triggered: it reads once a turn and is told again when there is more. It answers at once
/// and waits for EPOLLOUT only when the socket is full; `rearm` waits for it every time.
package struct Server<System: Kernel & ~Copyable>: ~Copyable {
  /// Connections to accept before looking at the others again.
  private static var batch: Int { 64 }
  /// How long to leave the listener alone when the whole host is short of something: no event of
  /// ours will tell when that is over.
  private static var pause: UInt64 { 100_000_000 }

  var kernel: System
  let board: Scoreboard
  private let assignment: ServerAssignment
  private let events: Scratch<ReadyEvent>
  private let bytes: Scratch<UInt8>
  private var spare: FileDescriptor?
  private var listener: FileDescriptor?
  private var listening = Listening.off

  // Rows are indexed by descriptor: the kernel hands out the lowest free one, so the table stays
  // as dense as the connections are.
  private let open: Column<Bool>
  private let generations: Column<UInt16>
  /// What could not be sent yet. Touched only when a socket is full, or for `rearm`.
  private var unsent: [UInt32: [UInt8]] = [:]

  private var command = Scoreboard.Command(
    order: .wait, phase: 0, start: Instant(nanoseconds: 0))
  private var now = Instant(nanoseconds: 0)
  private var meter = ProcessorMeter()

  private enum Listening: Equatable {
    case off, on
    /// At a limit of this process: goes on as soon as one of its connections closes.
    case full
    /// At a limit of the host: tries again at that instant.
    case paused(until: Instant)
  }

  package init(
    kernel: consuming System, assignment: ServerAssignment, board: Scoreboard
  ) throws(Errno) {
    let events = try Scratch<ReadyEvent>(count: 256)
    let bytes = try Scratch<UInt8>(count: 65_536)
    let open = try Column<Bool>(count: assignment.descriptorLimit)
    let generations = try Column<UInt16>(count: assignment.descriptorLimit)
    spare = try kernel.openSpare()
    self.kernel = kernel
    self.assignment = assignment
    self.board = board
    self.events = events
    self.bytes = bytes
    self.open = open
    self.generations = generations
    now = self.kernel.now()
    startListening()
  }

  /// Waits for events and handles them; false when told to quit.
  package mutating func turn() -> Bool {
    let count = unsafe kernel.wait(into: events.buffer, until: nextAttempt())
    now = kernel.now()
    for index in 0..<count {
      let event = unsafe events.buffer[index]
      handle(Token(rawValue: event.token), event.seen)
    }
    if let attempt = nextAttempt(), attempt <= now { resumeListening() }
    meter.publish(&kernel, to: board, at: now)
    return command.order != .quit
  }

  private mutating func handle(_ token: Token, _ seen: EpollEvents) {
    switch token.rawValue {
    case Token.wakeUp.rawValue:
      kernel.clearWakeUp()
      command = board.command()
      meter.publishNow(&kernel, to: board, at: now)
    case Token.listener.rawValue:
      accept()
    default:
      serve(token, seen)
    }
  }

  // MARK: Listening

  private mutating func startListening() {
    var call = FailedCall.socket
    do throws(Errno) {
      let socket = try kernel.open(v6: assignment.endpoint.ip.isV6)
      listener = socket
      call = .bind
      try kernel.reuseAddress(socket)
      // Accepted sockets inherit it: should this process be killed, its connections leave no
      // TIME_WAIT and go fast.
      try kernel.resetOnClose(socket, true)
      try kernel.bind(socket, to: assignment.endpoint)
      call = .listen
      try kernel.listen(socket, backlog: assignment.backlog)
      call = .epollControl
      try kernel.watch(socket, .readable, token: Token.listener.rawValue)
      listening = .on
      board[.state] = WorkerState.ready.rawValue
    } catch {
      count(call, error)
      // It may listen already: connections that nobody will ever accept must be refused instead.
      if let socket = listener {
        kernel.close(socket)
        listener = nil
      }
      board[.limited] = 1
      board[.state] = WorkerState.failed.rawValue
    }
    kernel.callAttention()
  }

  private mutating func accept() {
    guard let listener else { return }
    for accepted in 0..<Self.batch {
      do throws(Errno) {
        guard let socket = try kernel.accept(listener), admit(socket) else { return }
      } catch {
        // accept4 wants a descriptor before it looks at the queue, so at the limit it fails even
        // when nobody waits. Only the first attempt of a batch is sure that somebody does; after
        // that, epoll says so again if it is true.
        guard accepted == 0 else { return }
        return stopListening(.accept, error)
      }
    }
  }

  /// False when a limit leaves no hope for the ones behind it.
  private mutating func admit(_ socket: FileDescriptor) -> Bool {
    let slot = UInt32(socket.rawValue)
    generations[slot] &+= 1
    do throws(Errno) {
      try kernel.watch(
        socket, .readable, token: Token(slot: slot, generation: generations[slot]).rawValue)
    } catch {
      kernel.close(socket)
      stopListening(.epollControl, error)
      return false
    }
    open[slot] = true
    board.add(.held)
    board.add(.opened)
    return true
  }

  /// A limit: polling the listener on would spin, since the connection that could not be taken
  /// stays in its queue.
  private mutating func stopListening(_ call: FailedCall, _ error: Errno) {
    count(call, error)
    if let listener { kernel.unwatch(listener) }
    listening =
      error == .tooManyOpenFiles
      ? .full : .paused(until: now.advanced(byNanoseconds: Self.pause))
    // At a limit nobody on the host may be able to open a file, not even to report it.
    if let descriptor = spare {
      kernel.close(descriptor)
      spare = nil
    }
    guard board[.limited] == 0 else { return }
    board[.limited] = 1
    kernel.callAttention()
  }

  private mutating func resumeListening() {
    guard let listener else { return }
    if spare == nil { spare = try? kernel.openSpare() }
    do throws(Errno) {
      try kernel.watch(listener, .readable, token: Token.listener.rawValue)
      listening = .on
    } catch {
      listening = .paused(until: now.advanced(byNanoseconds: Self.pause))
    }
  }

  private func nextAttempt() -> Instant? {
    if case .paused(let instant) = listening { instant } else { nil }
  }

  // MARK: Serving

  private mutating func serve(_ token: Token, _ seen: EpollEvents) {
    let slot = token.slot
    guard Int(slot) < open.count, open[slot], generations[slot] == token.generation else { return }
    guard !seen.has(.error | .hangUp) else { return end(slot) }
    if seen.has(.writable) { return flush(slot) }
    if seen.has(.readable) { read(slot) }
  }

  private mutating func read(_ slot: UInt32) {
    let buffer = unsafe UnsafeMutableRawBufferPointer(bytes.buffer)
    switch unsafe kernel.receive(descriptor(slot), into: buffer) {
    case .wouldBlock: return
    case .closed:
      // An orderly close is answered by one.
      try? kernel.resetOnClose(descriptor(slot), false)
      end(slot)
    case .failed(let error):
      count(.read, error)
      end(slot)
    case .moved(let count):
      board.add(.bytesReceived, UInt64(count))
      guard assignment.reply == .echo else { return }
      let message = unsafe UnsafeRawBufferPointer(rebasing: buffer[..<count])
      switch assignment.readiness {
      case .direct: unsafe answer(slot, message)
      case .rearm: unsafe keep(slot, message)
      }
    }
  }

  private mutating func answer(_ slot: UInt32, _ message: UnsafeRawBufferPointer) {
    switch unsafe kernel.send(descriptor(slot), message) {
    case .moved(let count):
      board.add(.bytesSent, UInt64(count))
      if count < message.count {
        unsafe keep(slot, UnsafeRawBufferPointer(rebasing: message[count...]))
      }
    case .wouldBlock: unsafe keep(slot, message)
    case .failed(let error):
      count(.write, error)
      end(slot)
    case .closed: end(slot)
    }
  }

  /// Puts bytes aside until the socket takes them, and reads nothing more until then: a client
  /// that does not read its answers is slowed down by TCP, not by our memory.
  private mutating func keep(_ slot: UInt32, _ message: UnsafeRawBufferPointer) {
    unsafe unsent[slot] = Array(message)
    rewatch(slot, .writable)
  }

  private mutating func flush(_ slot: UInt32) {
    guard let message = unsent.removeValue(forKey: slot) else { return rewatch(slot, .readable) }
    unsafe message.withUnsafeBytes { unsafe answer(slot, $0) }
    if open[slot], unsent[slot] == nil { rewatch(slot, .readable) }
  }

  private mutating func rewatch(_ slot: UInt32, _ events: EpollEvents) {
    let token = Token(slot: slot, generation: generations[slot])
    do throws(Errno) {
      try kernel.rewatch(descriptor(slot), events, token: token.rawValue)
    } catch {
      count(.epollControl, error)
      end(slot)
    }
  }

  private mutating func end(_ slot: UInt32) {
    guard open[slot] else { return }
    kernel.close(descriptor(slot))
    open[slot] = false
    generations[slot] &+= 1
    unsent[slot] = nil
    board.subtract(.held)
    board.add(.closedByPeer)
    if listening == .full { resumeListening() }
  }

  private func descriptor(_ slot: UInt32) -> FileDescriptor {
    FileDescriptor(rawValue: Int32(slot))
  }

  // MARK: Counting

  private mutating func count(_ call: FailedCall, _ error: Errno) {
    board.add(.failures)
    board.failures.add(
      call, error, phase: command.phase, at: now, held: board[.held], position: nil)
  }
}
