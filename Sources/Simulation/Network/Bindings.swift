import Addressing

/// Which local addresses and which connections' tuples are in use on a simulated host.
///
/// A socket may be bound beside others when each of them has SO_REUSEADDR and none listens. Two
/// connections never share a tuple. Where the client sent its FIN first, the tuple stays in TIME_WAIT.
struct Bindings {
  struct Tuple: Hashable {
    let local: SocketAddress
    let remote: SocketAddress

    /// Mixes one word, where a synthesised `hash` would mix about four: there are very many tuples.
    func hash(into hasher: inout Hasher) {
      hasher.combine(Self.word(local) ^ Self.word(remote) &* 0x9E37_79B9_7F4A_7C15)
    }

    private static func word(_ address: SocketAddress) -> UInt64 {
      switch address.ip {
      case .v4(let bits): UInt64(bits) << 16 | UInt64(address.port)
      case .v6(let bits): UInt64(truncatingIfNeeded: bits) << 16 | UInt64(address.port)
      }
    }
  }

  private struct Users {
    var count = 0
    /// Sockets without SO_REUSEADDR, plus sockets that listen.
    var exclusive = 0
  }

  private var users: [SocketAddress: Users] = [:]
  private var tuples: Set<Tuple> = []
  /// When each tuple's TIME_WAIT is over, in nanoseconds.
  private(set) var timeWaits: [Tuple: UInt64] = [:]

  /// - Parameter reusing: whether the socket has SO_REUSEADDR.
  /// - Returns: false when the address is in use.
  mutating func bind(_ address: SocketAddress, reusing: Bool) -> Bool {
    let others = users[address] ?? Users()
    guard others.count == 0 || (reusing && others.exclusive == 0) else { return false }
    users[address, default: Users()].count += 1
    if !reusing { users[address]?.exclusive += 1 }
    return true
  }

  /// A bound socket begins to listen: from here on nobody else may bind its address.
  mutating func beginExclusive(_ address: SocketAddress) {
    users[address]?.exclusive += 1
  }

  /// - Parameter exclusive: what the socket added to `Users.exclusive`.
  mutating func release(_ address: SocketAddress, exclusive: Int) {
    guard var left = users[address] else { return }
    left.count -= 1
    left.exclusive -= exclusive
    users[address] = left.count == 0 ? nil : left
  }

  /// Takes the tuple for a connection. Returns false when another connection has it, or TIME_WAIT holds it.
  mutating func claim(_ tuple: Tuple, at now: UInt64) -> Bool {
    if let end = timeWaits[tuple] {
      guard end <= now else { return false }
      timeWaits[tuple] = nil
    }
    return tuples.insert(tuple).inserted
  }

  /// How many tuples are in use or in TIME_WAIT: connection tracking has an entry for each of them.
  func trackedTuples(at now: UInt64) -> Int { tuples.count + waitingTuples(at: now) }

  /// Tuples in TIME_WAIT.
  func waitingTuples(at now: UInt64) -> Int { timeWaits.values.count { $0 > now } }

  /// - Parameter end: when the tuple's TIME_WAIT is over, in nanoseconds; nil for no TIME_WAIT.
  mutating func release(_ tuple: Tuple, timeWaitUntil end: UInt64?) {
    tuples.remove(tuple)
    if let end { timeWaits[tuple] = end }
  }
}
