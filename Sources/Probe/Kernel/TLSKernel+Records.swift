import Glibc
package import Linux
package import SystemPackage
import TLS

/// Plaintext in and out.
extension TLSKernel where Base: ~Copyable {
  /// A read brings as much plaintext as its caller has room for. Whether it has left something, `hasReadAll` tells.
  package var largestRead: Int { .max }

  package mutating func hasReadAll(_ count: Int, of room: Int) -> Bool { isReadAll }

  package mutating func receive(
    _ socket: FileDescriptor, into buffer: UnsafeMutableRawBufferPointer
  ) -> Transfer {
    let row = row(socket)
    isReadAll = false
    if stages[row] == .handshaking { advance(row) }
    switch stages[row] {
    case .plain:
      let transfer = unsafe base.receive(socket, into: buffer)
      if case .moved(let count) = transfer { isReadAll = base.hasReadAll(count, of: buffer.count) }
      return transfer
    case .handshaking, .waiting: return .wouldBlock
    case .failed:
      let errno = failures[row]?.errno ?? .protocolError
      return .failed(errno)
    case .kept: return unsafe receiveKept(socket, into: buffer)
    case .open: return unsafe receiveRecords(socket, into: buffer)
    }
  }

  /// Takes plaintext until the socket is full: a caller whose plaintext was not all taken waits for room, and epoll
  /// announces room only after the socket was full.
  package mutating func send(
    _ socket: FileDescriptor, _ bytes: UnsafeRawBufferPointer
  ) -> Transfer {
    let row = row(socket)
    switch stages[row] {
    case .plain: return unsafe base.send(socket, bytes)
    case .handshaking, .waiting: return .wouldBlock
    case .failed: return .failed(failures[row]?.errno ?? .protocolError)
    case .open, .kept: break
    }
    var taken = 0
    if !unsent.isEmpty, !flush(row) { return .wouldBlock }
    if !withheld.isEmpty, withheld.remove(row) != nil { taken = min(1, bytes.count) }
    while taken < bytes.count {
      let rest = unsafe UnsafeRawBufferPointer(rebasing: bytes[taken...].prefix(Self.readSize))
      if let error =
        unsafe stages[row] == .open
        ? sendRecords(row, rest, &taken) : sendKept(row, rest, &taken)
      {
        return .failed(hasUnreadAlert(row) ? .protocolError : error)
      }
      if !unsent.isEmpty, unsent[row] != nil { return .moved(withholdLast(row, taken)) }
    }
    return .moved(taken)
  }

  /// Whether the peer of a client, which takes nothing more, has said why with an alert that is not read yet. So does a
  /// server that refuses a certificate: in TLS 1.3 the client has begun to send by then. What has come stays to be read.
  @inline(never)
  private mutating func hasUnreadAlert(_ row: UInt32) -> Bool {
    guard stages[row] == .open, !context.isServer, behind[row] == nil else { return false }
    let bytes = unsafe UnsafeMutableRawBufferPointer(read.buffer)
    let socket = FileDescriptor(rawValue: Int32(bitPattern: row))
    var count = takeIncomplete(row)
    // No more than a record, as whoever reads it later may have room for no more.
    while count < RecordLayer.longestRecord {
      let room = unsafe UnsafeMutableRawBufferPointer(
        rebasing: bytes[count..<RecordLayer.longestRecord])
      guard case .moved(let more) = unsafe base.receive(socket, into: room) else { break }
      if !listeners.isEmpty {
        unsafe overhear(
          row, UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(room)[..<more]))
      }
      count += more
    }
    keepIncomplete(row, count)
    // Opened with a copy, and so to be opened again.
    var state = states[row]
    defer {
      unsafe withUnsafeMutableBytes(of: &state) { unsafe explicit_bzero($0.baseAddress!, $0.count) }
    }
    var used = 0
    while used < count {
      let opened = unsafe layer.open(
        &state, UnsafeMutableRawBufferPointer(rebasing: bytes[used..<count]))
      used += opened.consumed
      switch opened.event {
      case .data, .nothing, .messages: continue
      case .alert(let alert):
        noteFailure(row, .alertReceived(alert))
        return true
      case .incomplete, .closed, .failed: return false
      }
    }
    return false
  }

  /// Reports one byte of plaintext less than was taken, as sealed bytes wait in `unsent`. If all counted as sent, the
  /// caller might close, and the close would cut off what waits. The caller sends that byte again, and it counts once
  /// `unsent` is out. A single byte is not held back: its caller need not come back (`Client.verify` does not).
  @inline(never)
  private mutating func withholdLast(_ row: UInt32, _ taken: Int) -> Int {
    guard taken > 1 else { return taken }
    withheld.insert(row)
    return taken - 1
  }

  package mutating func finishSending(_ socket: FileDescriptor) throws(Errno) {
    let row = row(socket)
    sayClose(row)
    if !unsent.isEmpty, unsent[row] != nil {
      finishing.insert(row)
      return
    }
    try base.finishSending(socket)
  }

  /// Says close_notify, once.
  @inline(never)
  mutating func sayClose(_ row: UInt32) {
    switch stages[row] {
    case .open:
      let room = unsafe UnsafeMutableRawBufferPointer(written.buffer)
      let count = unsafe layer.sealClose(&states.pointer(at: row).pointee, into: room)
      guard count > 0 else { return }
      let bytes = unsafe UnsafeRawBufferPointer(
        rebasing: UnsafeRawBufferPointer(room)[..<count])
      _ = unsafe transmit(row, bytes)
    case .kept:
      guard let handshake = handshakes[row] else { return }
      handshake.close()
      _ = sendOutput(of: handshake, row)
    case .plain, .handshaking, .waiting, .failed: break
    }
  }

  /// What a read returns that has brought `produced` bytes of plaintext: these first, and `end` with the next read.
  private mutating func handOut(_ row: UInt32, _ produced: Int, _ end: Transfer?) -> Transfer {
    guard let end else { return .moved(produced) }
    isReadAll = false
    guard produced > 0 else { return end }
    behind[row] = end
    return .moved(produced)
  }

  /// What a read returns where the socket has brought no bytes but `transfer`. If sending has failed before, the stream
  /// ends with that error.
  private func ended(_ row: UInt32, _ transfer: Transfer) -> Transfer {
    guard transfer == .closed, !broken.isEmpty, let error = broken[row] else { return transfer }
    return .failed(error)
  }

  /// Lets the other connections come first where a peer sends much that is no plaintext: epoll announces this one
  /// again.
  @inline(never)
  private mutating func yield(_ row: UInt32) -> Transfer {
    let socket = FileDescriptor(rawValue: Int32(bitPattern: row))
    let events = wanted(socket, EpollEvents(rawValue: callerEvents[row]))
    do throws(Errno) {
      try base.rewatch(socket, events, token: tokenBelow(row))
      return .wouldBlock
    } catch {
      return .failed(error)
    }
  }

  // MARK: TLS 1.3

  private mutating func receiveRecords(
    _ socket: FileDescriptor, into buffer: UnsafeMutableRawBufferPointer
  ) -> Transfer {
    let row = row(socket)
    if !behind.isEmpty, let end = behind[row] { return end }
    let bytes = unsafe UnsafeMutableRawBufferPointer(read.buffer)
    var count = takeIncomplete(row)
    var seen = 0
    while true {
      let opened = unsafe openRecords(
        row, UnsafeMutableRawBufferPointer(rebasing: bytes[..<count]), into: buffer)
      count -= opened.used
      if count > 0, opened.used > 0 {
        unsafe bytes.baseAddress!.copyMemory(
          from: bytes.baseAddress! + opened.used, byteCount: count)
      }
      answerPeer(row)
      if opened.produced > 0 || opened.end != nil {
        keepIncomplete(row, count)
        return handOut(row, opened.produced, opened.end)
      }
      guard seen < Self.readSize else {
        keepIncomplete(row, count)
        return yield(row)
      }
      // No more ciphertext than the caller's buffer has bytes: its plaintext is shorter, so it fits.
      let room = unsafe UnsafeMutableRawBufferPointer(
        rebasing: bytes[count..<min(bytes.count, buffer.count)])
      unsafe precondition(!room.isEmpty, "no room for a record")
      let transfer = unsafe base.receive(socket, into: room)
      guard case .moved(let more) = transfer else {
        keepIncomplete(row, count)
        return ended(row, transfer)
      }
      isReadAll = base.hasReadAll(more, of: room.count)
      if !listeners.isEmpty {
        unsafe overhear(
          row, UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(room)[..<more]))
      }
      count += more
      seen += more
    }
  }

  /// Opens all whole records among `bytes`.
  ///
  /// - Returns: how many bytes were used, how many bytes of plaintext they gave, and how the stream ends
  ///   behind them; nil where it goes on.
  private mutating func openRecords(
    _ row: UInt32, _ bytes: UnsafeMutableRawBufferPointer,
    into buffer: UnsafeMutableRawBufferPointer
  ) -> (used: Int, produced: Int, end: Transfer?) {
    var used = 0
    var produced = 0
    while used < bytes.count {
      let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: bytes[used...])
      let opened = unsafe layer.open(&states.pointer(at: row).pointee, rest)
      used += opened.consumed
      switch opened.event {
      case .incomplete: return (used, produced, nil)
      case .data(let range):
        precondition(range.count <= buffer.count - produced, "no room for plaintext")
        unsafe (buffer.baseAddress! + produced).copyMemory(
          from: rest.baseAddress! + range.lowerBound, byteCount: range.count)
        produced += range.count
      case .nothing, .messages: continue
      case .closed: return (bytes.count, produced, .closed)
      case .alert(let alert):
        noteFailure(row, .alertReceived(alert))
        return (bytes.count, produced, .failed(.protocolError))
      case .failed(let failure):
        tellPeer(row, failure)
        noteFailure(row, .alertSent(failure.alert, reason: "\(failure)"))
        return (bytes.count, produced, .failed(.protocolError))
      }
    }
    return (used, produced, nil)
  }

  @inline(never)
  private mutating func noteFailure(_ row: UInt32, _ failure: TLSFailure) {
    guard failures[row] == nil else { return }
    failures[row] = LayerFailure(failure, sent: handshakes[row]?.sentAlert)
  }

  /// Sends the KeyUpdate that the peer is owed for its own: one for all that have come, and not before what was
  /// put aside is out.
  private mutating func answerPeer(_ row: UInt32) {
    guard states[row].isAnswerOwed, unsent.isEmpty || unsent[row] == nil else { return }
    let room = unsafe UnsafeMutableRawBufferPointer(written.buffer)
    let count = unsafe layer.sealOwed(&states.pointer(at: row).pointee, into: room)
    guard count > 0 else { return }
    _ = unsafe transmit(
      row, UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(room)[..<count]))
  }

  private mutating func tellPeer(_ row: UInt32, _ failure: RecordFailure) {
    let room = unsafe UnsafeMutableRawBufferPointer(written.buffer)
    let count = unsafe layer.sealAlert(
      &states.pointer(at: row).pointee, failure.alert, into: room)
    guard count > 0 else { return }
    _ = unsafe transmit(
      row, UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(room)[..<count]))
  }

  private mutating func takeIncomplete(_ row: UInt32) -> Int {
    guard !incomplete.isEmpty, let bytes = incomplete.removeValue(forKey: row) else { return 0 }
    unsafe UnsafeMutableRawBufferPointer(read.buffer).copyBytes(from: bytes)
    return bytes.count
  }

  private mutating func keepIncomplete(_ row: UInt32, _ count: Int) {
    guard count > 0 else { return }
    incomplete[row] = unsafe Array(read.buffer[..<count])
  }

  private mutating func sendRecords(
    _ row: UInt32, _ bytes: UnsafeRawBufferPointer, _ taken: inout Int
  ) -> Errno? {
    let room = unsafe UnsafeMutableRawBufferPointer(written.buffer)
    let sealed = unsafe layer.seal(&states.pointer(at: row).pointee, bytes, into: room)
    // Nothing may follow an alert.
    guard sealed.taken > 0 else { return .brokenPipe }
    taken += sealed.taken
    return unsafe transmit(
      row, UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(room)[..<sealed.written]))
  }

  // MARK: TLS 1.2

  /// The most bytes that OpenSSL is given at once, of ciphertext and of plaintext: its buffers keep the length that
  /// they needed once.
  private static var keptSize: Int { 16_384 }
  /// Once so many bytes are put aside, the peer counts as one that takes no answers. Sending alone does not put
  /// aside that many; what OpenSSL answers to the peer does.
  private static var mostUnsent: Int { 2 * readSize }

  private mutating func receiveKept(
    _ socket: FileDescriptor, into buffer: UnsafeMutableRawBufferPointer
  ) -> Transfer {
    let row = row(socket)
    if !behind.isEmpty, let end = behind[row] {
      guard end == .wouldBlock else { return end }
      behind[row] = nil
    }
    guard let handshake = handshakes[row] else { return .closed }
    var seen = 0
    while true {
      let (produced, end) = unsafe open(row, handshake, into: buffer)
      _ = sendOutput(of: handshake, row)
      if produced > 0 || end != nil { return handOut(row, produced, end) }
      guard (unsent[row]?.count ?? 0) < Self.mostUnsent else {
        failures[row] = LayerFailure(
          words: "the peer asks for new handshakes again and again, and reads no answer",
          errno: .protocolError)
        return .failed(.protocolError)
      }
      guard seen < Self.readSize else { return yield(row) }
      let room = unsafe UnsafeMutableRawBufferPointer(
        rebasing: UnsafeMutableRawBufferPointer(read.buffer)[..<Self.keptSize])
      let transfer = unsafe base.receive(socket, into: room)
      guard case .moved(let count) = transfer else { return ended(row, transfer) }
      isReadAll = base.hasReadAll(count, of: room.count)
      seen += count
      unsafe handshake.receive(
        UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(room)[..<count]))
    }
  }

  /// Takes the plaintext that OpenSSL has, record by record; the end is `wouldBlock` where the buffer is full, and more
  /// may be left.
  private mutating func open(
    _ row: UInt32, _ handshake: Handshake, into buffer: UnsafeMutableRawBufferPointer
  ) -> (produced: Int, end: Transfer?) {
    var produced = 0
    while produced < buffer.count {
      let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[produced...])
      switch unsafe handshake.read(into: rest) {
      case .data(let count): produced += count
      case .wants: return (produced, nil)
      case .closed: return (produced, .closed)
      case .failed(let failure):
        noteFailure(row, failure)
        return (produced, .failed(.protocolError))
      }
    }
    return (produced, .wouldBlock)
  }

  private mutating func sendKept(
    _ row: UInt32, _ bytes: UnsafeRawBufferPointer, _ taken: inout Int
  ) -> Errno? {
    guard let handshake = handshakes[row] else { return .brokenPipe }
    var done = 0
    while done < bytes.count {
      let piece = unsafe UnsafeRawBufferPointer(rebasing: bytes[done...].prefix(Self.keptSize))
      guard unsafe handshake.write(piece) else { return .brokenPipe }
      done += piece.count
      taken += piece.count
      if let error = sendOutput(of: handshake, row) { return error }
      if unsent[row] != nil { return nil }
    }
    return nil
  }
}
