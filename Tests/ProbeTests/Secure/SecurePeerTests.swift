import Addressing
import Linux
import Messages
import SystemPackage
import TLS
import Testing
import WorkerLog

@testable import Probe
@testable import Simulation

/// One end here, and the other is played by hand.
@Suite struct SecurePeerTests {
  private static let certificateRequired = Refusal(
    "the peer sent certificate_required (116)", code: RefusalCode(.tls, 116))

  // MARK: A server by hand

  /// A client with one connection, whose message every second wants an echo.
  private func client(
    timeout: Duration = .seconds(10)
  ) throws -> (SecureStage, ScriptedPeer) {
    let stage = try SecureStage(.init(latency: 1000))
    let peer = ScriptedPeer(stage.network, at: .first)
    try peer.listen()
    try stage.addClient(
      SecureContextsOfTests.client(), [.open(goal: 1, rate: nil), .keep],
      [.test(every: .seconds(1))], timeout: timeout)
    return (stage, peer)
  }

  private func connected() throws -> (SecureStage, SecurePeer) {
    let (stage, peer) = try client()
    stage.order(.begin)
    stage.run(for: .milliseconds(1))
    let socket = try #require(try peer.accept())
    let server = try SecurePeer(peer, socket, SecureContextsOfTests.server())
    for _ in 0..<10 where stage.held == 0 {
      server.pump()
      stage.run(for: .milliseconds(1))
    }
    server.pump()
    #expect(server.isDone)
    #expect(stage.held == 1)
    return (stage, server)
  }

  /// Has the server give back what it hears, for a while.
  private func echo(_ stage: SecureStage, _ server: SecurePeer, rounds: Int = 30) {
    var told = server.heard.count
    for _ in 0..<rounds {
      server.pump()
      if server.heard.count > told {
        server.say(Array(server.heard[told...]))
        told = server.heard.count
        server.pump()
      }
      stage.run(for: .milliseconds(100))
    }
  }

  @Test func `new keys are taken and answered`() throws {
    let (stage, server) = try connected()
    stage.order(.begin, phase: 1)
    for round in 1...3 {
      server.askForKeys()
      echo(stage, server)
      #expect(server.keyUpdates == round)
    }
    #expect(stage.clientBoard[0, .received] >= 8)
    #expect(stage.clientBoard[0, .wrong] == 0)
    #expect(stage.failures == [])
  }

  @Test func `a flood of new keys is answered a few times, and holds nothing up`() throws {
    let (stage, server) = try connected()
    for _ in 0..<20_000 { server.askForKeys() }
    stage.order(.begin, phase: 1)
    echo(stage, server, rounds: 60)
    #expect(stage.clientBoard[0, .received] >= 2)
    #expect(1...200 ~= server.keyUpdates)
    #expect(stage.failures == [])
  }

  @Test func `an end that comes with the last bytes is noticed without FIN`() throws {
    let (stage, server) = try connected()
    server.say("bye")
    server.sayClose()
    server.pump()
    stage.run(for: .seconds(1))
    #expect(stage.clientBoard[.bytesReceived] == 3)
    #expect(stage.held == 0)
    #expect(stage.failures == ["closed - 1"])
  }

  @Test func `an alert after the handshake is a refusal`() throws {
    let (stage, server) = try connected()
    server.say(.certificateRequired)
    server.pump()
    stage.run(for: .seconds(1))
    #expect(stage.failures == ["tls \(Errno.protocolError.rawValue) 1"])
    #expect(stage.clientBoard.refusal == "the peer sent certificate_required (116)")
    #expect(stage.clientBoard[.closedByPeer] == 1)
  }

  @Test(arguments: [0, 3000, 20_000])
  func `an alert that is not read when a send meets the reset is a refusal, too`(before: Int) throws
  {
    let (stage, server) = try connected()
    server.say([UInt8](repeating: 0, count: before))
    server.say(.certificateRequired)
    for _ in 0..<20 { server.pump() }
    try server.peer.close(server.socket, reset: true)
    // Both arrive, and the client has no turn.
    stage.network.advance(to: stage.network.now + 1_000_000)
    let client = try #require(stage.client)
    let socket = client.end.connections.rows.descriptor(0)
    let sent = [1, 2, 3].withUnsafeBytes { client.end.connections.kernel.send(socket, $0) }
    let step = client.end.connections.kernel.layerStep(socket)
    // What is further behind than one record is not looked for.
    let isSeen = before < 16_384
    #expect(sent == .failed(isSeen ? .protocolError : .connectionReset))
    #expect(step == (isSeen ? .failed(.secure, Self.certificateRequired) : .none))
    // What came before is there to be read all the same.
    stage.run(for: .seconds(1))
    #expect(stage.clientBoard[.bytesReceived] == UInt64(before))
    #expect(stage.failures == ["tls \(Errno.protocolError.rawValue) 1"])
  }

  @Test func `a reset that meets what was put aside is no end in order`() throws {
    let stage = try SecureStage(.init(latency: 1000, bufferSize: 1000))
    let peer = ScriptedPeer(stage.network, at: .first)
    try peer.listen()
    try stage.addClient(
      SecureContextsOfTests.client(), [.open(goal: 1, rate: nil), .keep],
      [.test(String(repeating: "x", count: 50_000), every: .seconds(1))], timeout: .seconds(10))
    stage.order(.begin)
    stage.run(for: .milliseconds(1))
    let server = try SecurePeer(
      peer, try #require(try peer.accept()), SecureContextsOfTests.server())
    for _ in 0..<50 where stage.held == 0 {
      server.pump()
      stage.run(for: .milliseconds(1))
    }
    #expect(stage.held == 1)
    stage.order(.begin, phase: 1)
    stage.run(for: .seconds(1))
    try peer.close(server.socket, reset: true)
    stage.run(for: .seconds(1))
    #expect(stage.held == 0)
    #expect(stage.failures == ["closed \(Errno.connectionReset.rawValue) 1"])
  }

  @Test func `a record that is none is a refusal`() throws {
    let (stage, server) = try connected()
    _ = server.peer.send(server.socket, Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8))
    stage.run(for: .seconds(1))
    #expect(stage.failures == ["tls \(Errno.protocolError.rawValue) 1"])
    #expect(stage.clientBoard.refusal?.hasPrefix("a record of type 72 without encryption") == true)
  }

  enum Ending: String, CaseIterable {
    case plainText, finish, reset, silence
  }

  @Test(arguments: Ending.allCases)
  func `a handshake that comes to nothing is TLS's, not TCP's`(ending: Ending) throws {
    let (stage, peer) = try client(timeout: .seconds(2))
    stage.order(.begin)
    stage.run(for: .milliseconds(1))
    let socket = try #require(try peer.accept())
    #expect(!peer.receive(socket).isEmpty)
    switch ending {
    case .plainText: _ = peer.send(socket, Array("SSH-2.0-x\r\n".utf8))
    case .finish: peer.finish(socket)
    case .reset: try peer.close(socket, reset: true)
    case .silence: break
    }
    stage.run(for: .seconds(5))
    let (errno, words): (Errno, String?) =
      switch ending {
      case .plainText: (.protocolError, #"not TLS: "SSH-2.0-x\x0d\x0a""#)
      case .finish: (.protocolError, "closed in mid-handshake")
      case .reset: (.connectionReset, "\(Errno.connectionReset) in mid-handshake")
      case .silence: (.timedOut, "TLS's handshake not over within 2 s")
      }
    #expect(stage.failures == ["tls \(errno.rawValue) 1"])
    #expect(stage.clientBoard.refusal == words)
    #expect(stage.client?.underWay == 0)
  }

  @Test func `a handshake that TCP refuses is TCP's`() throws {
    let stage = try SecureStage(.init(latency: 1000))
    try stage.addClient(SecureContextsOfTests.client(), [.open(goal: 1, rate: nil)])
    stage.play()
    #expect(stage.failures == ["connect \(Errno.connectionRefused.rawValue) 1"])
    #expect(stage.clientBoard.refusal == nil)
  }

  @Test func `what fails for want of own memory is no refusal`() {
    #expect(LayerFailure(TLSFailure.outOfMemory, sent: nil).errno == .noMemory)
    #expect(LayerFailure(TLSFailure.outOfMemory, sent: nil).refusal.words == "out of memory")
    #expect(LayerFailure(TLSError.library(call: "SSL_new", reason: "")).errno == .noMemory)
    let name = TLSError.setting("server name", value: "", reason: "")
    #expect(LayerFailure(name).errno == .protocolError)
    #expect(
      LayerFailure(TLSFailure.noCommonCipher, sent: .handshakeFailure).errno == .protocolError)
  }

  // MARK: A client by hand

  private func server(
    reply: ServerReply = .echo, speaksHTTP: Bool = false, buffer: Int = 65_536
  ) throws -> (SecureStage, ScriptedPeer) {
    let stage = try SecureStage(.init(latency: 1000, bufferSize: buffer))
    try stage.addServer(SecureContextsOfTests.server(), reply: reply, speaksHTTP: speaksHTTP)
    return (stage, ScriptedPeer(stage.network, at: .second))
  }

  private func connected(_ stage: SecureStage, _ peer: ScriptedPeer) throws -> SecurePeer {
    let client = try SecurePeer(peer, try peer.connect(), SecureContextsOfTests.client())
    for _ in 0..<5000 where !client.isDone {
      client.pump()
      stage.run(for: .milliseconds(1))
    }
    for _ in 0..<100 {
      client.pump()
      stage.run(for: .milliseconds(1))
    }
    return client
  }

  @Test func `who says nothing costs no handshake, and who leaves is no failure`() throws {
    let (stage, peer) = try server()
    let socket = try peer.connect()
    stage.run(for: .milliseconds(10))
    #expect(stage.accepted == 1)
    #expect(stage.server?.underWay == 0)
    // The beginning of a ClientHello.
    _ = peer.send(socket, [22, 3, 1])
    stage.run(for: .milliseconds(10))
    #expect(stage.server?.underWay == 1)
    try peer.close(socket, reset: false)
    let other = try peer.connect(offset: 1)
    stage.run(for: .milliseconds(10))
    try peer.close(other, reset: true)
    stage.run(for: .milliseconds(10))
    #expect(stage.accepted == 0)
    #expect(stage.server?.underWay == 0)
    #expect(stage.serverBoard[.failures] == 0)
    #expect(stage.serverBoard.refusal == "closed in mid-handshake")
  }

  @Test func `what strangers do is nobody's word`() throws {
    let stage = try SecureStage(.init(latency: 1000))
    try stage.addServer(
      SecureContextsOfTests.server(), clients: AddressSpan.spans(of: [.source]))
    for (address, words) in [
      (SocketAddress("127.0.0.9:700")!, nil),
      (SocketAddress(.source, 700), "closed in mid-handshake"),
    ] as [(SocketAddress, String?)] {
      let peer = ScriptedPeer(stage.network, at: address)
      let socket = try peer.connect(to: .first)
      stage.run(for: .milliseconds(10))
      _ = peer.send(socket, [22, 3, 1])
      stage.run(for: .milliseconds(10))
      try peer.close(socket, reset: false)
      stage.run(for: .milliseconds(10))
      #expect(stage.serverBoard.refusal == words)
    }
  }

  @Test func `a client that ends behind its last bytes is answered, and its connection closed`()
    throws
  {
    let (stage, peer) = try server()
    let client = try connected(stage, peer)
    client.say("bye")
    client.sayClose()
    client.pump()
    stage.run(for: .seconds(1))
    client.pump()
    #expect(client.heard == Array("bye".utf8))
    #expect(client.isToldClose)
    #expect(stage.accepted == 0)
    #expect(stage.serverBoard[.failures] == 0)
  }

  @Test(arguments: [50, 1000, 65_536])
  func `a long response is whole before its connection ends`(buffer: Int) throws {
    let body = [UInt8](repeating: 0x78, count: 20_000)
    let (stage, peer) = try server(reply: .send(body), speaksHTTP: true, buffer: buffer)
    let client = try connected(stage, peer)
    #expect(client.isDone)
    client.say("GET / HTTP/1.1\r\nHost: server.test\r\nConnection: close\r\n\r\n")
    for _ in 0..<5000 where !client.isToldClose {
      client.pump()
      stage.run(for: .milliseconds(1))
    }
    #expect(client.heard.suffix(20_000) == body[...])
    #expect(client.isToldClose)
    stage.run(for: .milliseconds(10))
    #expect(peer.isClosed(client.socket))
  }
}
