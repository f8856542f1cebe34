import Addressing
import Foundation
import Linux
import SystemPackage
import Testing

/// One end of a TCP connection in the hands of a test, and of one thread at a time: everything
/// waits, but not for ever.
final class TCPPeer: @unchecked Sendable {
  let socket: FileDescriptor
  private var isOpen = true

  static let patience = Duration.seconds(20)

  struct TimedOut: Error {
    let what: String
  }

  init(_ socket: FileDescriptor) { self.socket = socket }

  /// Connects; returns when the handshake is done.
  init(to endpoint: String) throws {
    let address = try #require(SocketAddress(endpoint))
    socket = try Socket.open(v6: address.ip.isV6)
    try Socket.connect(socket, to: address)
    guard try wait(for: Int16(POLLOUT)) else { throw TimedOut(what: "connecting") }
    // Reading it takes it away.
    if let error = Socket.pendingError(socket) { throw error }
  }

  deinit { close() }

  var name: String { Socket.localAddress(of: socket).map { "\($0)" } ?? "" }

  func send(_ text: String) throws { try send(Array(text.utf8)) }

  func send(_ bytes: [UInt8]) throws {
    var rest = bytes[...]
    while !rest.isEmpty {
      switch rest.withUnsafeBytes({ Socket.send(socket, $0) }) {
      case .moved(let count): rest = rest.dropFirst(count)
      case .wouldBlock:
        guard try wait(for: Int16(POLLOUT)) else { throw TimedOut(what: "sending") }
      case .closed: throw Errno.brokenPipe
      case .failed(let error): throw error
      }
    }
  }

  /// Sends for as long as something is taken, and returns how much that was.
  func sendUntilFull(_ piece: [UInt8], atMost most: Int) -> Int {
    var count = 0
    while count < most, case .moved(let moved) = piece.withUnsafeBytes({ Socket.send(socket, $0) })
    {
      count += moved
    }
    return count
  }

  /// What comes until there are so many bytes, or the other side has ended.
  func receive(_ count: Int = .max) throws -> [UInt8] {
    var all: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while all.count < count {
      let most = min(buffer.count, count - all.count)
      let transfer = buffer.withUnsafeMutableBytes {
        Socket.receive(socket, into: UnsafeMutableRawBufferPointer(rebasing: $0[..<most]))
      }
      switch transfer {
      case .moved(let count): all += buffer[..<count]
      case .wouldBlock:
        guard try wait(for: Int16(POLLIN)) else { throw TimedOut(what: "receiving") }
      case .closed: return all
      case .failed(let error): throw error
      }
    }
    return all
  }

  func text(_ count: Int = .max) throws -> String {
    String(decoding: try receive(count), as: UTF8.self)
  }

  func finishSending() { try? Socket.finishSending(socket) }

  func reset() throws {
    try Socket.resetOnClose(socket, true)
    close()
  }

  func close() {
    if isOpen { Socket.close(socket) }
    isOpen = false
  }

  private func wait(for events: Int16) throws -> Bool {
    var set = pollfd(fd: socket.rawValue, events: events, revents: 0)
    return poll(&set, 1, Int32(Self.patience.components.seconds) * 1000) > 0
  }
}

/// A listener in the hands of a test, which accepts when it likes.
final class TCPListener: Sendable {
  private let socket: FileDescriptor

  init(_ endpoint: String) throws {
    let address = try #require(SocketAddress(endpoint))
    socket = try Socket.open(v6: address.ip.isV6)
    try Socket.reuseAddress(socket)
    try Socket.bind(socket, to: address)
    try Socket.listen(socket, backlog: 256)
  }

  deinit { Socket.close(socket) }

  func accept() throws -> TCPPeer {
    let deadline = Instant.now().advanced(by: TCPPeer.patience)
    while Instant.now() < deadline {
      if let connection = try Socket.accept(socket)?.descriptor { return TCPPeer(connection) }
      Poll.waitReadable([socket], until: deadline)
    }
    throw TCPPeer.TimedOut(what: "accepting")
  }
}
