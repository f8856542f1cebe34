import Addressing
import Linux
import Messages
import Recording
import SystemPackage

/// One client and its own connection to the server, with both directions between them.
final class CaptureRelay {
  enum Side: UInt64 {
    case client, server
  }

  let id: UInt64
  let client: FileDescriptor
  let server: FileDescriptor
  /// The client's address.
  let name: String
  private let started: Instant
  var isConnected = false
  /// Whether the relay waits for its turn.
  var isQueued = false
  var recorder: ConversationRecorder

  private(set) var toServer: CaptureFlow
  private(set) var toClient: CaptureFlow
  /// The side that broke off first, instead of closing its connection.
  private var lost: Side?

  /// Pieces per direction that one turn moves, so that a flood leaves time for the other relays.
  private static let burst = 16

  init(
    id: UInt64, client: FileDescriptor, server: FileDescriptor, name: String, started: Instant
  ) {
    self.id = id
    self.client = client
    self.server = server
    self.name = name
    self.started = started
    recorder = ConversationRecorder(client: name, started: started.nanoseconds)
    toServer = CaptureFlow(from: client, to: server)
    toClient = CaptureFlow(from: server, to: client)
  }

  /// The 64 bits that epoll hands back for one of the relay's sockets.
  func token(of side: Side) -> UInt64 { id << 1 | side.rawValue }

  func note(_ seen: EpollEvents, of side: Side) {
    // The next call on the socket returns the error.
    let mayRead = seen.has(.readable | .peerHangUp | .hangUp | .error)
    let mayWrite = seen.has(.writable | .hangUp | .error)
    switch side {
    case .client:
      if mayRead { toServer.mayRead = true }
      if mayWrite { toClient.mayWrite = true }
    case .server:
      if mayRead { toClient.mayRead = true }
      if mayWrite { toServer.mayWrite = true }
    }
  }

  enum State {
    /// There is nothing to do before the next event of epoll.
    case waiting
    /// There is more to do in the next turn.
    case busy
    case over
  }

  /// Passes bytes on in both directions, and records them.
  ///
  /// - Parameter room: bytes that may still be recorded, of all conversations together.
  func advance(_ buffer: UnsafeMutableRawBufferPointer, room: inout Int) -> State {
    guard isConnected else { return .waiting }
    for _ in 0..<Self.burst {
      let isUpBusy = unsafe advance(\.toServer, from: .client, buffer, &room)
      let isDownBusy = unsafe advance(\.toClient, from: .server, buffer, &room)
      if isOver { return .over }
      guard isUpBusy || isDownBusy else { return .waiting }
    }
    return .busy
  }

  private func advance(
    _ path: ReferenceWritableKeyPath<CaptureRelay, CaptureFlow>, from side: Side,
    _ buffer: UnsafeMutableRawBufferPointer, _ room: inout Int
  ) -> Bool {
    var step = unsafe self[keyPath: path].advance(buffer)
    if case .received(let count) = step {
      let bytes = unsafe UnsafeRawBufferPointer(rebasing: buffer[..<count])
      unsafe recorder.add(
        bytes, fromClient: side == .client, at: Instant.now().nanoseconds, room: &room)
      step = unsafe self[keyPath: path].send(bytes)
    }
    switch step {
    case .idle: return false
    case .busy, .received: return true
    case .ended:
      recordEnd(of: side, &room)
      return true
    case .senderLost:
      recordEnd(of: side, &room)
      lose(side)
      return true
    case .receiverLost:
      lose(side == .client ? .server : .client)
      return true
    }
  }

  private func recordEnd(of side: Side, _ room: inout Int) {
    recorder.close(byClient: side == .client, at: Instant.now().nanoseconds, room: &room)
  }

  /// Notes that a side is gone. Nothing reaches that side; what it sent still reaches the other.
  private func lose(_ side: Side) {
    lost = lost ?? side
    switch side {
    case .client: toClient.die()
    case .server: toServer.die()
    }
  }

  private var isOver: Bool {
    switch lost {
    case nil: toServer.isDone && toClient.isDone
    case .client: toServer.isDrained
    case .server: toClient.isDrained
    }
  }

  /// What became of the client, in one line.
  func told(_ how: String) -> String {
    var text =
      "client \(name) \(how) after "
      + "\(Format.duration(seconds: Instant.now().seconds(since: started))): "
      + "\(Format.bytes(toServer.moved)) to the server, \(Format.bytes(toClient.moved)) back"
    if recorder.isTruncated { text += "; truncated in the file" }
    return text
  }

  /// Closes both sides; where one broke off, the other gets a reset.
  func close() {
    if lost != nil {
      try? Socket.resetOnClose(client, true)
      try? Socket.resetOnClose(server, true)
    }
    Socket.close(client)
    Socket.close(server)
  }
}
