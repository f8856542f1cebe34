import Addressing
import Linux
import Messages
import SystemPackage
import TLS
import Testing
import WorkerLog

@testable import Probe
@testable import Simulation

/// Both ends here, over sockets that give and take little.
@Suite struct SecureEndsTests {
  struct Sockets: CustomTestStringConvertible {
    var limit: Int
    var buffer: Int
    var testDescription: String { "limit \(limit), buffer \(buffer)" }
  }

  private func stage(
    _ version: TLSVersion, _ sockets: Sockets = Sockets(limit: .max, buffer: 65_536),
    connections: Int = 3, _ patterns: [MessagePattern] = [],
    readiness: ServerReadiness = .direct
  ) throws -> SecureStage {
    let stage = try SecureStage(.init(latency: 1000, bufferSize: sockets.buffer))
    for process in [stage.clientProcess, stage.serverProcess] {
      process.receiveLimit = sockets.limit
      process.sendLimit = sockets.limit
    }
    try stage.addServer(SecureContextsOfTests.server(version), readiness: readiness)
    try stage.addClient(
      SecureContextsOfTests.client(),
      [.open(goal: connections, rate: nil), .keep, .close(rate: nil, reset: false)], patterns)
    return stage
  }

  @Test(
    arguments: [TLSVersion.v12, .v13],
    [
      Sockets(limit: 1, buffer: 65_536), Sockets(limit: 2, buffer: 700),
      Sockets(limit: 100, buffer: 65_536), Sockets(limit: .max, buffer: 50),
      Sockets(limit: .max, buffer: 1000), Sockets(limit: .max, buffer: 65_536),
    ])
  func `messages come back whole`(version: TLSVersion, sockets: Sockets) throws {
    let long = String(repeating: "0123456789", count: sockets.limit < 100 ? 500 : 20_000)
    for readiness in [.direct, .rearm] as [ServerReadiness] {
      let stage = try stage(
        version, sockets, [.test(every: .seconds(1)), .test(long, every: .seconds(1))],
        readiness: readiness)
      stage.expectAnswers(to: 2) {
        #expect(stage.client?.underWay == 0)
        #expect(stage.server?.underWay == 0)
      }
      #expect(stage.server?.keepsNothing == true)
      #expect(stage.client?.keepsNothing == true)
    }
  }

  @Test(arguments: [TLSVersion.v12, .v13])
  func `every connection is verified by a byte and back`(version: TLSVersion) throws {
    let stage = try stage(version, connections: 40)
    stage.play()
    stage.order(.verify)
    stage.run(for: .seconds(1))
    #expect(stage.clientBoard[.verified] == 40)
  }

  @Test(arguments: [TLSVersion.v12, .v13])
  func `descriptors that are used again begin anew`(version: TLSVersion) throws {
    let stage = try SecureStage(.init(latency: 1000))
    for process in [stage.clientProcess, stage.serverProcess] {
      process.noise = EventNoise(seed: 7, probability: 0.1)
    }
    try stage.addServer(SecureContextsOfTests.server(version))
    try stage.addClient(
      SecureContextsOfTests.client(),
      (0..<6).map {
        $0.isMultiple(of: 2) ? .open(goal: 60, rate: nil) : .close(rate: nil, reset: $0 == 1)
      })
    for phase in 0..<6 {
      stage.play(phase: phase)
      stage.run(for: .seconds(1))
      #expect(stage.held == (phase.isMultiple(of: 2) ? 60 : 0))
      #expect(stage.accepted == stage.held)
    }
    #expect(stage.failures == [])
  }

  @Test func `a client begins no more while many handshakes are under way`() throws {
    let stage = try SecureStage(.init(latency: 20_000_000))
    try stage.addServer(SecureContextsOfTests.server())
    try stage.addClient(SecureContextsOfTests.client(), [.open(goal: 1500, rate: nil)])
    var most = 0
    stage.check = { [unowned stage] in
      most = max(most, stage.client?.underWay ?? 0)
    }
    stage.play()
    #expect(stage.held == 1500)
    #expect(most > 100)
    // Those whose TCP handshake is under way at that instant come on top.
    #expect(most <= TLSKernel<SimulatedKernel>.mostUnderWay + 1024)
  }

  @Test func `a client that has nothing to offer fails at once`() throws {
    let stage = try SecureStage(.init(latency: 1000))
    try stage.addServer(SecureContextsOfTests.server(.v12))
    // Certificates are verified, so OpenSSL leaves out what works without one.
    let context = try TLSContext(
      client: ClientSettings(
        terms: TLSTerms(versions: .v12 ... .v12, ciphers: "ADH-AES256-GCM-SHA384")))
    try stage.addClient(context, [.open(goal: 1, rate: nil)])
    stage.order(.begin)
    stage.run(for: .milliseconds(10))
    #expect(stage.failures == ["tls \(Errno.protocolError.rawValue) 1"])
    #expect(stage.clientBoard.refusal == "no cipher that both ends offer")
    #expect(stage.client?.keepsNothing == true)
  }

  @Test func `turns in which handshakes keep connections from being begun are counted`() throws {
    for (rate, isHeldBack) in [(1000, false), (20_000, true)] as [(Double, Bool)] {
      let stage = try SecureStage(.init(latency: 20_000_000))
      try stage.addServer(SecureContextsOfTests.server())
      try stage.addClient(SecureContextsOfTests.client(), [.open(goal: 3000, rate: rate)])
      stage.play()
      #expect(stage.held == 3000)
      #expect((stage.clientBoard[.heldBack] > 0) == isHeldBack)
      #expect(stage.clientBoard[.crowded] == 0)
    }
  }

  @Test func `a turn does not go on with more handshakes than it can time`() throws {
    let stage = try SecureStage(.init(latency: 20_000_000))
    try stage.addServer(SecureContextsOfTests.server())
    try stage.addClient(SecureContextsOfTests.client(), [.open(goal: 400, rate: nil)])
    var (before, most) = (0, 0)
    stage.check = { [unowned stage] in
      most = max(most, stage.held - before)
      before = stage.held
    }
    stage.play()
    #expect(stage.held == 400)
    #expect(1...32 ~= most)
  }

  @Test func `a wrong name is refused, and is no failure of the server's`() throws {
    let stage = try SecureStage(.init(latency: 1000))
    try stage.addServer(SecureContextsOfTests.server())
    try stage.addClient(
      SecureContextsOfTests.client(name: "other.test"), [.open(goal: 3, rate: nil)])
    stage.play()
    stage.run(for: .seconds(1))
    #expect(stage.held == 0)
    #expect(stage.failures == ["tls \(Errno.protocolError.rawValue) 3"])
    #expect(stage.clientBoard.refusal == "certificate: hostname mismatch (62)")
    #expect(stage.serverBoard[.failures] == 0)
    #expect(stage.accepted == 0)
  }

  @Test(arguments: [TLSVersion.v12, .v13])
  func `no common version is refused, in the words of both ends`(version: TLSVersion) throws {
    let stage = try SecureStage(.init(latency: 1000))
    try stage.addServer(SecureContextsOfTests.server(version))
    let other: TLSVersion = version == .v12 ? .v13 : .v12
    try stage.addClient(SecureContextsOfTests.client(other...other), [.open(goal: 1, rate: nil)])
    stage.play()
    stage.run(for: .seconds(1))
    #expect(stage.failures == ["tls \(Errno.protocolError.rawValue) 1"])
    #expect(stage.clientBoard.refusal == "the peer sent protocol_version (70)")
    #expect(stage.serverBoard.refusal == "no TLS version that both ends offer")
  }
}
