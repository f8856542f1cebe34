import Addressing
import Testing

@testable import TLS

/// A store that expectations can ask: they take no value that cannot be copied.
private final class Kept {
  private var store: SessionStore
  init(share: Double) { store = SessionStore(share: share) }
  var count: Int { store.count }
  func next(for endpoint: SocketAddress) -> TLSSession? { store.next(for: endpoint) }
  func wants(from endpoint: SocketAddress) -> Bool { store.wants(from: endpoint) }
  func beginListening(to endpoint: SocketAddress) { store.beginListening(to: endpoint) }
  func endListening(to endpoint: SocketAddress) { store.endListening(to: endpoint) }
  func keep(_ session: TLSSession, of endpoint: SocketAddress) { store.keep(session, of: endpoint) }
  func note(_ session: TLSSession, of endpoint: SocketAddress, isResumed: Bool) {
    store.note(session, of: endpoint, isResumed: isResumed)
  }
}

@Suite struct SessionStoreTests {
  private static let first = SocketAddress(.v4(1), 443)
  private static let second = SocketAddress(.v4(1), 444)

  /// Sessions that a server really gave.
  private func sessions(_ count: Int, _ version: TLSVersion = .v13) throws -> [TLSSession] {
    let client = try TLSContext(
      client: ClientSettings(
        terms: TLSTerms(versions: version...version), trusted: nil, keepsSessions: true))
    let server = try TLSContext(server: ServerSettings(identity: Certificates.server, tickets: 1))
    return try (0..<count).map { _ in
      var pair = try Pair(client, server)
      pair.run()
      return try #require(pair.client.takeSession())
    }
  }

  @Test(arguments: [(0, 0), (0.1, 10), (0.333333, 33), (0.5, 50), (0.9, 90), (1, 100)])
  func `the share is exact, and spread evenly`(share: Double, resumed: Int) throws {
    let store = Kept(share: share)
    store.keep(try sessions(1)[0], of: Self.first)
    let chosen = (0..<100).map { _ in store.next(for: Self.first) != nil ? 1 : 0 }
    #expect(chosen.reduce(0, +) == resumed)
    for start in 0..<90 {
      let part = Double(chosen[start..<start + 10].reduce(0, +))
      #expect(abs(part - share * 10) <= 1)
    }
  }

  @Test func `handshakes that have nothing to resume do not count in the share`() throws {
    let store = Kept(share: 0.9)
    for _ in 0..<1000 { #expect(store.next(for: Self.first) == nil) }
    store.keep(try sessions(1)[0], of: Self.first)
    let resumed = (0..<10).filter { _ in store.next(for: Self.first) != nil }
    #expect(resumed.count == 9)
  }

  @Test func `an endpoint is offered none but its own sessions`() throws {
    let store = Kept(share: 1)
    let given = try sessions(2)
    store.keep(given[0], of: Self.first)
    #expect(store.next(for: Self.second) == nil)
    store.keep(given[1], of: Self.second)
    #expect(store.next(for: Self.first) === given[0])
    #expect(store.next(for: Self.second) === given[1])
  }

  @Test func `a few connections are listened to at once, and none once there is a session`() throws
  {
    let store = Kept(share: 0.5)
    for _ in 0..<SessionStore.mostListeners {
      #expect(store.wants(from: Self.first))
      store.beginListening(to: Self.first)
    }
    #expect(!store.wants(from: Self.first))
    #expect(store.wants(from: Self.second))
    store.endListening(to: Self.first)
    #expect(store.wants(from: Self.first))
    let given = try sessions(2)
    store.keep(given[0], of: Self.first)
    #expect(!store.wants(from: Self.first))
    store.keep(given[1], of: Self.first)
    #expect(store.count == 1)
    #expect(!Kept(share: 0).wants(from: Self.first))
  }

  @Test(arguments: [TLSVersion.v12, .v13])
  func `a session that was refused is forgotten`(version: TLSVersion) throws {
    let store = Kept(share: 1)
    let given = try sessions(3, version)
    store.keep(given[0], of: Self.first)
    store.note(given[0], of: Self.first, isResumed: false)
    #expect(store.next(for: Self.first) == nil && store.count == 0)
    #expect(store.wants(from: Self.first))
    // Those that are refused later, as they were under way, are gone already.
    store.keep(given[1], of: Self.first)
    store.note(given[0], of: Self.first, isResumed: false)
    for _ in 0..<3 { #expect(store.next(for: Self.first) === given[1]) }
    // This server keeps many sessions good for many handshakes: it only has new keys.
    store.keep(given[2], of: Self.first)
    #expect(store.count == 1)
  }

  @Test func `where tickets are taken once, each session is resumed once`() throws {
    let store = Kept(share: 1)
    let given = try sessions(4)
    store.keep(given[0], of: Self.first)
    #expect(store.next(for: Self.first) === given[0])
    store.note(given[0], of: Self.first, isResumed: true)
    store.note(given[0], of: Self.first, isResumed: false)
    for session in given[1...] { store.keep(session, of: Self.first) }
    #expect(store.count == 3)
    #expect(store.wants(from: Self.first))
    for session in given[1...] { #expect(store.next(for: Self.first) === session) }
    #expect(store.next(for: Self.first) == nil && store.count == 0)
    // Another endpoint's server may be another one.
    store.keep(given[0], of: Self.second)
    for _ in 0..<3 { #expect(store.next(for: Self.second) === given[0]) }
  }

  @Test func `a server of TLS 1_2 that refuses has new keys, and takes sessions often`() throws {
    let store = Kept(share: 1)
    let given = try sessions(2, .v12)
    store.keep(given[0], of: Self.first)
    store.note(given[0], of: Self.first, isResumed: true)
    store.note(given[0], of: Self.first, isResumed: false)
    store.keep(given[1], of: Self.first)
    for _ in 0..<3 { #expect(store.next(for: Self.first) === given[1]) }
  }

  @Test(arguments: [TLSVersion.v12, .v13])
  func `a session is resumed as long as the server said, and no longer`(version: TLSVersion) throws
  {
    let store = Kept(share: 1)
    let given = try sessions(2, version)
    let lifetime = given[0].lifetime
    #expect(lifetime > 60)
    store.keep(given[0], of: Self.first)
    given[0].begin(secondsEarlier: lifetime - 60)
    #expect(store.next(for: Self.first) === given[0])
    store.note(given[0], of: Self.first, isResumed: true)
    given[0].begin(secondsEarlier: 60)
    #expect(store.next(for: Self.first) == nil && store.count == 0)
    // One that was under way meanwhile is refused for its age, not as tickets are taken once.
    store.note(given[0], of: Self.first, isResumed: false)
    store.keep(given[1], of: Self.first)
    for _ in 0..<2 { #expect(store.next(for: Self.first) === given[1]) }
  }

  @Test
  func `a server that refuses what it has taken often has new keys, and takes sessions often`()
    throws
  {
    let store = Kept(share: 1)
    let given = try sessions(2)
    store.keep(given[0], of: Self.first)
    for _ in 0..<2 { store.note(given[0], of: Self.first, isResumed: true) }
    store.note(given[0], of: Self.first, isResumed: false)
    store.keep(given[1], of: Self.first)
    for _ in 0..<3 { #expect(store.next(for: Self.first) === given[1]) }
  }

  @Test func `a lifetime of 0 is none in TLS 1_3, and any in TLS 1_2`() {
    func seconds(_ lifetime: Int, isOfTLS13: Bool) -> Int {
      TLSSession.secondsGood(lifetime: lifetime, isOfTLS13: isOfTLS13, otherwise: 7200)
    }
    #expect(seconds(0, isOfTLS13: true) == 0 && seconds(60, isOfTLS13: true) == 60)
    #expect(seconds(0, isOfTLS13: false) == 7200 && seconds(60, isOfTLS13: false) == 60)
  }

  @Test func `a session that is over by the time it comes is not kept`() throws {
    let store = Kept(share: 1)
    let session = try sessions(1)[0]
    session.begin(secondsEarlier: session.lifetime)
    store.keep(session, of: Self.first)
    #expect(store.count == 0 && store.wants(from: Self.first))
  }

  /// A server's ticket has the client's certificate in it.
  @Test(arguments: [(10, 1), (1000, 0)])
  func `a ticket of more than 16 KiB is not kept`(names: Int, kept: Int) throws {
    let identity = try Certificates.authority.issue(
      to: (0..<names).map { .dns("a-rather-long-name-\($0).test") }, now: now())
    let client = try TLSContext(
      client: ClientSettings(
        terms: TLSTerms(), trusted: nil, identity: identity, keepsSessions: true))
    let server = try TLSContext(
      server: ServerSettings(
        identity: Certificates.server, clientAuthorities: Certificates.trusted, tickets: 1))
    var pair = try Pair(client, server)
    pair.run()
    let session = try #require(
      pair.client.takeSession(), "\(String(describing: pair.client.failure))")
    #expect((session.ticketLength > SessionStore.longestTicket) == (kept == 0))
    let store = Kept(share: 1)
    store.keep(session, of: Self.first)
    #expect(store.count == kept)
  }

  @Test func `connections that are listened to are bounded for all endpoints together`() {
    let store = Kept(share: 1)
    var begun = 0
    func endpoint(_ number: Int) -> SocketAddress { SocketAddress(.v4(1), UInt16(number / 4)) }
    while store.wants(from: endpoint(begun)), begun < 10_000 {
      store.beginListening(to: endpoint(begun))
      begun += 1
    }
    #expect(begun == SessionStore.mostListenersInAll)
    store.endListening(to: endpoint(0))
    #expect(store.wants(from: endpoint(begun)))
  }

  @Test func `a full store drops what is expired, at all endpoints`() throws {
    let store = Kept(share: 1)
    let given = try sessions(2)
    for port in 0..<UInt16(SessionStore.mostSessions) {
      store.keep(given[port % 2 == 0 ? 0 : 1], of: SocketAddress(.v4(1), port))
    }
    let other = SocketAddress(.v4(2), 1)
    #expect(!store.wants(from: other))
    given[0].begin(secondsEarlier: given[0].lifetime)
    // It does not look each time.
    let asks = (1...1000).first { _ in store.wants(from: other) }
    #expect((2...256).contains(asks ?? 0))
    #expect(store.count == SessionStore.mostSessions / 2)
    store.keep(given[1], of: other)
    #expect(store.next(for: other) === given[1])
  }

  @Test func `sessions of all endpoints together are bounded`() throws {
    let store = Kept(share: 1)
    let session = try sessions(1)[0]
    for port in 0..<UInt16(SessionStore.mostSessions + 10) {
      store.keep(session, of: SocketAddress(.v4(1), port))
    }
    #expect(store.count == SessionStore.mostSessions)
    #expect(!store.wants(from: Self.first))
  }
}
