import Addressing
import Linux
import Messages
import Recording
import SystemPackage

/// One client, its own connection to the server, and the flows in both directions.
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
  /// Whether the connection to the server is established; the client's is from the beginning.
  var isConnected = false
  /// Whether the relay waits for its turn.
  var isQueued = false
  var recorder: ConversationRecorder

  private(set) var toServer: CaptureFlow
  private(set) var toClient: CaptureFlow
  /// The side whose connection broke first, instead of being closed in order; nil while neither
  /// has.
  private var lostSide: Side?
  /// When the relay is closed though the other side has not got everything; nil before `mayClose` has asked for time.
  private(set) var closesAt: Instant?
  /// How long the last bytes may take to a side that is slow.
  private static let patience = Duration.seconds(30)

  /// The most steps per direction that one turn takes, so that a flood leaves time for the other
  /// relays.
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

  /// Notes what epoll has announced for one of the sockets.
  func note(_ seen: EpollEvents, of side: Side) {
    // An error or a hang-up counts as both readable and writable: the next call on the socket
    // tells.
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

  /// Passes bytes on in both directions, and records them. Does nothing before the connection to
  /// the server is established.
  ///
  /// - Parameter room: bytes that all conversations together may still take (`CaptureLog.room`).
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

  /// Takes one step in the direction that starts at `side`. Returns whether there may be more to
  /// do.
  private func advance(
    _ flow: ReferenceWritableKeyPath<CaptureRelay, CaptureFlow>, from side: Side,
    _ buffer: UnsafeMutableRawBufferPointer, _ room: inout Int
  ) -> Bool {
    var step = unsafe self[keyPath: flow].advance(buffer)
    if case .received(let count) = step {
      let bytes = unsafe UnsafeRawBufferPointer(rebasing: buffer[..<count])
      unsafe recorder.add(
        bytes, fromClient: side == .client, at: Instant.now().nanoseconds, room: &room)
      step = unsafe self[keyPath: flow].send(bytes)
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

  /// Notes that a side is gone. Nothing more is passed on to it; what it has sent is still passed
  /// on.
  private func lose(_ side: Side) {
    lostSide = lostSide ?? side
    switch side {
    case .client: toClient.die()
    case .server: toServer.die()
    }
  }

  private var isOver: Bool {
    switch lostSide {
    case nil: toServer.isDone && toClient.isDone
    case .client: toServer.isDrained
    case .server: toClient.isDrained
    }
  }

  /// What became of the client, in one line.
  func account(_ how: String) -> String {
    var text =
      "client \(name) \(how) after "
      + "\(Format.duration(seconds: Instant.now().seconds(since: started))): "
      + "\(Format.bytes(toServer.movedBytes)) to the server, "
      + "\(Format.bytes(toClient.movedBytes)) back"
    if recorder.isTruncated { text += "; truncated in the file" }
    return text
  }

  /// Whether a relay that is over may be closed. Where one side's connection broke, the other side gets a reset, and
  /// with it the kernel would drop what it has not delivered yet: the relay waits for that, but not for ever.
  func mayClose(now: Instant) -> Bool {
    guard let lostSide else { return true }
    let receiver = lostSide == .client ? server : client
    guard Socket.unacknowledged(receiver) > 0 else { return true }
    let end = closesAt ?? now.advanced(by: Self.patience)
    closesAt = end
    return end <= now
  }

  /// Closes both sockets; where one side's connection broke, the other side gets a reset.
  func close() {
    if lostSide != nil {
      try? Socket.resetOnClose(client, true)
      try? Socket.resetOnClose(server, true)
    }
    Socket.close(client)
    Socket.close(server)
  }
}
