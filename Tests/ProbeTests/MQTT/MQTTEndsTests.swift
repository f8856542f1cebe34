import Linux
import Messages
import Protocols
import SystemPackage
import TLS
import Testing

@testable import Probe
@testable import Simulation

/// Both ends here, over sockets that give and take little; plain, and over TLS.
@Suite struct MQTTEndsTests {
  private static let tasks: [ClientTask] = [
    .open(goal: 3, rate: nil), .keep, .close(rate: nil, reset: false),
  ]

  private static let qos: [MQTTQoS] = [.atLeastOnce, .atMostOnce, .atLeastOnce, .atMostOnce]

  private func patterns(_ sockets: WebSocketEndsTests.Sockets) -> [MessagePattern] {
    let isTiny = sockets.limit < 100 || sockets.buffer < 100
    let long = String(repeating: "0123456789", count: isTiny ? 100 : 20_000)
    return [
      .test(every: .seconds(1), expect: .acknowledged), .test("abc", every: .seconds(1)),
      .test(long, every: .seconds(1)), .test("x", every: .seconds(1), expect: .none),
    ]
  }

  private func play<System: Kernel & ~Copyable>(
    _ stage: LayerStage<System>, _ sockets: WebSocketEndsTests.Sockets
  ) {
    for process in [stage.clientProcess, stage.serverProcess] {
      process.receiveLimit = sockets.limit
      process.sendLimit = sockets.limit
    }
    stage.expectAnswers(to: 4)
  }

  @Test(arguments: WebSocketEndsTests.sockets, MQTTVersion.allCases)
  func `messages come back whole, whatever the sockets take`(
    sockets: WebSocketEndsTests.Sockets, version: MQTTVersion
  ) throws {
    // The message that nobody waits for comes back all the same, on a topic that another one waits on.
    let terms = MQTTTerms.test(version, qos: Self.qos)
    let stage = try MQTTStage(.init(latency: 1000, bufferSize: sockets.buffer))
    try stage.addServer(terms)
    var patterns = patterns(sockets)
    patterns.removeLast()
    patterns.append(.test("x", every: .seconds(1)))
    patterns[0] = .test(every: .seconds(1))
    try stage.addClient(terms, Self.tasks, patterns)
    play(stage, sockets)
    #expect(stage.keepsNothing)
  }

  @Test func `over TLS as well, acknowledged and not answered at all`() throws {
    let sockets = WebSocketEndsTests.Sockets(limit: .max, buffer: 65_536)
    var terms = MQTTTerms.test(qos: Self.qos)
    terms.publications[0].topic = MessageTemplate(bytes: Array("elsewhere".utf8))
    terms.publications[3].topic = MessageTemplate(bytes: Array("elsewhere".utf8))
    let stage = try SecureMQTTStage(.init(latency: 1000))
    let context = try SecureContextsOfTests.server()
    try stage.addServer(reply: .echo, mqtt: terms) {
      try MQTTKernel(
        TLSKernel(SimulatedKernel(process: $0), context, descriptors: $1, board: stage.serverBoard),
        terms, isServer: true,
        descriptors: $1)
    }
    let own = try SecureContextsOfTests.client()
    try stage.addClient(Self.tasks, patterns(sockets), mqtt: terms) {
      try MQTTKernel(
        TLSKernel(SimulatedKernel(process: $0), own, descriptors: $1, board: stage.clientBoard),
        terms,
        isServer: false,
        descriptors: $1)
    }
    play(stage, sockets)
  }

  @Test func `descriptors that are used again begin anew`() throws {
    let terms = MQTTTerms.test()
    let stage = try MQTTStage(.init(latency: 1000))
    for process in [stage.clientProcess, stage.serverProcess] {
      process.noise = EventNoise(seed: 7, probability: 0.1)
    }
    try stage.addServer(terms)
    try stage.addClient(
      terms,
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
