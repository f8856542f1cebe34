import Addressing
import Linux
package import SystemPackage

/// The client end: one worker's edge-triggered epoll loop.
///
/// It opens connections when the schedule says so, whether or not earlier ones have been answered
/// (an open loop), each from a source address and port of its own choice, and registers each
/// socket once. `turn` is the whole loop body, so that a test can step it by hand.
package struct Client<System: Kernel & ~Copyable>: ~Copyable {
  /// Connections to open or close before looking at events again: enough to keep the number of
  /// waits small when the client is behind, few enough that an answer is timed when it comes.
  private static var batch: Int { 16 }
  /// A worker gives up its phase after this many failures in a row: the cause will not go away by
  /// itself, and a flood of failures helps nobody.
  private static var patience: Int { 100 }

  var kernel: System
  let board: Scoreboard
  private let assignment: ClientAssignment
  private var connections: ConnectionTable
  private var walk: SourceWalk
  private let events: Scratch<ReadyEvent>
  private let bytes: Scratch<UInt8>
  private var spare: FileDescriptor?

  private var command = Scoreboard.Command(
    order: .wait, phase: 0, start: Instant(nanoseconds: 0))
  private var work = Work.none
  private var now = Instant(nanoseconds: 0)
  private var failuresInARow = 0
  private var meter = ProcessorMeter()

  /// What is left to do in the current phase.
  private enum Work {
    case none
    /// `done` of `total` connections have been begun.
    case opening(Schedule, done: Int, total: Int)
    /// Closing goes through the table by slot.
    case closing(Schedule, done: Int, slot: UInt32, reset: Bool)
    /// Nothing more will be opened; handshakes are still under way.
    case settling
    /// Asking goes through the table by slot.
    case verifying(slot: UInt32)
  }

  package init(
    kernel: consuming System, assignment: ClientAssignment, board: Scoreboard
  ) throws(Errno) {
    let connections = try ConnectionTable(capacity: assignment.capacity)
    let events = try Scratch<ReadyEvent>(count: 256)
    let bytes = try Scratch<UInt8>(count: 65_536)
    spare = try kernel.openSpare()
    self.kernel = kernel
    self.assignment = assignment
    self.board = board
    self.connections = connections
    self.events = events
    self.bytes = bytes
    walk = SourceWalk(
      sources: assignment.sources.count, ports: assignment.ports,
      endpoints: assignment.endpoints.count, share: assignment.share)
    board[.state] = WorkerState.ready.rawValue
  }

  /// Does what is due, then waits for events and handles them; false when told to quit.
  package mutating func turn() -> Bool {
    now = kernel.now()
    let wake = advance()
    let count = unsafe kernel.wait(into: events.buffer, until: wake)
    now = kernel.now()
    for index in 0..<count {
      let event = unsafe events.buffer[index]
      handle(Token(rawValue: event.token), event.seen)
    }
    expireHandshakes()
    settleWhenDone()
    meter.publish(&kernel, to: board, at: now)
    return command.order != .quit
  }

  // MARK: Orders

  private mutating func obey() {
    kernel.clearWakeUp()
    command = board.command()
    meter.publishNow(&kernel, to: board, at: now)
    switch command.order {
    case .begin:
      begin(assignment.tasks[command.phase])
    case .settle:
      // Even with nothing under way: the order to begin may have been overwritten before it was
      // read, and the phase must settle all the same. A close goes on to its end.
      if case .closing = work { break }
      work = .settling
    case .verify:
      work = .verifying(slot: 0)
    case .wait, .quit:
      break
    }
  }

  private mutating func begin(_ task: ClientTask) {
    failuresInARow = 0
    switch task {
    case .open(let goal, let rate):
      open(upTo: goal, rate: rate)
    case .seek(let most, let rate):
      open(upTo: min(command.goal ?? most, most), rate: rate)
    case .keep, .churn:
      work = .settling
    case .close(let rate, let reset):
      work = .closing(Schedule(start: command.start, rate: rate), done: 0, slot: 0, reset: reset)
    }
  }

  private mutating func open(upTo goal: Int, rate: Double?) {
    let held = Int(board[.held] + board[.connecting])
    work = .opening(
      Schedule(start: command.start, rate: rate), done: 0,
      total: max(0, assignment.share.part(of: goal) - held))
  }

  // MARK: What is due

  /// Opens or closes what is due and returns when to be back; nil to wait for events alone.
  private mutating func advance() -> Instant? {
    switch work {
    case .none: nil
    case .settling: nextExpiry()
    case .opening(let schedule, let done, let total): open(schedule, done: done, total: total)
    case .closing(let schedule, let done, let slot, let reset):
      close(schedule, done: done, from: slot, reset: reset)
    case .verifying(let slot): verify(from: slot)
    }
  }

  private mutating func open(_ schedule: Schedule, done: Int, total: Int) -> Instant? {
    var done = done
    for _ in 0..<Self.batch {
      guard done < total else { break }
      let due = schedule.due(assignment.share.ordinal(done))
      guard due <= now else {
        work = .opening(schedule, done: done, total: total)
        return earlier(due, nextExpiry())
      }
      // Without a pace a connection is due when its turn comes.
      let intended = schedule.rate == nil ? now : due
      guard openOne(due: intended) else {
        work = .settling
        // Not `nextExpiry`: with no handshake under way nothing would end the wait, and the
        // phase would never be found settled.
        return now
      }
      done += 1
      now = kernel.now()
    }
    work = done < total ? .opening(schedule, done: done, total: total) : .settling
    return now
  }

  /// Begins one connection; false when a limit leaves no hope for the ones after it.
  private mutating func openOne(due: Instant) -> Bool {
    var socket: FileDescriptor?
    // How the last tuple was found to be taken. Before any was tried: by ourselves.
    var takenBy = (call: FailedCall.connect, error: Errno.addressNotAvailable, position: UInt32(0))
    var skipped: UInt64 = 0
    let own = board[.held] + board[.connecting]
    for _ in 0..<(own < walk.count ? walk.count : 0) {
      let step = walk.next()
      let endpoint = assignment.endpoints[step.endpoint]
      let source = SocketAddress(assignment.sources[step.source], step.port)
      var call = FailedCall.socket
      do throws(Errno) {
        if socket == nil { socket = try prepared(v6: endpoint.ip.isV6) }
        let descriptor = socket!
        call = .bind
        try kernel.bind(descriptor, to: source)
        call = .connect
        try kernel.connect(descriptor, to: endpoint)
      } catch {
        if call == .connect, let descriptor = socket {
          // A bound socket cannot be bound again.
          kernel.close(descriptor)
          socket = nil
        }
        if isTaken(call, error) {
          skipped += 1
          takenBy = (call, error, step.position)
          continue
        }
        if let descriptor = socket { kernel.close(descriptor) }
        board.add(.portsSkipped, skipped)
        return fail(call, error, position: step.position)
      }
      board.add(.portsSkipped, skipped)
      return register(socket!, step: step, due: due)
    }
    // Every tuple of this worker has been tried in a row, and each one was taken: our own once
    // each, and the others by somebody else.
    if let descriptor = socket { kernel.close(descriptor) }
    board.add(.portsSkipped, skipped - min(skipped, own))
    count(takenBy.call, takenBy.error, position: takenBy.position)
    stopGrowing()
    return false
  }

  /// Whether a failure means that this one tuple is in use, and the next one may not be.
  private func isTaken(_ call: FailedCall, _ error: Errno) -> Bool {
    switch call {
    case .bind: error == .addressInUse
    case .connect: error == .addressNotAvailable
    default: false
    }
  }

  private mutating func prepared(v6: Bool) throws(Errno) -> FileDescriptor {
    let socket = try kernel.open(v6: v6)
    do throws(Errno) {
      try kernel.reuseAddress(socket)
      // From the start, so that even a killed worker leaves no TIME_WAIT behind.
      try kernel.resetOnClose(socket, true)
    } catch {
      kernel.close(socket)
      throw error
    }
    return socket
  }

  private mutating func register(
    _ socket: FileDescriptor, step: SourceWalk.Step, due: Instant
  ) -> Bool {
    let slot = connections.insert(
      descriptor: socket, position: step.position, due: due.nanoseconds,
      began: now.nanoseconds)
    board.add(.opened)
    board.add(.connecting)
    do throws(Errno) {
      try kernel.watch(
        socket, .readable | .writable | .peerHangUp | .edgeTriggered,
        token: connections.token(slot).rawValue)
      return true
    } catch {
      drop(slot)
      return fail(.epollControl, error, position: step.position)
    }
  }

  private mutating func close(
    _ schedule: Schedule, done: Int, from slot: UInt32, reset: Bool
  ) -> Instant? {
    var done = done
    var slot = slot
    var closed = 0
    while slot < connections.firstUnused {
      guard connections.state(slot) != .free else {
        slot += 1
        continue
      }
      let due = schedule.due(assignment.share.ordinal(done))
      guard due <= now, closed < Self.batch else {
        work = .closing(schedule, done: done, slot: slot, reset: reset)
        return earlier(max(due, now), nextExpiry())
      }
      if !reset { try? kernel.resetOnClose(connections.descriptor(slot), false) }
      drop(slot)
      done += 1
      closed += 1
      slot += 1
    }
    work = .settling
    return now
  }

  private mutating func verify(from slot: UInt32) -> Instant? {
    var slot = slot
    var asked = 0
    while slot < connections.firstUnused, asked < Self.batch {
      if connections.state(slot) == .established {
        connections.ask(slot)
        let byte = unsafe UnsafeRawBufferPointer(
          rebasing: UnsafeRawBufferPointer(bytes.buffer)[..<1])
        switch unsafe kernel.send(connections.descriptor(slot), byte) {
        case .moved(let count): board.add(.bytesSent, UInt64(count))
        // Telling the error has used it up: a later read would find a plain end.
        case .failed(let error): lose(slot, error)
        case .wouldBlock, .closed: break
        }
        asked += 1
      }
      slot += 1
    }
    guard slot < connections.firstUnused else {
      work = .none
      board[.settledOrder] = command.number
      return now
    }
    work = .verifying(slot: slot)
    return now
  }

  // MARK: Events

  private mutating func handle(_ token: Token, _ seen: EpollEvents) {
    if token.rawValue == Token.wakeUp.rawValue { return obey() }
    switch connections.state(token) {
    case .free: return
    case .connecting:
      guard !seen.has(.error | .hangUp) else { return failHandshake(token.slot) }
      guard seen.has(.writable) else { return }
      establish(token.slot)
    case .established, .asked: break
    }
    if seen.has(.readable | .peerHangUp | .error | .hangUp) { drain(token.slot) }
  }

  private mutating func establish(_ slot: UInt32) {
    board.record(.connect, nanoseconds: now.nanoseconds &- connections.due(slot))
    board.record(.connectUncorrected, nanoseconds: now.nanoseconds &- connections.began(slot))
    connections.establish(slot)
    failuresInARow = 0
    board.subtract(.connecting)
    board.add(.held)
    board.add(.established)
    board.addToSource(walk.step(at: connections.position(slot)).source, 1)
  }

  private mutating func failHandshake(_ slot: UInt32) {
    let error = kernel.pendingError(connections.descriptor(slot)) ?? .connectionReset
    let position = connections.position(slot)
    drop(slot)
    _ = fail(.connect, error, position: position)
  }

  /// Reads until there is nothing more: an edge is announced only once.
  private mutating func drain(_ slot: UInt32) {
    while true {
      let buffer = unsafe UnsafeMutableRawBufferPointer(bytes.buffer)
      switch unsafe kernel.receive(connections.descriptor(slot), into: buffer) {
      case .moved(let count):
        board.add(.bytesReceived, UInt64(count))
        if connections.state(slot) == .asked {
          connections.answer(slot)
          board.add(.verified)
        }
      case .wouldBlock: return
      case .closed: return lose(slot, nil)
      case .failed(let error): return lose(slot, error)
      }
    }
  }

  private mutating func lose(_ slot: UInt32, _ error: Errno?) {
    let position = connections.position(slot)
    drop(slot)
    board.add(.closedByPeer)
    count(.closed, error, position: position)
  }

  /// The runner's own deadline: handshakes that were begun too long ago.
  private mutating func expireHandshakes() {
    while let expiry = nextExpiry(), expiry <= now {
      let slot = connections.oldestConnecting
      let position = connections.position(slot)
      drop(slot)
      _ = fail(.connectTimeout, nil, position: position)
    }
  }

  private func nextExpiry() -> Instant? {
    let slot = connections.oldestConnecting
    guard slot != ConnectionTable.none else { return nil }
    return Instant(nanoseconds: connections.began(slot))
      .advanced(byNanoseconds: assignment.connectTimeout)
  }

  // MARK: Endings

  private mutating func drop(_ slot: UInt32) {
    switch connections.state(slot) {
    case .connecting:
      board.subtract(.connecting)
    case .established, .asked:
      board.subtract(.held)
      board.addToSource(walk.step(at: connections.position(slot)).source, -1)
    case .free:
      return
    }
    kernel.close(connections.descriptor(slot))
    connections.remove(slot)
  }

  private mutating func count(_ call: FailedCall, _ error: Errno?, position: UInt32?) {
    board.add(.failures)
    board.failures.add(
      call, error, phase: command.phase, at: now, held: board[.held], position: position)
  }

  /// Counts a failure; false when it means that the next attempt will fail as well.
  private mutating func fail(_ call: FailedCall, _ error: Errno?, position: UInt32?) -> Bool {
    count(call, error, position: position)
    failuresInARow += 1
    guard failuresInARow >= Self.patience || isExhaustion(error) else { return true }
    stopGrowing()
    return false
  }

  private func isExhaustion(_ error: Errno?) -> Bool {
    switch error {
    case .tooManyOpenFiles, .tooManyOpenFilesInSystem, .noSpace, .noMemory, .noBufferSpace: true
    default: false
    }
  }

  private mutating func stopGrowing() {
    if case .opening = work { work = .settling }
    // At a limit nobody on the host may be able to open a file, not even to report it.
    if let descriptor = spare {
      kernel.close(descriptor)
      spare = nil
    }
    guard board[.limited] == 0 else { return }
    board[.limited] = 1
    kernel.callAttention()
  }

  private mutating func settleWhenDone() {
    guard case .settling = work, connections.oldestConnecting == ConnectionTable.none else {
      return
    }
    work = .none
    meter.publishNow(&kernel, to: board, at: now)
    board[.settledOrder] = command.number
    kernel.callAttention()
  }

  private func earlier(_ left: Instant, _ right: Instant?) -> Instant {
    right.map { min(left, $0) } ?? left
  }
}
