import Addressing
import Linux
import Probe
import Recording
import SystemPackage
import WorkerLog

/// What is sent and received over connections, and how they end.
extension ConnectSession {
  /// The most bytes that may wait for one peer to take them.
  static var mostUnsent: Int { 1 << 20 }
  /// The most closes by peers that are reported one by one per round of events and per command.
  /// More are only counted: a server that ends closes thousands of connections at once.
  private static var mostReportedCloses: Int { 10 }

  mutating func handleIO(_ connection: PeerConnection, _ seen: EpollEvents) {
    if seen.has(.writable), !flush(connection) { return }
    if seen.has(.readable | .hangUp | .error) { receive(connection) }
  }

  /// Receives one piece per turn, so that a peer that floods leaves time for the others and the
  /// prompt.
  private mutating func receive(_ connection: PeerConnection) {
    switch receivePiece(connection) {
    case .wouldBlock, .moved: break
    case .closed: noteClosedByPeer(connection, nil)
    case .failed(let error): noteClosedByPeer(connection, error)
    }
  }

  /// Reads once, and shows what has come.
  private mutating func receivePiece(_ connection: PeerConnection) -> Transfer {
    let transfer = unsafe buffer.withUnsafeMutableBytes {
      unsafe Socket.receive(connection.descriptor, into: $0)
    }
    if case .moved(let count) = transfer {
      settling.noteTraffic(now: .now())
      table.add(received: count, to: connection)
      screen.say("\(Self.label(connection)) \(EscapedText.shown(buffer[..<count]))\n")
    }
    return transfer
  }

  /// What became of bytes that were to be sent.
  enum Sending {
    /// The socket has them, or they wait for it.
    case taken
    /// Nothing was sent, for this reason.
    case refused(String)
    /// The connection has ended, and the close is reported or counted.
    case ended
  }

  /// Sends what the socket takes and keeps the rest.
  mutating func send(_ bytes: [UInt8], to connection: PeerConnection) -> Sending {
    guard connection.unsent.count + bytes.count <= Self.mostUnsent else {
      return .refused(
        "\(Self.label(connection)) takes nothing more: "
          + "\(Format.bytes(connection.unsent.count)) wait already")
    }
    settling.noteTraffic(now: .now())
    var queued = connection
    queued.unsent += bytes
    // Where earlier bytes wait, the new ones wait behind them.
    guard connection.unsent.isEmpty else {
      table.add(sent: 0, unsent: queued.unsent, to: connection)
      return .taken
    }
    return flush(queued) ? .taken : .ended
  }

  /// Sends the bytes that wait. Returns false when the connection has ended.
  private mutating func flush(_ connection: PeerConnection) -> Bool {
    let bytes = connection.unsent
    guard !bytes.isEmpty else { return true }
    let transfer = unsafe bytes.withUnsafeBytes { unsafe Socket.send(connection.descriptor, $0) }
    switch transfer {
    case .moved(let count):
      table.add(sent: count, unsent: Array(bytes[count...]), to: connection)
    case .wouldBlock:
      table.add(sent: 0, unsent: bytes, to: connection)
    case .closed:
      noteClosedByPeer(connection, nil)
      return false
    case .failed(let error):
      // The peer may have sent bytes before it went, and they have not been read yet.
      while case .moved = receivePiece(connection) {}
      noteClosedByPeer(connection, error)
      return false
    }
    watch(connection.descriptor)
    return true
  }

  /// Tells epoll which events of the connection to announce now. Where that fails, closes the
  /// connection. The report of its order then counts it among the failures.
  mutating func watch(_ descriptor: FileDescriptor) {
    guard let connection = table[descriptor.rawValue] else { return }
    do throws(Errno) {
      try Epoll.control(epoll, .modify, descriptor, connection.wanted, token: connection.token)
    } catch {
      screen.warn("\(Self.label(connection)) is closed: epoll_ctl: \(error)\n")
      close(connection)
      guard opening?.number == connection.orderNumber else { return }
      opening?.lost += 1
      note(.epollControl, error, source: connection.source)
    }
  }

  // MARK: Ends

  private mutating func noteClosedByPeer(_ connection: PeerConnection, _ error: Errno?) {
    table.remove(connection)
    Socket.close(connection.descriptor)
    table.closedByPeer += 1
    if opening?.number == connection.orderNumber {
      // The report at the end of the order counts this close.
      opening?.lost += 1
      note(.closed, error, source: connection.source)
      return
    }
    guard reportedCloses < Self.mostReportedCloses else {
      unreportedCloses += 1
      return
    }
    reportedCloses += 1
    let reason = error.map {
      ": \(ErrnoName.symbol(of: $0.rawValue)) (\(ErrnoName.text(of: $0.rawValue)))"
    }
    screen.say("\(Self.label(connection)) closed by the peer\(reason ?? "")\n")
  }

  mutating func reportRemainingCloses() {
    if unreportedCloses > 0 {
      screen.say("and \(Format.count(unreportedCloses)) more connections closed by the peer\n")
    }
    (reportedCloses, unreportedCloses) = (0, 0)
  }

  /// Closes a connection from this side: with FIN where it carried bytes, else with a reset.
  mutating func close(_ connection: PeerConnection) {
    if connection.sent > 0 || connection.received > 0 {
      try? Socket.resetOnClose(connection.descriptor, false)
    }
    table.remove(connection)
    Socket.close(connection.descriptor)
  }

  static func label(_ connection: PeerConnection) -> String {
    "[descriptor \(connection.descriptor.rawValue)]"
  }
}
