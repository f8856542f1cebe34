import Linux
import Messages
import Protocols
import SystemPackage
import WorkerLog

/// Reads what comes, and answers it.
extension Server where System: ~Copyable {
  /// The events that a connection is watched for, except while unsent bytes wait for room in its
  /// socket: then the connection is watched for `.writable` alone. Epoll announces an edge once, so
  /// `readOn` watches the connection again where one read may have left bytes.
  static var watchedEvents: EpollEvents { .readable | .urgent | .peerHangUp | .edgeTriggered }

  /// Handles what epoll has seen on a connection.
  mutating func serve(_ token: Token, _ seen: EpollEvents) {
    let slot = token.slot
    guard Int(slot) < open.count, open[slot], generations[slot] == token.generation else { return }
    guard !seen.has(.error | .hangUp) else { return endAfterRest(slot) }
    if seen.has(.writable) { return flush(slot) }
    if seen.has(.readable) { read(slot, seen) }
  }

  private mutating func read(_ slot: UInt32, _ seen: EpollEvents) {
    let buffer = unsafe UnsafeMutableRawBufferPointer(bytes.buffer)
    switch unsafe kernel.receive(descriptor(slot), into: buffer) {
    case .wouldBlock: return
    case .closed:
      // A FIN is answered with a FIN, not with a reset.
      try? kernel.resetOnClose(descriptor(slot), false)
      end(slot)
    case .failed(let error):
      endBroken(slot, .read, error)
    case .moved(let count):
      let message = unsafe UnsafeRawBufferPointer(rebasing: buffer[..<count])
      if !System.carriesMessages { unsafe countReceived(slot, message) }
      if System.carriesMessages {
        unsafe answerMessages(slot, message)
      } else if assignment.speaksHTTP {
        unsafe answerRequests(slot, message)
      } else {
        switch reply.kind {
        case .echo: unsafe respond(slot, message)
        case .text: unsafe respond(slot, reply.text)
        case .discard, .push: break
        }
      }
      if !kernel.hasReadAll(count, of: buffer.count) || seen.has(.urgent | .peerHangUp) {
        readOn(slot)
      }
    }
  }

  /// Has epoll announce a connection once more, as one read may have left something: more bytes, what stands behind
  /// urgent data, or the connection's end. It is not read at once, so that the other connections are served first.
  @inline(never)
  private mutating func readOn(_ slot: UInt32) {
    // A connection with unsent bytes is watched for `.writable`; `flush` watches it for reading
    // again.
    guard open[slot], unsent[slot] == nil else { return }
    rewatch(slot, Self.watchedEvents)
  }

  /// Counts bytes received, and passes them on for `serve --verbose`.
  @inline(__always)
  mutating func countReceived(_ slot: UInt32, _ message: UnsafeRawBufferPointer) {
    board.add(.bytesReceived, UInt64(message.count))
    if let pipe = assignment.receivedPipe { unsafe tell(pipe, slot, message) }
  }

  /// Reads what is left on a connection that is broken, or that both ends have closed, and ends it.
  @inline(never)
  private mutating func endAfterRest(_ slot: UInt32) {
    if let error = readRest(slot) { endBroken(slot, .read, error) } else { end(slot) }
  }

  /// Reads what came before a connection broke, since the kernel keeps these bytes. Returns the error that the kernel
  /// reports behind them, if any. To be called where nothing more can come, as it reads to the end.
  private mutating func readRest(_ slot: UInt32) -> Errno? {
    let buffer = unsafe UnsafeMutableRawBufferPointer(bytes.buffer)
    while true {
      switch unsafe kernel.receive(descriptor(slot), into: buffer) {
      case .moved(let count):
        let rest = unsafe UnsafeRawBufferPointer(rebasing: buffer[..<count])
        unsafe System.carriesMessages ? countMessages(slot, rest) : countReceived(slot, rest)
      case .failed(let error): return error
      case .closed, .wouldBlock: return nil
      }
    }
  }

  /// Writes what was received to `receivedPipe`. When the pipe is full, the bytes are lost there.
  private mutating func tell(
    _ pipe: FileDescriptor, _ slot: UInt32, _ message: UnsafeRawBufferPointer
  ) {
    let buffer = unsafe UnsafeMutableRawBufferPointer(frame.buffer)
    let count = unsafe ReceivedFrame.write(descriptor(slot), message, to: buffer)
    unsafe kernel.tell(pipe, UnsafeRawBufferPointer(rebasing: buffer[..<count]))
  }

  /// Sends bytes of an answer, or puts them aside. The connection may be gone afterwards.
  mutating func respond(_ slot: UInt32, _ message: UnsafeRawBufferPointer) {
    // A long response of HTTP comes here in pieces, and so do the answers to many messages. No piece may overtake what
    // waits in `unsent`.
    if assignment.speaksHTTP || System.carriesMessages, isUnsent(slot) {
      return unsafe keep(slot, message)
    }
    switch assignment.readiness {
    case .direct: unsafe answer(slot, message)
    case .rearm: unsafe keep(slot, message)
    }
  }

  /// Sends as much as the socket takes, and puts the rest aside.
  private mutating func answer(_ slot: UInt32, _ message: UnsafeRawBufferPointer) {
    switch unsafe kernel.send(descriptor(slot), message) {
    case .moved(let count):
      board.add(.bytesSent, UInt64(count))
      if count < message.count {
        unsafe keep(slot, UnsafeRawBufferPointer(rebasing: message[count...]))
      }
    case .wouldBlock: unsafe keep(slot, message)
    case .failed(let error): endBroken(slot, .write, error)
    case .closed: end(slot)
    }
  }

  /// Ends a connection on which a call has failed.
  ///
  /// A reset is the peer's close, and no failure. Any other error counts as a failure of the call, unless a layer on
  /// top of TCP has failed. That is the client's to count: the server only keeps the words that say why
  /// (`Scoreboard.refusals`). But where this end lacked memory for the layer, the server counts the failure. Of
  /// strangers' connections nothing is counted and nothing kept.
  @inline(never)
  mutating func endBroken(_ slot: UInt32, _ call: FailedCall, _ error: Errno) {
    let isClose = error == .connectionReset || error == .brokenPipe
    if case .failed(let layer, let refusal) = kernel.layerStep(descriptor(slot)) {
      if origins[slot] != .elsewhere, !isClose {
        if error == .noMemory {
          count(layer, error)
        } else {
          board.refusals.add(refusal, layer, error, phase: command.phase)
        }
      }
      // A reset might overtake the words by which the layer tells the client why.
      try? kernel.resetOnClose(descriptor(slot), false)
    } else if !isClose, origins[slot] != .elsewhere {
      count(call, error)
    }
    // `send` has met the reset, and bytes that came before it are still unread.
    if isClose, call == .write { _ = readRest(slot) }
    end(slot)
  }

  /// Puts bytes aside until the socket takes them, behind those that wait already. Nothing more is read until then: so
  /// TCP slows down a client that does not read its answers, and they do not pile up in our memory.
  @inline(never)
  mutating func keep(_ slot: UInt32, _ message: UnsafeRawBufferPointer) {
    unsafe unsent[slot, default: []].append(contentsOf: message)
    rewatch(slot, .writable)
  }

  /// Whether bytes of a connection wait until its socket takes them.
  @inline(__always)
  mutating func isUnsent(_ slot: UInt32) -> Bool { !unsent.isEmpty && hasUnsent(slot) }

  /// Not inlined, so that the loop itself counts no references to the dictionary. Mutating, as Swift copies the whole
  /// server for a method that changes nothing and is not inlined.
  @inline(never)
  private mutating func hasUnsent(_ slot: UInt32) -> Bool { unsent[slot] != nil }

  /// Sends what waits, as the socket has room. Once nothing waits, the connection is read again.
  @inline(never)
  private mutating func flush(_ slot: UInt32) {
    guard let message = unsent.removeValue(forKey: slot) else {
      return rewatch(slot, Self.watchedEvents)
    }
    unsafe message.withUnsafeBytes { unsafe answer(slot, $0) }
    guard open[slot], unsent[slot] == nil else { return }
    if reply.kind == .push { countPush(to: slot) }
    if assignment.speaksHTTP {
      answerWaitingRequests(slot)
      guard open[slot], unsent[slot] == nil else { return }
    }
    rewatch(slot, Self.watchedEvents)
  }

  private mutating func rewatch(_ slot: UInt32, _ events: EpollEvents) {
    let token = Token(slot: slot, generation: generations[slot])
    do throws(Errno) {
      try kernel.rewatch(descriptor(slot), events, token: token.rawValue)
    } catch {
      endBroken(slot, .epollControl, error)
    }
  }

  /// Closes a connection, and counts its end. Does nothing for one that has ended.
  mutating func end(_ slot: UInt32) {
    guard open[slot] else { return }
    kernel.close(descriptor(slot))
    open[slot] = false
    generations[slot] &+= 1
    if !unsent.isEmpty || !unanswered.isEmpty { forget(slot) }
    board.subtract(origins[slot].heldCounter)
    board.add(.closedByPeer)
    if listening == .full { resumeListening() }
  }

  /// Drops what waits of a connection that has ended. Not inlined, so that the loop itself counts no references to the
  /// dictionaries.
  @inline(never)
  private mutating func forget(_ slot: UInt32) {
    unsent[slot] = nil
    unanswered[slot] = nil
  }

  func descriptor(_ slot: UInt32) -> FileDescriptor {
    FileDescriptor(rawValue: Int32(slot))
  }
}
