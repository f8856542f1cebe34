import Linux
import SystemPackage

/// Openings, what is said besides messages, and bytes that sockets do not take at once.
extension SessionKernel where Base: ~Copyable, Talk: ~Copyable {
  /// Goes on with an opening as far as the bytes that have come take it. Notes in `isReadAll` whether nothing is left
  /// to read behind them.
  @inline(never)
  mutating func advance(_ row: UInt32) {
    if stages[row] == .waiting {
      stages[row] = .opening
      session.begin(row)
      if let error = say(row) { return fail(row, LayerFailure(broken: error)) }
    } else if !unsent.isEmpty {
      _ = flush(row)
    }
    let buffer = unsafe UnsafeMutableRawBufferPointer(
      rebasing: UnsafeMutableRawBufferPointer(read.buffer)[..<Self.mostRead(Self.readSize)])
    var seen = 0
    while true {
      switch unsafe base.receive(socket(row), into: buffer) {
      case .wouldBlock: return
      case .closed:
        return fail(
          row,
          broken[row].map(LayerFailure.init(broken:))
            ?? LayerFailure(words: "closed before it was open", errno: .protocolError))
      case .failed(let error): return fail(row, LayerFailure(broken: error))
      case .moved(let count):
        isReadAll = base.hasReadAll(count, of: buffer.count)
        let heard = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[..<count])
        if let used = unsafe hearOpening(row, heard) {
          stages[row] = .open
          if session.pingInterval != pings.interval, let interval = session.pingInterval {
            pings.shorten(to: interval)
          }
          if used < count {
            isReadAll = false
            surplus[row] = unsafe Array(heard[used...])
          }
          return
        }
        guard stages[row] == .opening else { return }
        seen += count
        guard seen < Self.readSize else {
          if case .failed(let error) = yield(row) { fail(row, LayerFailure(broken: error)) }
          return
        }
      }
    }
  }

  /// Goes on with an opening by bytes that have come: piece by piece, so that `said` has room for the answer to every
  /// packet among them.
  ///
  /// - Returns: how many bytes were used, where the connection is open now; nil where it is not, or has failed.
  private mutating func hearOpening(
    _ row: UInt32, _ heard: UnsafeMutableRawBufferPointer
  ) -> Int? {
    var start = 0
    while start < heard.count {
      let end = min(start + Self.pieceOfOpening, heard.count)
      let step = unsafe session.hearOpening(
        row, UnsafeMutableRawBufferPointer(rebasing: heard[start..<end]))
      let error = say(row)
      if case .refused(let failure) = step {
        fail(row, failure)
        return nil
      }
      if let error {
        fail(row, LayerFailure(broken: error))
        return nil
      }
      // It may have been given up as it takes none of its answers.
      guard stages[row] == .opening else { return nil }
      if case .done(let used) = step { return start + used }
      start = end
    }
    return nil
  }

  private static var pieceOfOpening: Int { 2048 }

  mutating func fail(_ row: UInt32, _ failure: LayerFailure) {
    stages[row] = .failed
    if failures[row] == nil { failures[row] = failure }
  }

  // MARK: What is said besides messages

  /// Whether a message is under way, so that nothing else may be said.
  func isInMessage(_ row: UInt32) -> Bool { outgoing[row].remaining > 0 }

  /// Sends what the session has to say: now, or behind the message under way. Returns why that fails, else nil.
  @discardableResult
  mutating func say(_ row: UInt32) -> Errno? {
    guard !session.said.isEmpty else { return nil }
    defer { session.said.removeAll() }
    let text = unsafe session.said.text
    guard !isInMessage(row) else {
      unsafe owe(row, text)
      return nil
    }
    return unsafe transmit(row, text)
  }

  /// Not inlined, as the dictionaries count references.
  @inline(never)
  private mutating func owe(_ row: UInt32, _ text: UnsafeRawBufferPointer) {
    guard Talk.owesEach else {
      // A peer that asks again and again, and takes nothing, is answered once (RFC 6455, 5.5.3).
      unsafe owed[row] = Array(text)
      return
    }
    unsafe owed[row, default: []].append(contentsOf: text)
    if owed[row]!.count > Self.mostOwed { giveUp(row) }
  }

  /// Sends what is owed, now that no message is under way.
  @inline(never)
  mutating func sayOwed(_ row: UInt32) {
    guard let text = owed.removeValue(forKey: row) else { return }
    _ = unsafe text.withUnsafeBytes { unsafe transmit(row, $0) }
  }

  /// Says that the connection ends as it should: once, and not within a message.
  @inline(never)
  mutating func sayGoodbye(_ row: UInt32) {
    guard stages[row] == .open, !isInMessage(row) else { return }
    stages[row] = .leaving
    session.sayGoodbye()
    say(row)
  }

  /// Sends bytes between two messages, and puts aside what the socket does not take. Returns why sending fails, else
  /// nil.
  mutating func transmit(_ row: UInt32, _ bytes: UnsafeRawBufferPointer) -> Errno? {
    if !unsent.isEmpty, unsent[row] != nil {
      if Talk.owesEach {
        unsafe putAside(row, bytes)
        if unsent[row]!.count > Self.mostOwed { giveUp(row) }
      } else if unsent[row]!.count < Self.mostUnsent {
        // A peer that asks and takes nothing is told no more than this.
        unsafe putAside(row, bytes)
      }
      return nil
    }
    // Until the socket is full: only then does epoll tell of room.
    var sent = 0
    while sent < bytes.count {
      let rest = unsafe UnsafeRawBufferPointer(rebasing: bytes[sent...])
      switch unsafe base.send(socket(row), rest) {
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

  /// Once so many bytes of a connection wait for room, no more are put aside.
  private static var mostUnsent: Int { 4096 }
  /// The same where each answer has to go out. Beyond it the connection is given up.
  private static var mostOwed: Int { 1 << 20 }

  /// Ends a connection whose peer sends on and takes no answer.
  @inline(never)
  private mutating func giveUp(_ row: UInt32) {
    fail(row, LayerFailure(words: "it takes none of its answers", errno: .protocolError))
    endedHere.append(row)
  }

  @inline(never)
  mutating func putAside(_ row: UInt32, _ bytes: UnsafeRawBufferPointer) {
    unsafe unsent[row, default: []].append(contentsOf: bytes)
  }

  /// Sends what was put aside; true when nothing of it is left. If sending fails, the next call on the socket shows it.
  @inline(never)
  mutating func flush(_ row: UInt32) -> Bool {
    guard let bytes = unsent.removeValue(forKey: row) else { return true }
    _ = unsafe bytes.withUnsafeBytes { unsafe transmit(row, $0) }
    guard unsent[row] == nil else { return false }
    if finishing.remove(row) != nil { try? base.finishSending(socket(row)) }
    return true
  }

  mutating func finishSending(_ socket: FileDescriptor) throws(Errno) {
    let row = row(socket)
    sayGoodbye(row)
    if !unsent.isEmpty, unsent[row] != nil {
      finishing.insert(row)
      return
    }
    try base.finishSending(socket)
  }
}
