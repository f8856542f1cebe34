import Addressing
import Linux
import SystemPackage

/// One TCP socket of a simulated host.
final class SimulatedSocket {
  enum State {
    case fresh, listening, connecting, established
    /// Failed, or reset by the peer: of no use but to be closed.
    case broken
    case closed
  }

  private let network: SimulatedNetwork
  private(set) var state = State.fresh {
    didSet {
      guard oldValue == .established, state != .established else { return }
      if isClient {
        isEndUnheard = state == .broken
        network.books.leaveClient(
          wasAccepted: peer?.isAccepted ?? true, isKnown: !isEndUnheard, at: network.now)
      }
      if isAccepted { network.books.leaveServer(at: network.now) }
    }
  }
  private var isClient = false
  /// Whether this is the client's end of a connection that broke, and the client does not know of that yet.
  private(set) var isEndUnheard = false
  private var isAccepted = false
  var reusesAddress = false
  var resetsOnClose = false
  private(set) var local: SocketAddress?
  private(set) var remote: SocketAddress?
  /// Whether the socket has claimed its tuple in `Bindings`: a client's socket does.
  private var ownsTuple = false
  /// What the next call on the socket fails with.
  var error: Errno?
  /// The registration with an epoll instance; nil while there is none.
  var watch: Watch?

  // What a listener has.
  private(set) var backlog = 0
  /// Whether the socket listens or has listened.
  private var wasListener = false
  /// How many handshakes have begun and not ended.
  private(set) var halfOpen = 0
  /// SYNs that found the queue full, or no room for another socket.
  var drops = 0
  private(set) var queue = Queue<SimulatedSocket>()

  // What a connection has.
  /// The listener whose queue the connection has not entered yet; nil for all other connections.
  private var listener: SimulatedSocket?
  private var peer: SimulatedSocket?
  private var received: [UInt8] = []
  /// Bytes on their way to this socket.
  private var inFlight = 0
  /// Bytes that `send` has taken from this socket's process.
  private(set) var bytesSent = 0
  /// Where the peer's writes end in the stream of bytes to this socket: for each, the number of bytes up to its
  /// end. An end is noted once the peer's kernel has taken the write to its last byte, and only where
  /// `SimulatedNetwork.keepsWriteBoundaries` is true.
  var writeBoundaries = Queue<Int>()
  private var hasPeerSentFin = false
  /// Whether this end has closed in order, and the peer's FIN has not come yet.
  private var awaitsPeerFin = false
  private var hasSentFin = false
  /// Whether `finishSending` has sent this end's FIN before the peer's FIN had come. TIME_WAIT then follows, although
  /// the peer's FIN has come before `close`.
  private var finishedFirst = false
  /// Whether a `send`, or epoll, found too little room at the peer. epoll is then to announce when there is room.
  private var foundPeerFull = false

  init(network: SimulatedNetwork) {
    self.network = network
    network.sockets += 1
  }

  /// The socket that the kernel makes for a SYN to a listener; it inherits the listener's options.
  convenience init(childOf listener: SimulatedSocket, client: SimulatedSocket) {
    self.init(network: listener.network)
    self.listener = listener
    state = .established
    reusesAddress = listener.reusesAddress
    resetsOnClose = listener.resetsOnClose
    remote = client.local
    peer = client
    listener.halfOpen += 1
  }

  /// Whether neither end has closed or reset the connection.
  var standsAtBothEnds: Bool { state == .established && peer?.state == .established }

  // MARK: Before a connection

  func bind(_ address: SocketAddress) throws(Errno) {
    let dials = network.dials
    guard local == nil else { throw .invalidArgument }
    guard !dials.missingAddresses.contains(address.ip) else { throw .addressNotAvailable }
    guard !dials.takenPorts.contains(address.port), !dials.takenAddresses.contains(address),
      network.bindings.bind(address, reusing: reusesAddress)
    else { throw .addressInUse }
    local = address
  }

  func listen(backlog: Int) throws(Errno) {
    guard let local, network.listen(self, at: local) else { throw .addressInUse }
    network.bindings.beginExclusive(local)
    state = .listening
    wasListener = true
    self.backlog = backlog
  }

  func connect(to endpoint: SocketAddress) throws(Errno) {
    guard state == .fresh, let local else { throw .invalidArgument }
    guard network.bindings.claim(Bindings.Tuple(local: local, remote: endpoint), at: network.now)
    else { throw .addressNotAvailable }
    ownsTuple = true
    remote = endpoint
    state = .connecting
    network.transmit(.syn(self, attempt: 0))
    // Without latency an error has arrived already, and connect(2) returns it.
    if let error = takeError() { throw error }
  }

  func takeFromQueue() -> SimulatedSocket? {
    guard let socket = queue.popFirst() else { return nil }
    // A connection that its client has reset meanwhile is returned, too, but the books do not count it.
    if socket.state == .established {
      socket.isAccepted = true
      network.books.accept(
        stands: socket.peer.map { $0.isClient && $0.state == .established } ?? false,
        at: network.now)
    }
    return socket
  }

  // MARK: What arrives

  func becomeEstablished(with peer: SimulatedSocket) {
    state = .established
    isClient = true
    self.peer = peer
    network.books.establish(at: network.now)
    watch?.markReady()
  }

  func enterQueue() {
    guard let listener else { return }
    listener.halfOpen -= 1
    self.listener = nil
    guard listener.state == .listening else { return close() }
    listener.queue.append(self)
    listener.watch?.markReady()
  }

  func bytesArrived(_ bytes: [UInt8]) {
    inFlight -= bytes.count
    switch state {
    case .established:
      received += bytes
      watch?.markReady()
    default:
      // Nobody will ever read the bytes: a reset tells the sender so.
      if let peer { network.transmit(.reset(peer)) }
      if awaitsPeerFin { release(waits: false) }
    }
  }

  func finArrived() {
    guard state == .established || awaitsPeerFin else { return }
    hasPeerSentFin = true
    if awaitsPeerFin { return release(waits: true) }
    watch?.markReady()
  }

  func resetArrived() {
    if let listener {
      listener.halfOpen -= 1
      self.listener = nil
      state = .broken
      return close()
    }
    guard state != .closed else { return release(waits: false) }
    // Linux reports a reset after the peer's FIN as EPIPE.
    fail(hasPeerSentFin ? .brokenPipe : .connectionReset)
  }

  func fail(_ error: Errno) {
    state = .broken
    self.error = error
    watch?.markReady()
  }

  func takeError() -> Errno? {
    if error != nil { noteHeard() }
    defer { error = nil }
    return error
  }

  /// Notes that the process knows of the end of its connection.
  func noteHeard() {
    guard isEndUnheard else { return }
    isEndUnheard = false
    network.books.hearOfEnd(at: network.now)
  }

  // MARK: Bytes

  /// What a read finds instead of bytes: an error, the end or nothing yet; nil when there are
  /// bytes. Linux lets a process read all bytes that came before an error, and reports the error then.
  func emptyReading() -> Transfer? {
    guard received.isEmpty else { return nil }
    if let error = takeError() { return .failed(error) }
    return state == .broken || hasPeerSentFin ? .closed : .wouldBlock
  }

  func takeBytes(_ most: Int) -> ArraySlice<UInt8> {
    let bytes = received.prefix(most)
    received.removeFirst(bytes.count)
    if let peer, peer.foundPeerFull {
      peer.foundPeerFull = false
      peer.watch?.markReady()
    }
    return bytes
  }

  /// - Parameter isLast: whether these bytes are the end of what the process writes with this call.
  func send(_ bytes: [UInt8], isLast: Bool = true) -> Transfer {
    if let error = takeError() { return .failed(error) }
    guard state == .established, !hasSentFin, let peer else { return .failed(.brokenPipe) }
    let count = min(bytes.count, room)
    guard count > 0 else {
      foundPeerFull = true
      return .wouldBlock
    }
    if count < bytes.count { foundPeerFull = true }
    peer.inFlight += count
    bytesSent += count
    if network.keepsWriteBoundaries, isLast, count == bytes.count {
      peer.writeBoundaries.append(bytesSent)
    }
    network.transmit(.bytes(peer, Array(bytes[..<count])))
    return .moved(count)
  }

  /// Does what epoll does when it is to watch for room and finds none (SOCK_NOSPACE in `tcp_poll`).
  func awaitRoom() {
    if state == .established, room == 0 { foundPeerFull = true }
  }

  /// Bytes that the peer can take now.
  private var room: Int {
    guard let peer else { return 0 }
    return max(0, network.dials.bufferSize - peer.received.count - peer.inFlight)
  }

  // MARK: Readiness

  var readiness: EpollEvents {
    switch state {
    case .fresh, .connecting, .closed: return .none
    case .listening: return queue.isEmpty ? .none : .readable
    case .broken:
      let hungUp: EpollEvents = .readable | .writable | .peerHangUp | .hangUp
      return error == nil ? hungUp : hungUp | .error
    case .established:
      var seen = EpollEvents.none
      if !received.isEmpty || hasPeerSentFin { seen = seen | .readable }
      if hasPeerSentFin { seen = seen | .peerHangUp }
      if hasPeerSentFin && hasSentFin { seen = seen | .hangUp }
      if room > 0 { seen = seen | .writable }
      return seen
    }
  }

  // MARK: The end

  /// Sends nothing more, and reads on: shutdown(2) with SHUT_WR.
  func finishSending() {
    guard state == .established, !hasSentFin, let peer else { return }
    hasSentFin = true
    finishedFirst = !hasPeerSentFin
    network.transmit(.fin(peer))
  }

  func close() {
    let before = state
    noteHeard()
    state = .closed
    network.sockets -= 1
    switch before {
    case .listening:
      if let local { network.stopListening(at: local) }
      while let waiting = queue.popFirst() {
        waiting.resetsOnClose = true
        waiting.close()
      }
      release(waits: false)
    case .established where !resetsOnClose && received.isEmpty:
      if let peer, !hasSentFin { network.transmit(.fin(peer)) }
      if hasPeerSentFin {
        release(waits: finishedFirst)
      } else {
        awaitsPeerFin = true
      }
    case .established:
      // SO_LINGER demands a reset, or the process has left bytes unread.
      if let peer { network.transmit(.reset(peer)) }
      release(waits: false)
    case .fresh, .connecting, .broken, .closed:
      release(waits: false)
    }
  }

  /// Gives back the tuple and the local address.
  ///
  /// - Parameter waits: whether the tuple stays in TIME_WAIT.
  private func release(waits: Bool) {
    let end = waits ? network.now + SimulatedNetwork.timeWait : nil
    if let local, let remote, ownsTuple {
      network.bindings.release(Bindings.Tuple(local: local, remote: remote), timeWaitUntil: end)
      ownsTuple = false
    }
    if let local {
      let exclusive = (reusesAddress ? 0 : 1) + (wasListener ? 1 : 0)
      network.bindings.release(local, exclusive: exclusive)
      self.local = nil
    }
    awaitsPeerFin = false
    peer = nil
  }
}
