import Addressing
import Linux
import Probe
import Recording
import SystemPackage
import WorkerLog

/// What is sent and received over connections, and how they end.
extension ConnectSession {
  /// More bytes than this may not wait for one peer to take them.
  static var mostUnsent: Int { 1 << 20 }
  /// Closes per look at epoll that are told one by one; a server that goes takes thousands along.
  private static var mostCloses: Int { 10 }

  mutating func handleIO(_ connection: PeerConnection, _ seen: EpollEvents) {
    if seen.has(.writable), !flush(connection) { return }
    if seen.has(.readable | .hangUp | .error) { receive(connection) }
  }

  /// Receives one piece per turn, so that a peer that floods leaves time for the others and the
  /// prompt.
  private mutating func receive(_ connection: PeerConnection) {
    let transfer = unsafe buffer.withUnsafeMutableBytes {
      unsafe Socket.receive(connection.descriptor, into: $0)
    }
    switch transfer {
    case .wouldBlock: break
    case .closed: lost(connection, nil)
    case .failed(let error): lost(connection, error)
    case .moved(let count):
      settling.traffic(now: .now())
      table.add(received: count, to: connection)
      screen.say("\(Self.label(connection)) \(EscapedText.shown(buffer[..<count]))\n")
    }
  }

  /// Sends what the socket takes and keeps the rest. Returns nil, or why the bytes were refused.
  mutating func send(_ bytes: [UInt8], to connection: PeerConnection) -> String? {
    guard connection.unsent.count + bytes.count <= Self.mostUnsent else {
      return "\(Self.label(connection)) takes nothing more: "
        + "\(Format.bytes(connection.unsent.count)) wait already"
    }
    settling.traffic(now: .now())
    var waiting = connection
    waiting.unsent += bytes
    // Where earlier bytes wait, these wait behind them.
    if connection.unsent.isEmpty {
      flush(waiting)
    } else {
      table.add(sent: 0, unsent: waiting.unsent, to: connection)
    }
    return nil
  }

  /// Sends the bytes that wait. Returns false when the connection has ended.
  @discardableResult
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
      lost(connection, nil)
      return false
    case .failed(let error):
      lost(connection, error)
      return false
    }
    watch(connection.descriptor)
    return true
  }

  /// Tells epoll what to wait for now.
  mutating func watch(_ descriptor: FileDescriptor) {
    guard let connection = table[descriptor.rawValue] else { return }
    do throws(Errno) {
      try Epoll.control(epoll, .modify, descriptor, connection.wanted, token: connection.token)
    } catch {
      screen.warn("\(Self.label(connection)) is closed: epoll_ctl: \(error)\n")
      close(connection)
    }
  }

  // MARK: Ends

  private mutating func lost(_ connection: PeerConnection, _ error: Errno?) {
    table.remove(connection)
    Socket.close(connection.descriptor)
    table.closedByPeer += 1
    if opening?.batch == connection.batch {
      // The account of the opening tells of this close.
      opening?.lost += 1
      note(.closed, error, source: connection.source)
      return
    }
    guard closesTold < Self.mostCloses else {
      closesUntold += 1
      return
    }
    closesTold += 1
    let reason = error.map {
      ": \(ErrnoName.symbol(of: $0.rawValue)) (\(ErrnoName.text(of: $0.rawValue)))"
    }
    screen.say("\(Self.label(connection)) closed by the peer\(reason ?? "")\n")
  }

  mutating func tellRemainingCloses() {
    guard closesUntold > 0 else { return }
    screen.say("and \(Format.count(closesUntold)) more connections closed by the peer\n")
    closesUntold = 0
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
