import Addressing
import Testing

@testable import TLS

@Suite struct ResumptionTests {
  private static func client(_ versions: ClosedRange<TLSVersion> = .v12 ... .v13) -> ClientSettings
  {
    ClientSettings(
      terms: TLSTerms(versions: versions), trusted: Certificates.trusted,
      serverName: .dns("server.test"), keepsSessions: true)
  }

  /// Runs one handshake, has the client listen for a ticket, and lets data pass both ways.
  private func connect(
    _ client: TLSContext, _ server: TLSContext, _ session: TLSSession?
  ) throws -> (pair: Pair, session: TLSSession?) {
    let pair = try Pair(client, server, resuming: session)
    pair.server.receive(pair.client.takeAll())
    pair.client.receive(pair.server.takeAll())
    pair.server.receive(pair.client.takeAll())
    let layer = try RecordLayer()
    var (here, there) = (try Carrier(layer, pair.client), try Carrier(layer, pair.server))
    let bytes = pair.server.takeAll() + there.seal("hello")
    #expect(pair.client.listensForSession)
    bytes.withUnsafeBytes { _ = pair.client.overhear($0) }
    here.open(bytes)
    there.open(here.seal("and back"))
    #expect(here.text == "hello" && there.text == "and back")
    #expect(pair.client.takeAll().isEmpty)
    return (pair, pair.client.takeSession())
  }

  @Test func `sessions are resumed, and counted at both ends`() throws {
    let client = try TLSContext(client: Self.client())
    let server = try TLSContext(server: ServerSettings(identity: Certificates.server, tickets: 2))
    var store = SessionStore(share: 0.5)
    let endpoint = SocketAddress(.v4(1), 1)
    var resumed = (client: 0, server: 0)
    for round in 0..<10 {
      // The first one has nothing to resume; of the nine others every second one resumes.
      let session = store.next(for: endpoint)
      #expect((session != nil) == (round > 0 && round % 2 == 0))
      let (pair, kept) = try connect(client, server, session)
      if let kept { store.keep(kept, of: endpoint) }
      #expect(kept != nil)
      resumed.client += pair.client.isResumed ? 1 : 0
      resumed.server += pair.server.isResumed ? 1 : 0
    }
    #expect(resumed == (4, 4) && store.count == 1)
    let lifetimes = (0..<2).compactMap { _ in store.next(for: endpoint)?.lifetime }
    #expect(lifetimes.count == 1 && lifetimes[0] > 0)
  }

  @Test func `one ticket is good for many`() throws {
    let client = try TLSContext(client: Self.client())
    let server = try TLSContext(server: ServerSettings(identity: Certificates.server, tickets: 1))
    let session = try connect(client, server, nil).session
    for _ in 0..<5 {
      #expect(try connect(client, server, session).pair.server.isResumed)
    }
  }

  @Test func `without tickets nothing is resumed`() throws {
    for versions in [TLSVersion.v12 ... .v12, .v13 ... .v13] {
      let client = try TLSContext(client: Self.client(versions))
      let server = try TLSContext(server: ServerSettings(identity: Certificates.server))
      var pair = try Pair(client, server)
      pair.run()
      // TLS 1.2 has sessions without tickets, too, which the server has not kept.
      let session = pair.client.takeSession()
      #expect(session == nil || versions.lowerBound == .v12)
      pair = try Pair(client, server, resuming: session)
      pair.run()
      #expect(pair.client.isDone && !pair.client.isResumed)
    }
  }

  @Test func `a server that has other keys does a full handshake`() throws {
    let client = try TLSContext(client: Self.client())
    let settings = ServerSettings(identity: Certificates.server, tickets: 1)
    let session = try connect(client, TLSContext(server: settings), nil).session
    let again = try connect(client, TLSContext(server: settings), session)
    #expect(!again.pair.client.isResumed && again.session != nil)
  }

  @Test func `TLS 1_2 is resumed`() throws {
    let client = try TLSContext(client: Self.client(.v12 ... .v12))
    let server = try TLSContext(server: ServerSettings(identity: Certificates.server, tickets: 1))
    var pair = try Pair(client, server)
    pair.run()
    let session = try #require(pair.client.takeSession())
    pair = try Pair(client, server, resuming: session)
    pair.run()
    #expect(pair.client.isResumed && pair.server.isResumed && pair.client.write("a"))
    pair.run()
    #expect(pair.server.readAll() == ("a", .wants))
  }

  @Test func `a connection is listened to for 64 KiB and no more`() throws {
    let client = try TLSContext(client: Self.client(.v13 ... .v13))
    let server = try TLSContext(server: ServerSettings(identity: Certificates.server))
    var pair = try Pair(client, server)
    pair.run()
    var there = try Carrier(RecordLayer(), pair.server)
    var times = 0
    while pair.client.listensForSession {
      there.seal([UInt8](repeating: 0, count: 10_000)).withUnsafeBytes {
        _ = pair.client.overhear($0)
      }
      times += 1
    }
    #expect(times == 7 && pair.client.takeSession() == nil)
    // What is wrong ends it, too.
    pair = try Pair(client, server)
    pair.run()
    let garbage: [UInt8] = [23, 3, 3, 0, 20] + [UInt8](repeating: 1, count: 20)
    let isMoreWanted = garbage.withUnsafeBytes { pair.client.overhear($0) }
    #expect(!isMoreWanted && pair.client.takeAll().isEmpty)
  }
}
