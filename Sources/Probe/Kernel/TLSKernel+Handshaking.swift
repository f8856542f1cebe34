import Linux
import SystemPackage
import TLS
import WorkerLog

/// Handshakes of TLS, and ciphertext that sockets do not take at once.
extension TLSKernel where Base: ~Copyable {
  /// Goes on with a handshake as far as the bytes that have come take it.
  @inline(never)
  mutating func advance(_ row: UInt32) {
    let socket = FileDescriptor(rawValue: Int32(bitPattern: row))
    guard let handshake = handshake(row) else { return }
    if !unsent.isEmpty { _ = flush(row) }
    if let error = broken[row] ?? sendOutput(of: handshake, row) {
      return fail(row, LayerFailure(broken: error))
    }
    // A client's handshake may fail before it has said anything: where there is no cipher to offer.
    if case .failed(let failure) = handshake.state { return fail(row, failure) }
    // No more than a record at a time: the plaintext of what comes behind the handshake is handed out by one read,
    // and its caller may have room for no more than one record.
    let buffer = unsafe UnsafeMutableRawBufferPointer(
      rebasing: UnsafeMutableRawBufferPointer(read.buffer)[..<RecordLayer.longestRecord])
    while true {
      switch unsafe base.receive(socket, into: buffer) {
      case .wouldBlock: return
      case .closed:
        return fail(row, TLSFailure.closed)
      case .failed(let error): return fail(row, LayerFailure(broken: error))
      case .moved(let count):
        if !attempts.isEmpty { handshake.wantsSession = wantsSession(row) }
        let state = unsafe handshake.receive(
          UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(buffer)[..<count]))
        let error = sendOutput(of: handshake, row)
        if case .failed(let failure) = state { return fail(row, failure) }
        if let error { return fail(row, LayerFailure(broken: error)) }
        switch state {
        case .wants, .failed: continue
        case .done(let record):
          return finish(row, handshake, record)
        }
      }
    }
  }

  /// A handshake is over: the connection is secured.
  private mutating func finish(_ row: UInt32, _ handshake: Handshake, _ record: RecordState?) {
    underWay -= 1
    if let began = beginnings.removeValue(forKey: row), !context.isServer {
      board.record(.secure, nanoseconds: base.now().nanoseconds &- began)
    }
    // The sampler reads latencies only where a count has changed (`Sampler`), so the counts come last.
    board.add(.secured)
    if handshake.isResumed { board.add(.resumed) }
    if let record {
      stages[row] = .open
      states[row] = record
      if !handshake.surplus.isEmpty { incomplete[row] = handshake.surplus }
      handshakes[row] = nil
    } else {
      stages[row] = .kept
    }
    if !attempts.isEmpty { takeSession(row, handshake) }
  }

  /// The handshake under way. It begins here if it has not begun: a client's once TCP's is over, a server's once
  /// something has come. Nil where it cannot begin, which fails the connection.
  private mutating func handshake(_ row: UInt32) -> Handshake? {
    if let handshake = handshakes[row] { return handshake }
    do {
      let session = attempts.isEmpty ? nil : sessionToResume(row)
      let handshake = try Handshake(context, resuming: session)
      handshakes[row] = handshake
      underWay += 1
      let now = base.now().nanoseconds
      beginnings[row] = now
      if context.isServer { noteBegun(row, at: now) } else { connecting -= 1 }
      return handshake
    } catch {
      fail(row, LayerFailure(error))
      return nil
    }
  }

  private mutating func fail(_ row: UInt32, _ failure: TLSFailure) {
    fail(row, LayerFailure(failure, sent: handshakes[row]?.sentAlert))
  }

  mutating func fail(_ row: UInt32, _ failure: LayerFailure) {
    if handshakes[row] != nil { underWay -= 1 } else if !context.isServer { connecting -= 1 }
    stages[row] = .failed
    failures[row] = failure
    handshakes[row] = nil
    beginnings[row] = nil
    // Only an alert can be about the session. A server that is too busy may close without a word.
    if !attempts.isEmpty { forgetAttempt(row, isRefused: failure.refusal.code != nil) }
  }

  /// Sends what OpenSSL wants to say. Returns why that fails, else nil.
  mutating func sendOutput(of handshake: Handshake, _ row: UInt32) -> Errno? {
    while handshake.outputCount > 0 {
      let buffer = unsafe UnsafeMutableRawBufferPointer(written.buffer)
      let count = unsafe handshake.takeOutput(into: buffer)
      guard count > 0 else { return nil }
      let bytes = unsafe UnsafeRawBufferPointer(
        rebasing: UnsafeRawBufferPointer(buffer)[..<count])
      if let error = unsafe transmit(row, bytes) { return error }
    }
    return nil
  }

  /// Sends ciphertext, and puts aside what the socket does not take. Returns why sending fails, else nil. The errno
  /// stays in `broken`, as it was taken from the socket.
  mutating func transmit(_ row: UInt32, _ bytes: UnsafeRawBufferPointer) -> Errno? {
    if !unsent.isEmpty, unsent[row] != nil {
      unsafe putAside(row, bytes)
      return nil
    }
    // Until the socket is full: only then does epoll tell of room.
    var sent = 0
    while sent < bytes.count {
      let rest = unsafe UnsafeRawBufferPointer(rebasing: bytes[sent...])
      switch unsafe base.send(FileDescriptor(rawValue: Int32(bitPattern: row)), rest) {
      case .moved(let count): sent += count
      case .wouldBlock:
        unsafe putAside(row, rest)
        return nil
      case .failed(let error):
        broken[row] = error
        return error
      case .closed: return .brokenPipe
      }
    }
    return nil
  }

  @inline(never)
  private mutating func putAside(_ row: UInt32, _ bytes: UnsafeRawBufferPointer) {
    unsafe unsent[row, default: []].append(contentsOf: bytes)
  }

  /// Sends what was put aside; true when nothing of it is left.
  @inline(never)
  mutating func flush(_ row: UInt32) -> Bool {
    guard let bytes = unsent.removeValue(forKey: row) else { return true }
    _ = unsafe bytes.withUnsafeBytes { unsafe transmit(row, $0) }
    guard unsent[row] == nil else { return false }
    if finishing.remove(row) != nil {
      try? base.finishSending(FileDescriptor(rawValue: Int32(bitPattern: row)))
    }
    return true
  }
}

extension LayerFailure {
  /// EPROTO stands for a refusal by either end. Want of memory at this end is none.
  ///
  /// - Parameter sent: the alert that this end has sent, if any. It is the refusal's number where the peer sent none.
  init(_ failure: TLSFailure, sent: Alert?) {
    self.init(
      words: "\(failure)",
      code: (failure.alertReceived ?? failure.alertSent ?? sent).map {
        RefusalCode(.tls, UInt16($0.rawValue), isSent: failure.alertReceived == nil)
      },
      errno: failure == .outOfMemory ? .noMemory : .protocolError)
  }

  /// The handshake could not begin. Where a call of OpenSSL has failed that should not, memory is taken to be short.
  init(_ error: TLSError) {
    let isOfLibrary = if case .library = error { true } else { false }
    self.init(words: "\(error)", errno: isOfLibrary ? .noMemory : .protocolError)
  }
}
