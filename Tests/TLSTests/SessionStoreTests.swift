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
