import Addressing
import Linux
import SystemPackage

/// One connection of `connect`.
struct PeerConnection {
  enum State: String {
    case connecting, open
  }

  let descriptor: FileDescriptor
  /// Tells the connection from an earlier one that had the same descriptor.
  let generation: UInt32
  /// The number of the order (`OpenOrder`) that opened the connection, from 1.
  let orderNumber: Int
  /// The socket's own address: until the handshake is over the one that it was bound to, nil where
  /// the kernel chooses.
  var source: SocketAddress?
  /// When the handshake began.
  let began: Instant
  var state = State.connecting
  /// Bytes so far.
  var received = 0
  /// Bytes so far.
  var sent = 0
  /// Bytes that the socket has not taken yet.
  var unsent: [UInt8] = []

  /// The 64 bits that epoll hands back for the connection.
  var token: UInt64 { UInt64(generation) << 32 | UInt64(UInt32(descriptor.rawValue)) }

  /// The events that epoll is to announce.
  var wanted: EpollEvents {
    if state == .connecting { return .writable }
    return unsent.isEmpty ? .readable : .readable | .writable
  }
}

/// All connections of `connect`, by descriptor, and what became of those that are gone.
struct PeerTable {
  private var rows: [Int32: PeerConnection] = [:]
  /// The `generation` of the connection that was inserted last.
  private var lastGeneration: UInt32 = 0

  // How many connections since the session began were established, could not be opened, were closed
  // by their peer, and were closed by a command.
  var opened = 0
  var failed = 0
  var closedByPeer = 0
  var closedHere = 0
  /// Bytes so far, over all connections, also those that are gone.
  private(set) var received = 0
  /// The same of bytes sent.
  private(set) var sent = 0

  /// How many connections are established now.
  private(set) var open = 0

  subscript(descriptor: Int32) -> PeerConnection? { rows[descriptor] }

  /// The connection with this token, which an event has; nil when that connection is gone.
  func connection(of token: UInt64) -> PeerConnection? {
    let row = rows[Int32(truncatingIfNeeded: token & 0xFFFF_FFFF)]
    return row?.token == token ? row : nil
  }

  /// All connections, in the order of their descriptors.
  var connections: [PeerConnection] {
    rows.values.sorted { $0.descriptor.rawValue < $1.descriptor.rawValue }
  }

  /// Whether any peer has sent back fewer bytes than it got, or has bytes still to get.
  var awaitsAnswer: Bool { rows.values.contains { $0.received < $0.sent || !$0.unsent.isEmpty } }

  mutating func insert(
    _ descriptor: FileDescriptor, orderNumber: Int, source: SocketAddress?, began: Instant
  ) -> PeerConnection {
    lastGeneration &+= 1
    let row = PeerConnection(
      descriptor: descriptor, generation: lastGeneration, orderNumber: orderNumber, source: source,
      began: began)
    rows[descriptor.rawValue] = row
    return row
  }

  mutating func establish(_ connection: PeerConnection) {
    var row = connection
    row.state = .open
    row.source = Socket.localAddress(of: row.descriptor) ?? row.source
    rows[row.descriptor.rawValue] = row
    open += 1
    opened += 1
  }

  mutating func remove(_ connection: PeerConnection) {
    rows[connection.descriptor.rawValue] = nil
    if connection.state == .open { open -= 1 }
  }

  mutating func add(received count: Int, to connection: PeerConnection) {
    rows[connection.descriptor.rawValue]?.received += count
    received += count
  }

  /// Notes what was sent now, and what is left to send.
  mutating func add(sent count: Int, unsent: [UInt8], to connection: PeerConnection) {
    rows[connection.descriptor.rawValue]?.sent += count
    rows[connection.descriptor.rawValue]?.unsent = unsent
    sent += count
  }
}
