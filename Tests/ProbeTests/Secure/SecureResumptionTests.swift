import Linux
import Messages
import SystemPackage
import TLS
import Testing

@testable import Probe
@testable import Simulation

/// Sessions that clients resume, with the server of our own at the other end.
@Suite struct SecureResumptionTests {
  private func stage(
    _ version: TLSVersion, resume: Double, tickets: Int = 1, tasks: [ClientTask],
    limit: Int = .max, _ patterns: [MessagePattern] = []
  ) throws -> SecureStage {
    let stage = try SecureStage(.init(latency: 1000))
    for process in [stage.clientProcess, stage.serverProcess] {
      process.receiveLimit = limit
      process.sendLimit = limit
    }
    try stage.addServer(SecureContextsOfTests.server(version, tickets: tickets))
    try stage.addClient(
      SecureContextsOfTests.client(keepsSessions: true), tasks, patterns, resume: resume)
    return stage
  }

  @Test(
    arguments: [TLSVersion.v12, .v13],
    [(0, 0), (0.25, 49), (0.9, 179), (1, 199)] as [(Double, Int)])
  func `all but the first handshake are resumed by the share, at both ends`(
    version: TLSVersion, share: (resume: Double, resumed: Int)
  ) throws {
    for limit in [1, 100, .max] {
      let stage = try stage(
        version, resume: share.resume,
        tasks: [.open(goal: 200, rate: 1000), .keep, .close(rate: nil, reset: false)], limit: limit)
      stage.play()
      stage.run(for: .milliseconds(10))
      #expect(stage.held == 200 && stage.accepted == 200)
      for board in [stage.clientBoard, stage.serverBoard] {
        #expect(board[.secured] == 200)
        #expect(board[.resumed] == UInt64(share.resumed))
      }
      // The one that has given the session keeps no handshake, but for TLS 1.2, where all do.
      #expect(stage.client?.listeners == 0)
      #expect(stage.client?.handshakes == (version == .v12 ? 200 : 0))
      stage.order(.verify)
      stage.run(for: .seconds(1))
      #expect(stage.clientBoard[.verified] == 200)
      stage.play(phase: 2)
      stage.run(for: .seconds(1))
      #expect(stage.failures == [])
      #expect(stage.client?.keepsNothing == true && stage.server?.keepsNothing == true)
    }
  }

  @Test func `a server without tickets has nothing resumed, and few connections are listened to`()
    throws
  {
    let stage = try stage(
      .v13, resume: 1, tickets: 0,
      tasks: [.open(goal: 100, rate: 1000), .keep, .close(rate: nil, reset: true)])
    stage.play()
    stage.run(for: .seconds(1))
    #expect(stage.clientBoard[.secured] == 100 && stage.clientBoard[.resumed] == 0)
    #expect(stage.client?.listeners == SessionStore.mostListeners)
    stage.play(phase: 2)
    stage.run(for: .seconds(1))
    #expect(stage.client?.keepsNothing == true)
  }

  @Test(arguments: [TLSVersion.v12, .v13])
  func `descriptors that are used again begin anew`(version: TLSVersion) throws {
    let stage = try stage(
      version, resume: 0.5,
      tasks: (0..<6).map {
        $0.isMultiple(of: 2) ? .open(goal: 60, rate: nil) : .close(rate: nil, reset: $0 == 1)
      })
    for process in [stage.clientProcess, stage.serverProcess] {
      process.noise = EventNoise(seed: 7, probability: 0.1)
    }
    for phase in 0..<6 {
      stage.play(phase: phase)
      stage.run(for: .seconds(1))
      #expect(stage.held == (phase.isMultiple(of: 2) ? 60 : 0))
    }
    #expect(stage.failures == [])
    #expect(stage.clientBoard[.secured] == 180)
    // All 60 of the first phase may have begun before there was a session.
    #expect((60...90).contains(stage.clientBoard[.resumed]))
    #expect(stage.clientBoard[.resumed] == stage.serverBoard[.resumed])
    #expect(stage.client?.keepsNothing == true && stage.server?.keepsNothing == true)
  }

  @Test(arguments: [(true, false), (false, true)])
  func `a session is forgotten for an alert in mid-handshake, and not for a close`(
    isAlert: Bool, isKept: Bool
  ) throws {
    let stage = try SecureStage(.init(latency: 1000))
    let peer = ScriptedPeer(stage.network, at: .first)
    try peer.listen()
    try stage.addClient(
      SecureContextsOfTests.client(keepsSessions: true),
      (1...3).map { .open(goal: $0, rate: nil) }, resume: 1)
    let context = try SecureContextsOfTests.server(tickets: 1)
    func accept(phase: Int) throws -> FileDescriptor {
      stage.order(.begin, phase: phase)
      stage.run(for: .milliseconds(1))
      return try #require(try peer.accept())
    }
    func served(phase: Int) throws -> SecurePeer {
      let server = try SecurePeer(peer, accept(phase: phase), context)
      for _ in 0..<10 {
        server.pump()
        stage.run(for: .milliseconds(1))
      }
      return server
    }
    #expect(try !served(phase: 0).handshake.isResumed)
    #expect(stage.held == 1 && stage.client?.listeners == 0)
    let refused = try accept(phase: 1)
    // A close with unread bytes would be a reset.
    #expect(!peer.receive(refused).isEmpty)
    // An alert in the clear: handshake_failure.
    if isAlert { _ = peer.send(refused, [21, 3, 3, 0, 2, 2, 40]) }
    try peer.close(refused, reset: false)
    stage.run(for: .milliseconds(10))
    #expect(stage.failures == ["tls \(Errno.protocolError.rawValue) 1"])
    #expect(try served(phase: 2).handshake.isResumed == isKept)
  }

  @Test(arguments: [TLSVersion.v12, .v13])
  func `messages come back whole over resumed connections`(version: TLSVersion) throws {
    let long = String(repeating: "0123456789", count: 2000)
    let stage = try stage(
      version, resume: 1,
      tasks: [.open(goal: 3, rate: 1000), .keep, .close(rate: nil, reset: false)], limit: 700,
      [.test(every: .seconds(1)), .test(long, every: .seconds(1))])
    stage.expectAnswers(to: 2)
    #expect(stage.clientBoard[.resumed] == 2)
    #expect(stage.client?.keepsNothing == true && stage.server?.keepsNothing == true)
  }

  @Test func `a handshake of TLS is timed from the end of TCP's`() throws {
    // 10 ms each way: TCP takes one round trip, TLS 1.3 another, TLS 1.2 two.
    for (version, least) in [(TLSVersion.v13, 20), (.v12, 40)] as [(TLSVersion, UInt64)] {
      let stage = try SecureStage(.init(latency: 10_000_000))
      try stage.addServer(SecureContextsOfTests.server(version))
      try stage.addClient(SecureContextsOfTests.client(), [.open(goal: 1, rate: nil)])
      stage.play()
      var counts = [UInt64](repeating: 0, count: LatencyBuckets.count)
      stage.clientBoard.addCounts(of: .secure, to: &counts)
      let places = counts.indices.filter { counts[$0] > 0 }
      #expect(places.count == 1 && counts.reduce(0, +) == 1)
      let taken = LatencyBuckets.value(at: places.first ?? 0)
      #expect((least * 990_000...(least + 5) * 1_000_000).contains(taken), "\(taken)")
    }
  }

  @Test(arguments: [
    (TLSVersion.v12, "the peer sent handshake_failure (40)"),
    (.v13, "the peer sent certificate_required (116)"),
  ])
  func `a client without a certificate is refused, in the words of both ends`(
    version: TLSVersion, words: String
  ) throws {
    let stage = try SecureStage(.init(latency: 1000))
    try stage.addServer(SecureContextsOfTests.server(version, asksForCertificates: true))
    try stage.addClient(SecureContextsOfTests.client(), [.open(goal: 3, rate: nil)])
    stage.order(.begin)
    stage.run(for: .seconds(1))
    #expect(stage.held == 0)
    #expect(stage.failures == ["tls \(Errno.protocolError.rawValue) 3"])
    #expect(stage.clientBoard.refusal == words)
    #expect(stage.serverBoard.refusal == "the client showed no certificate")
    #expect(stage.serverBoard[.failures] == 0)
    // To the client a handshake of TLS 1.3 is over before the server has looked at its certificate.
    #expect(stage.clientBoard[.secured] == (version == .v13 ? 3 : 0))
    #expect(stage.serverBoard[.secured] == 0)
  }
}
