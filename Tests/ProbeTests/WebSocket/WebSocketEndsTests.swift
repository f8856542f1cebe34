import Linux
import Messages
import SystemPackage
import TLS
import Testing

@testable import Probe
@testable import Simulation

/// Both ends here, over sockets that give and take little; plain, and over TLS.
@Suite struct WebSocketEndsTests {
  struct Sockets: CustomTestStringConvertible {
    var limit: Int
    var buffer: Int
    var testDescription: String { "limit \(limit), buffer \(buffer)" }
  }

  static let sockets = [
    Sockets(limit: 1, buffer: 65_536), Sockets(limit: 2, buffer: 700),
    Sockets(limit: 100, buffer: 65_536), Sockets(limit: .max, buffer: 50),
    Sockets(limit: .max, buffer: 1000), Sockets(limit: .max, buffer: 65_536),
  ]

  private static let tasks: [ClientTask] = [
    .open(goal: 3, rate: nil), .keep, .close(rate: nil, reset: false),
  ]

  private func patterns(_ sockets: Sockets) -> [MessagePattern] {
    let isTiny = sockets.limit < 100 || sockets.buffer < 100
    let long = String(repeating: "0123456789", count: isTiny ? 100 : 20_000)
    var binary = MessagePattern.test(long, every: .seconds(1))
    binary.isBinary = true
    return [.test(every: .seconds(1)), binary]
  }

  private func cut<System: Kernel & ~Copyable>(_ stage: LayerStage<System>, _ sockets: Sockets) {
    for process in [stage.clientProcess, stage.serverProcess] {
      process.receiveLimit = sockets.limit
      process.sendLimit = sockets.limit
    }
  }

  @Test(arguments: sockets, [ServerReadiness.direct, .rearm])
  func `messages come back whole`(sockets: Sockets, readiness: ServerReadiness) throws {
    let stage = try WebSocketStage(.init(latency: 1000, bufferSize: sockets.buffer))
    cut(stage, sockets)
    try stage.addServer(readiness: readiness)
    try stage.addClient(.test(ping: .milliseconds(300)), Self.tasks, patterns(sockets))
    stage.expectAnswers(to: 2)
    #expect(stage.keepsNothing)
  }

  @Test(arguments: sockets, [TLSVersion.v12, .v13])
  func `messages come back whole over TLS`(sockets: Sockets, version: TLSVersion) throws {
    let stage = try SecureWebSocketStage(.init(latency: 1000, bufferSize: sockets.buffer))
    cut(stage, sockets)
    try stage.addServer(SecureContextsOfTests.server(version))
    try stage.addClient(SecureContextsOfTests.client(), Self.tasks, patterns(sockets))
    stage.expectAnswers(to: 2)
    #expect(stage.keepsNothing)
  }

  @Test func `a certificate that is refused is TLS's, not the WebSocket's`() throws {
    let stage = try SecureWebSocketStage(.init(latency: 1000))
    try stage.addServer(SecureContextsOfTests.server())
    try stage.addClient(
      SecureContextsOfTests.client(name: "other.test"), [.open(goal: 1, rate: nil)])
    stage.play()
    #expect(stage.failures == ["tls \(Errno.protocolError.rawValue) 1"])
    #expect(stage.clientBoard.refusal?.hasPrefix("certificate: ") == true)
  }

  @Test func `every connection is verified by a byte and back`() throws {
    let stage = try WebSocketStage(.init(latency: 1000))
    try stage.addServer()
    try stage.addClient(.test(), [.open(goal: 40, rate: nil), .keep])
    stage.play()
    stage.order(.verify)
    stage.run(for: .seconds(1))
    #expect(stage.clientBoard[.verified] == 40)
    #expect(stage.failures == [])
  }

  @Test func `pushes are counted message by message`() throws {
    let tick = Array("tick tock".utf8)
    let stage = try WebSocketStage(.init(latency: 1000))
    try stage.addServer(reply: .push(every: 100_000_000, tick))
    try stage.addClient(
      .test(), [.open(goal: 5, rate: nil), .keep], [.test(every: .seconds(1), expect: .none)],
      pushed: tick)
    stage.play()
    stage.order(.begin, phase: 1)
    stage.run(for: .milliseconds(2050))
    #expect(stage.clientBoard[.pushed] >= 95)
    #expect(stage.clientBoard[.pushed] == stage.serverBoard[.pushed])
    #expect(stage.clientBoard[.pushedWrong] == 0)
    #expect(stage.clientBoard[0, .received] == stage.clientBoard[0, .sent])
  }

  @Test func `descriptors that are used again begin anew`() throws {
    let stage = try WebSocketStage(.init(latency: 1000))
    for process in [stage.clientProcess, stage.serverProcess] {
      process.noise = EventNoise(seed: 7, probability: 0.1)
    }
    try stage.addServer()
    try stage.addClient(
      .test(),
      [
        .open(goal: 5, rate: nil),
        .churn(rate: 200, lifetime: 20_000_000, span: 2_000_000_000, reset: false),
      ], [.test(every: .milliseconds(5))])
    stage.play()
    stage.play(phase: 1)
    stage.run(for: .seconds(1))
    #expect(stage.held == 5)
    #expect(stage.accepted == 5)
    #expect(stage.clientBoard[.churned] == 400)
    #expect(stage.failures == [])
    #expect(stage.clientBoard[0, .wrong] == 0)
  }
}
