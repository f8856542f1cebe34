package import Addressing

/// The sessions that a client process has of the servers at its endpoints, and which of its handshakes resume one.
///
/// A session is resumed again and again, as most servers allow. One that a server has refused is forgotten. Where a
/// server of TLS 1.3 takes a session once and refuses it at its second use, it takes each ticket once; from then on
/// every session of that endpoint is resumed once, and resumed connections give the next ones. A server that refuses
/// a session later has new keys, as after a restart, and goes on taking tickets often.
///
/// Sessions are kept by endpoint and not by name, since servers behind one name need not share their ticket keys.
package struct SessionStore: ~Copyable {
  private struct Peer {
    /// The oldest first.
    var sessions: [TLSSession] = []
    /// Connections that are listened to for a session.
    var listeners = 0
    var takesTicketsOnce = false
  }

  /// The most sessions that are kept of all endpoints together. With a chain of certificates one takes some KiB.
  static let mostSessions = 4096
  /// The most sessions of an endpoint that takes tickets once: so many handshakes may resume at the same time.
  package static let mostTickets = 64
  /// The most connections to one endpoint that are listened to at a time, where one session is enough. Each keeps its
  /// `Handshake`.
  package static let mostListeners = 4
  /// The most connections to all endpoints together that are listened to at a time.
  package static let mostListenersInAll = 256
  /// Bytes of the longest ticket that is kept. Most take some 200 bytes, those with a client's certificate some KiB; TLS
  /// allows 64 KiB.
  static let longestTicket = 16 << 10
  /// In a store that is full, expired sessions are looked for once in so many times that room is wanted: to look at all
  /// of them takes as long as a handshake.
  private static let asksPerSweep = 256

  private var peers: [SocketAddress: Peer] = [:]
  /// The share of handshakes that resume, in millionths.
  private let share: Int
  /// Handshakes so far that could have resumed a session.
  private var asked = 0
  /// How many sessions are kept.
  package private(set) var count = 0
  /// How many connections are listened to.
  private var listeners = 0
  /// How often room was wanted while the store was full.
  private var asksForRoom = 0

  /// - Parameter share: the share, from 0 to 1, of the handshakes that resume among those that can.
  package init(share: Double) {
    self.share = Int((min(max(0, share), 1) * 1_000_000).rounded())
  }

  /// Whether any handshake is to resume.
  package var isNeeded: Bool { share > 0 }

  /// The session that the next handshake with an endpoint is to resume; nil for a full handshake, either as there is
  /// no session, or as the share wants one. Where there is no session, the handshake does not count in the share.
  package mutating func next(for endpoint: SocketAddress) -> TLSSession? {
    dropExpired(of: endpoint)
    guard let peer = peers[endpoint], let session = peer.sessions.first else { return nil }
    asked += 1
    guard asked * share / 1_000_000 > (asked - 1) * share / 1_000_000 else { return nil }
    if peer.takesTicketsOnce { forget(session, of: endpoint) }
    return session
  }

  /// Whether a session of this endpoint is wanted, so that one more connection is to be listened to.
  package mutating func wants(from endpoint: SocketAddress) -> Bool {
    guard isNeeded, listeners < Self.mostListenersInAll else { return false }
    let peer = peers[endpoint] ?? Peer()
    let isWanted =
      peer.takesTicketsOnce
      ? peer.sessions.count + peer.listeners < Self.mostTickets
      : peer.sessions.isEmpty && peer.listeners < Self.mostListeners
    return isWanted && hasRoom()
  }

  package mutating func beginListening(to endpoint: SocketAddress) {
    peers[endpoint, default: Peer()].listeners += 1
    listeners += 1
  }

  package mutating func endListening(to endpoint: SocketAddress) {
    peers[endpoint]?.listeners -= 1
    listeners -= 1
  }

  /// Keeps a session that a server has given. One that nobody wants any more is thrown away, and so is one that the
  /// server wants discarded at once, and one whose ticket is too long.
  package mutating func keep(_ session: TLSSession, of endpoint: SocketAddress) {
    let peer = peers[endpoint, default: Peer()]
    let most = peer.takesTicketsOnce ? Self.mostTickets : 1
    guard peer.sessions.count < most, !session.isExpired,
      session.ticketLength <= Self.longestTicket, hasRoom()
    else { return }
    peers[endpoint, default: Peer()].sessions.append(session)
    count += 1
  }

  /// A handshake that was to resume a session is over.
  package mutating func note(_ session: TLSSession, of endpoint: SocketAddress, isResumed: Bool) {
    guard !isResumed else {
      session.timesResumed += 1
      return
    }
    if session.timesResumed == 1, session.isOfTLS13, !session.isExpired {
      peers[endpoint]?.takesTicketsOnce = true
    }
    forget(session, of: endpoint)
  }

  private mutating func dropExpired(of endpoint: SocketAddress) {
    while let session = peers[endpoint]?.sessions.first, session.isExpired {
      forget(session, of: endpoint)
    }
  }

  /// Whether one more session can be kept. Where the store is full, may drop the expired ones of all endpoints.
  private mutating func hasRoom() -> Bool {
    guard count >= Self.mostSessions else { return true }
    if asksForRoom % Self.asksPerSweep == 0 {
      for endpoint in Array(peers.keys) { peers[endpoint]?.sessions.removeAll(where: \.isExpired) }
      count = peers.values.reduce(0) { $0 + $1.sessions.count }
    }
    asksForRoom += 1
    return count < Self.mostSessions
  }

  /// The session is not resumed any more.
  package mutating func forget(_ session: TLSSession, of endpoint: SocketAddress) {
    guard let place = peers[endpoint]?.sessions.firstIndex(where: { $0 === session }) else {
      return
    }
    peers[endpoint]?.sessions.remove(at: place)
    count -= 1
  }
}
