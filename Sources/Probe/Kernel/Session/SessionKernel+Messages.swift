import Linux
import SystemPackage

/// Messages in and out.
extension SessionKernel where Base: ~Copyable, Talk: ~Copyable {
  /// A read brings as much as its caller has room for. Whether it has left something, `hasReadAll` tells.
  var largestRead: Int { .max }

  mutating func hasReadAll(_ count: Int, of room: Int) -> Bool { isReadAll }

  /// How many bytes may be read at once from the kernel below, so that their pieces fit into `room` bytes.
  static func mostRead(_ room: Int) -> Int { (room - Talk.slack) / Talk.growth }

  mutating func receive(
    _ socket: FileDescriptor, into buffer: UnsafeMutableRawBufferPointer
  ) -> Transfer {
    let row = row(socket)
    isReadAll = false
    if stages[row] == .opening { advance(row) }
    switch stages[row] {
    case .plain:
      let transfer = unsafe base.receive(socket, into: buffer)
      if case .moved(let count) = transfer { isReadAll = base.hasReadAll(count, of: buffer.count) }
      return transfer
    case .waiting, .opening: return .wouldBlock
    case .failed: return .failed(failures[row]?.errno ?? .protocolError)
    case .open, .leaving: return unsafe receiveMessages(row, into: buffer)
    }
  }

  private mutating func receiveMessages(
    _ row: UInt32, into buffer: UnsafeMutableRawBufferPointer
  ) -> Transfer {
    if !behind.isEmpty, let end = behind[row] {
      sayFarewell(row)
      return end
    }
    isReadAll = false
    let bytes = unsafe UnsafeMutableRawBufferPointer(
      rebasing: UnsafeMutableRawBufferPointer(read.buffer)[
        ..<Self.mostRead(min(buffer.count, Self.readSize))])
    var pieces = unsafe MessagePieceWriter(buffer)
    if !surplus.isEmpty {
      let count = unsafe takeSurplus(row, into: bytes)
      let end = unsafe hear(
        row, UnsafeMutableRawBufferPointer(rebasing: bytes[..<count]), &pieces)
      if pieces.count > 0 || end != nil { return handOut(row, pieces.count, end) }
    }
    var seen = 0
    while true {
      let transfer = unsafe base.receive(socket(row), into: bytes)
      guard case .moved(let count) = transfer else { return ended(row, transfer) }
      isReadAll = base.hasReadAll(count, of: bytes.count)
      let end = unsafe hear(
        row, UnsafeMutableRawBufferPointer(rebasing: bytes[..<count]), &pieces)
      if pieces.count > 0 || end != nil { return handOut(row, pieces.count, end) }
      seen += count
      guard seen < Self.readSize else { return yield(row) }
    }
  }

  /// Moves what came behind the opening to `bytes`; returns how many bytes these are. Not inlined, as the dictionary
  /// counts references.
  @inline(never)
  private mutating func takeSurplus(
    _ row: UInt32, into bytes: UnsafeMutableRawBufferPointer
  ) -> Int {
    guard let early = surplus.removeValue(forKey: row) else { return 0 }
    unsafe bytes.copyBytes(from: early)
    return early.count
  }

  /// Takes bytes that have come. Writes their messages to `pieces`, and does what they ask for besides messages.
  /// Returns how the connection ends behind them; nil where it goes on.
  private mutating func hear(
    _ row: UInt32, _ bytes: UnsafeMutableRawBufferPointer, _ pieces: inout MessagePieceWriter
  ) -> Transfer? {
    var used = 0
    while true {
      let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: bytes[used...])
      let step = unsafe session.hear(row, rest, into: &pieces)
      used += step.used
      switch step.event {
      case .more: return nil
      case .answer:
        say(row)
        // It may have been given up as it takes none of its answers.
        if stages[row] == .failed { return .failed(failures[row]?.errno ?? .protocolError) }
      case .alive(let round): noteAlive(row, round)
      case .ended(let failure):
        if session.isServer, pieces.count > 0 {
          farewells[row] = unsafe Array(session.said.text)
          session.said.removeAll()
          return .closed
        }
        return noteEnd(row, failure)
      case .failed(let failure):
        if !isInMessage(row) { say(row) } else { session.said.removeAll() }
        fail(row, failure)
        return .failed(failure.errno)
      }
    }
  }

  /// Sends the server's answer to what has ended the session, now that the server has answered everything before it.
  @inline(never)
  private mutating func sayFarewell(_ row: UInt32) {
    guard let text = farewells.removeValue(forKey: row), !isInMessage(row) else { return }
    stages[row] = .leaving
    _ = unsafe text.withUnsafeBytes { unsafe transmit(row, $0) }
  }

  private mutating func noteAlive(_ row: UInt32, _ round: UInt32?) {
    guard pings.interval != nil else { return }
    // It may have been pinged before or after this round's turn came.
    let isRecent = round.map { $0 == pings.round || $0 == pings.round &- 1 } ?? true
    if isRecent { vigils[row].turns = 0 }
  }

  /// Answers a peer that has ended the session. Returns how the connection ends, which it does at once at either end:
  /// nothing can be said on it any more, so it must not count as held while its peer takes its time to close TCP.
  @inline(never)
  private mutating func noteEnd(_ row: UInt32, _ failure: LayerFailure?) -> Transfer {
    let isAnswered = stages[row] == .leaving
    if isAnswered || isInMessage(row) { session.said.removeAll() } else { say(row) }
    stages[row] = .leaving
    if !session.isServer, let failure, failures[row] == nil { failures[row] = failure }
    return endOfSession(row)
  }

  /// How a connection ends whose session is over.
  private func endOfSession(_ row: UInt32) -> Transfer {
    failures[row].map { .failed($0.errno) } ?? .closed
  }

  /// What a read returns where the kernel below has brought no bytes but `transfer`.
  private mutating func ended(_ row: UInt32, _ transfer: Transfer) -> Transfer {
    guard stages[row] == .leaving, transfer != .wouldBlock else {
      guard transfer == .closed, !broken.isEmpty, let error = broken[row] else { return transfer }
      return .failed(error)
    }
    return endOfSession(row)
  }

  /// What a read returns that has brought `count` bytes of pieces: these first, and `end` with the next read.
  private mutating func handOut(_ row: UInt32, _ count: Int, _ end: Transfer?) -> Transfer {
    guard let end else { return .moved(count) }
    isReadAll = false
    guard count > 0 else { return end }
    // Where the session has failed, the next read finds that out without this.
    if stages[row] != .failed { behind[row] = end }
    return .moved(count)
  }

  /// Lets the other connections come first where a peer sends much that is no message: epoll announces this one again.
  @inline(never)
  mutating func yield(_ row: UInt32) -> Transfer {
    let events = wanted(socket(row), EpollEvents(rawValue: callerEvents[row]))
    do throws(Errno) {
      try base.rewatch(socket(row), events, token: tokenBelow(row))
      return .wouldBlock
    } catch {
      return .failed(error)
    }
  }

  // MARK: Out

  mutating func send(
    _ socket: FileDescriptor, _ bytes: UnsafeRawBufferPointer
  ) -> Transfer {
    let row = row(socket)
    switch stages[row] {
    case .plain: return unsafe base.send(socket, bytes)
    case .waiting, .opening: return .wouldBlock
    case .failed: return .failed(failures[row]?.errno ?? .protocolError)
    // Nothing may follow what ends a session.
    case .leaving: return .failed(failures[row]?.errno ?? .brokenPipe)
    case .open: break
    }
    if !unsent.isEmpty, !flush(row) { return .wouldBlock }
    let transfer =
      unsafe session.isServer ? sendWhole(row, bytes) : sendMessage(row, bytes)
    if !owed.isEmpty, !isInMessage(row) { sayOwed(row) }
    return transfer
  }

  /// Sends a server's messages, which are given as they stand on the wire.
  private mutating func sendWhole(_ row: UInt32, _ bytes: UnsafeRawBufferPointer) -> Transfer {
    let transfer = unsafe base.send(socket(row), bytes)
    // A message of which nothing went out is not under way.
    guard case .moved(let count) = transfer else { return transfer }
    outgoing[row].remaining = count == bytes.count ? 0 : 1
    return transfer
  }

  /// Sends a client's message, or what is left of it.
  private mutating func sendMessage(_ row: UInt32, _ bytes: UnsafeRawBufferPointer) -> Transfer {
    let room = unsafe UnsafeMutableRawBufferPointer(written.buffer)
    var out = outgoing[row]
    var head = 0
    if out.remaining == 0 {
      out = Outgoing(sent: 0, remaining: UInt32(bytes.count))
      guard
        let begun = unsafe session.beginMessage(
          row, MessagePiece(kind, count: bytes.count), into: room)
      else {
        fail(row, LayerFailure(words: session.whyFull, errno: .protocolError))
        return .failed(.protocolError)
      }
      head = begun
    }
    precondition(bytes.count == Int(out.remaining), "a message goes on with all that is left of it")
    let count = min(bytes.count, Self.readSize)
    unsafe session.write(
      row, UnsafeRawBufferPointer(rebasing: bytes[..<count]), at: Int(out.sent),
      into: UnsafeMutableRawBufferPointer(rebasing: room[head..<head + count]))
    let wire = unsafe UnsafeRawBufferPointer(
      rebasing: UnsafeRawBufferPointer(room)[..<(head + count)])
    let transfer = unsafe base.send(socket(row), wire)
    guard case .moved(let moved) = transfer else { return transfer }
    if head > 0 { session.noteBegun(row) }
    if Talk.pingsTheQuiet, pings.interval != nil { vigils[row].hasSpoken = true }
    // The caller need not come back for the rest of a message of one byte (`Client.verify` does not), so that byte
    // counts as sent and goes out by itself.
    if bytes.count == 1, head > 0, moved < wire.count {
      outgoing[row] = Outgoing()
      unsafe putAside(row, UnsafeRawBufferPointer(rebasing: wire[moved...]))
      return .moved(1)
    }
    let taken = max(0, moved - head)
    out.sent += UInt32(taken)
    out.remaining -= UInt32(taken)
    outgoing[row] = out
    guard moved < head else { return .moved(taken) }
    // The rest of the message's head goes out by itself, as the caller knows nothing of heads.
    unsafe putAside(row, UnsafeRawBufferPointer(rebasing: wire[moved..<head]))
    return flush(row) ? .moved(0) : .wouldBlock
  }
}
