package import Addressing
import Linux
import Probe
package import SystemPackage

/// A server of somebody else on the simulated host. It accepts whoever connects, and treats its
/// connections as its `Manner` says.
package final class SimulatedPeer: SimulatedWorker {
  /// How a peer treats its connections.
  package enum Manner: Sendable, Equatable {
    /// Sends back what it reads.
    case echoes
    /// Binds its endpoint and does not listen.
    case neverListens
    /// Never calls `accept`.
    case neverAccepts
    /// Accepts, and never reads.
    case neverReads
    /// Answers whole messages only, and changes the first byte of every n-th answer.
    case answersWrongly(every: Int)
    /// Answers whole messages only, and leaves out every n-th answer.
    case leavesOut(every: Int)
    /// Answers so many nanoseconds late.
    case answersLate(by: UInt64)
    /// As soon as it has accepted a connection, sends bytes on it that nobody has asked for.
    case speaksFirst
    /// Sends its answer and its FIN together, on every n-th connection.
    case answersAndCloses(every: Int)
    /// Closes every n-th connection as soon as it has accepted it.
    case closes(every: Int, resets: Bool)
    /// Serves so many connections at once, and turns away those beyond. With `stopsAccepting` it serves so many
    /// in all.
    case capped(at: Int, Refusal)
    /// Closes a connection that has brought nothing for so many nanoseconds.
    case closesIdle(after: UInt64)
    /// Speaks a protocol.
    case speaks(Speech)
  }

  /// How a full peer turns a connection away.
  package enum Refusal: Sendable {
    case closes, resets, complains, stopsAccepting
  }

  private struct Connection {
    let socket: FileDescriptor
    /// Its place in the order in which the peer accepted, from 1.
    let number: Int
    var lastRead: UInt64
    /// What was read and not answered yet, where whole messages are answered.
    var unanswered: [UInt8] = []
    /// How many of the read bytes were answered, or their answer left out, where whole messages are answered.
    var answeredCount = 0
    /// Bytes that the peer owes, and when they are due.
    var owed: [(bytes: [UInt8], due: UInt64)] = []
    var closesWhenSent = false
    /// Nil where the peer speaks no protocol.
    var spoken: SpokenConnection?
  }

  package let process: SimulatedProcess
  package let manner: Manner
  /// What the peer says on the connections that it serves from now on; nil where it sends back what it reads.
  package var speech: Speech?
  private var kernel: SimulatedKernel
  private let listener: FileDescriptor
  private var connections: [UInt64: Connection] = [:]
  /// How many connections the peer has accepted.
  private var acceptedCount = 0
  /// How many messages the peer has read, or pieces of them where it answers pieces.
  private var requestCount = 0
  /// Answers that the peer has sent with a wrong byte.
  package private(set) var wrongAnswers = 0
  /// Answers that the peer has left out.
  package private(set) var omittedAnswers = 0
  /// Connections that the peer has turned away with an error message.
  package private(set) var complaints = 0
  /// Connections, requests and pings that the peer has refused in its protocol.
  package private(set) var refusals = 0
  /// Connections that the peer has closed or reset of its own accord.
  package private(set) var closedByItself = 0

  /// The peer listens at the first of the endpoints when this returns, unless its manner is `neverListens`.
  ///
  /// - Parameter tongue: the protocol in which a peer that is `capped`, or that `closes` some connections, serves the
  ///   others; nil where it sends back what it reads.
  package init(
    _ manner: Manner, in tongue: Speech.Tongue? = nil, at endpoints: [SocketAddress],
    backlog: Int32, on network: SimulatedNetwork
  ) throws(Errno) {
    self.manner = manner
    speech =
      switch manner {
      case .speaks(let speech): speech
      case .closes, .capped: tongue.map { Speech($0) }
      default: nil
      }
    process = SimulatedProcess(network: network, descriptorLimit: .max)
    kernel = SimulatedKernel(process: process)
    listener = try kernel.open(v6: false)
    try kernel.reuseAddress(listener)
    try kernel.bind(listener, to: endpoints[0])
    network.keepsWriteBoundaries = answersWholeMessages
    guard manner != .neverListens else { return }
    try kernel.listen(listener, backlog: backlog)
    if manner != .neverAccepts {
      try kernel.watch(listener, .readable, token: Self.listenerToken)
    }
  }

  private static let listenerToken = UInt64.max

  package func turn() -> Bool {
    unsafe withUnsafeTemporaryAllocation(of: ReadyEvent.self, capacity: 64) { events in
      let deadline = nextDeadline.map(Instant.init(nanoseconds:))
      let count = (try? unsafe kernel.wait(into: events, until: deadline)) ?? 0
      for index in 0..<count {
        let event = unsafe events[index]
        event.token == Self.listenerToken ? acceptAll() : serve(event.token)
      }
    }
    attendToTime()
    return true
  }

  // MARK: Accepting

  private func acceptAll() {
    while mayAccept, let client = try? kernel.accept(listener) { greet(client.descriptor) }
    // A level-triggered listener with clients in its queue would be announced for ever.
    if !mayAccept { kernel.unwatch(listener) }
  }

  private var mayAccept: Bool {
    if case .capped(let most, .stopsAccepting) = manner { acceptedCount < most } else { true }
  }

  /// Begins to serve a client, or turns it away, as the manner says.
  private func greet(_ socket: FileDescriptor) {
    acceptedCount += 1
    switch manner {
    case .closes(let every, let resets) where acceptedCount.isMultiple(of: every):
      return hangUp(socket, resets: resets)
    case .capped(let most, let refusal) where connections.count >= most:
      if refusal == .complains {
        complaints += 1
        say(Array("ERR max number of clients reached\r\n".utf8), socket)
      }
      return hangUp(socket, resets: refusal == .resets)
    case .speaksFirst: say(Array("220 ready\r\n".utf8), socket)
    default: break
    }
    let token = UInt64(acceptedCount)
    let now = kernel.now().nanoseconds
    connections[token] = Connection(socket: socket, number: acceptedCount, lastRead: now)
    if let speech {
      connections[token]?.spoken = SpokenConnection(speech, number: acceptedCount, at: now)
    }
    let events: EpollEvents = manner == .neverReads ? .none : .readable | .writable
    do throws(Errno) {
      try kernel.watch(socket, events | .peerHangUp | .edgeTriggered, token: token)
    } catch {
      connections[token] = nil
      kernel.close(socket)
    }
  }

  private func hangUp(_ socket: FileDescriptor, resets: Bool) {
    closedByItself += 1
    if resets { try? kernel.resetOnClose(socket, true) }
    kernel.close(socket)
  }

  /// Resets all connections, as the kernel does for a server that crashes.
  package func crash() {
    for connection in connections.values.sorted(by: { $0.number < $1.number }) {
      hangUp(connection.socket, resets: true)
    }
    connections = [:]
  }

  // MARK: Answering

  /// Reads and answers what a connection has brought.
  private func serve(_ token: UInt64) {
    guard var connection = connections[token] else { return }
    guard manner != .neverReads else {
      connections[token] = nil
      return kernel.close(connection.socket)
    }
    var isOver = false
    unsafe withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 1) { buffer in
      while true {
        switch unsafe kernel.receive(connection.socket, into: buffer) {
        case .moved(let count):
          connection.lastRead = kernel.now().nanoseconds
          unsafe take(Array(buffer[..<count]), &connection)
        case .wouldBlock: return
        case .closed, .failed:
          isOver = true
          return
        }
      }
    }
    settle(token, &connection, isOver: isOver)
  }

  /// Whether the peer waits for the end of a message before it answers. If it left out half an answer, all
  /// later answers would be wrong, too.
  private var answersWholeMessages: Bool {
    switch manner {
    case .answersWrongly, .leavesOut: true
    default: false
    }
  }

  /// Answers the bytes, or those messages whose end has come with them.
  private func take(_ bytes: [UInt8], _ connection: inout Connection) {
    if let deed = connection.spoken?.hear(bytes) { return carryOut(deed, &connection) }
    guard answersWholeMessages else { return answer(bytes, &connection) }
    connection.unanswered += bytes
    let socket = process.socket(connection.socket)
    while let end = socket.writeBoundaries.first,
      end <= connection.answeredCount + connection.unanswered.count
    {
      _ = socket.writeBoundaries.popFirst()
      let count = end - connection.answeredCount
      connection.answeredCount = end
      answer(Array(connection.unanswered[..<count]), &connection)
      connection.unanswered.removeFirst(count)
    }
  }

  private func carryOut(_ deed: SpokenConnection.Deed, _ connection: inout Connection) {
    if deed.refuses { refusals += 1 }
    if !deed.bytes.isEmpty { connection.owed.append((deed.bytes, kernel.now().nanoseconds)) }
    if deed.closes { connection.closesWhenSent = true }
  }

  private func answer(_ bytes: [UInt8], _ connection: inout Connection) {
    requestCount += 1
    var (bytes, delay) = (bytes, UInt64(0))
    switch manner {
    case .answersWrongly(let every) where requestCount.isMultiple(of: every):
      wrongAnswers += 1
      bytes[0] ^= 0xFF
    case .leavesOut(let every) where requestCount.isMultiple(of: every):
      omittedAnswers += 1
      return
    case .answersLate(let nanoseconds): delay = nanoseconds
    case .answersAndCloses(let every) where connection.number.isMultiple(of: every):
      connection.closesWhenSent = true
    default: break
    }
    connection.owed.append((bytes, kernel.now().nanoseconds + delay))
  }

  /// Sends the answers that are due, and closes the connection where it is over.
  private func settle(_ token: UInt64, _ connection: inout Connection, isOver: Bool) {
    var isOver = isOver
    while !isOver, let first = connection.owed.first, first.due <= kernel.now().nanoseconds {
      let sent = unsafe first.bytes.withUnsafeBytes { unsafe kernel.send(connection.socket, $0) }
      switch sent {
      case .moved(let count) where count == first.bytes.count: connection.owed.removeFirst()
      case .moved(let count): connection.owed[0].bytes.removeFirst(count)
      // The kernel announces room as a new edge.
      case .wouldBlock:
        connections[token] = connection
        return
      case .closed, .failed: isOver = true
      }
    }
    if connection.closesWhenSent, connection.owed.isEmpty, !isOver {
      closedByItself += 1
      isOver = true
    }
    connections[token] = isOver ? nil : connection
    if isOver { kernel.close(connection.socket) }
  }

  private func say(_ bytes: [UInt8], _ socket: FileDescriptor) {
    _ = unsafe bytes.withUnsafeBytes { unsafe kernel.send(socket, $0) }
  }

  // MARK: Time

  private var nextDeadline: UInt64? {
    switch manner {
    case .answersLate: connections.values.compactMap { $0.owed.first?.due }.min()
    case .closesIdle(let span): connections.values.map { $0.lastRead + span }.min()
    case .speaks: connections.values.compactMap { $0.spoken?.due }.min()
    default: nil
    }
  }

  /// Sends the answers that have become due, and closes the connections that have been idle for too long.
  private func attendToTime() {
    guard let next = nextDeadline, next <= kernel.now().nanoseconds else { return }
    let now = kernel.now().nanoseconds
    // In the order of arrival: a dictionary's own order differs from run to run.
    for token in connections.keys.sorted() {
      guard var connection = connections[token] else { continue }
      if case .closesIdle(let span) = manner {
        guard connection.lastRead + span <= now else { continue }
        connections[token] = nil
        hangUp(connection.socket, resets: false)
      } else if let due = connection.spoken?.due, due <= now,
        let deed = connection.spoken?.attend(at: now)
      {
        carryOut(deed, &connection)
        settle(token, &connection, isOver: false)
      } else if let due = connection.owed.first?.due, due <= now {
        settle(token, &connection, isOver: false)
      }
    }
  }
}
