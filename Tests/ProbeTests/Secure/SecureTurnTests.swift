import Addressing
import Linux
import SystemPackage
import TLS
import Testing
import WorkerLog

@testable import Probe
@testable import Simulation

/// A server whose peers begin handshakes and do not end them.
@Suite struct SecureTurnTests {
  private static let most = TLSKernel<SimulatedKernel>.mostUnderWay
  private static let beginning: [UInt8] = [22, 3, 1, 1, 0]

  /// - Parameter timeout: what the server gives a handshake.
  private func stage(timeout: Duration = .seconds(10)) throws -> SecureStage {
    let stage = try SecureStage(.init(latency: 1000))
    try stage.addServer(
      SecureContextsOfTests.server(), timeout: timeout, clients: AddressSpan.spans(of: [.source]))
    return stage
  }

  /// Strangers that send five bytes of a ClientHello each.
  private func strangers(_ count: Int, _ stage: SecureStage) throws -> (
    peer: ScriptedPeer, sockets: [FileDescriptor]
  ) {
    let peer = ScriptedPeer(stage.network, at: SocketAddress("127.0.0.9:2000")!)
    let sockets = try (0..<count).map { try peer.connect(to: .first, offset: UInt16($0)) }
    stage.run(for: .milliseconds(10))
    for socket in sockets { _ = peer.send(socket, Self.beginning) }
    stage.run(for: .milliseconds(10))
    return (peer, sockets)
  }

  @Test(arguments: [10, 30])
  func `half a handshake is broken off when its time is over`(seconds: Int) throws {
    let stage = try stage(timeout: .seconds(seconds))
    let (peer, sockets) = try strangers(3, stage)
    #expect(stage.server?.underWay == 3)
    stage.run(for: .milliseconds(1000 * seconds - 100))
    #expect(stage.server?.underWay == 3 && stage.serverBoard[.strangersHeld] == 3)
    stage.run(for: .milliseconds(200))
    #expect(stage.server?.underWay == 0 && stage.serverBoard[.strangersHeld] == 0)
    #expect(sockets.allSatisfy { peer.isClosed($0) })
    #expect(stage.server?.keepsNothing == true)
    // Strangers are no limit of the run, and nobody keeps their words.
    #expect(stage.serverBoard[.failures] == 0 && stage.serverBoard.refusal == nil)
    #expect(stage.serverBoard.refusals.rows(of: 0).isEmpty)
  }

  @Test func `bytes that come now and then give a handshake no more time`() throws {
    let stage = try stage()
    let (peer, sockets) = try strangers(1, stage)
    for _ in 0..<9 {
      stage.run(for: .seconds(1))
      _ = peer.send(sockets[0], [1])
    }
    #expect(stage.server?.underWay == 1)
    stage.run(for: .seconds(1))
    #expect(stage.server?.underWay == 0)
  }

  @Test func `no more handshakes than the bound are under way, and the others have their turn`()
    throws
  {
    let stage = try stage()
    stage.check = { #expect(stage.server?.handshakes ?? 0 <= Self.most) }
    _ = try strangers(Self.most + 200, stage)
    #expect(stage.server?.underWay == Self.most && stage.server?.turns == 200)
    // Clients of the plan wait for their turn behind them, and lose nothing.
    try stage.addClient(
      SecureContextsOfTests.client(),
      [.open(goal: 700, rate: nil), .close(rate: nil, reset: false)], timeout: .seconds(40))
    stage.play()
    #expect(stage.held == 700 && stage.failures == [])
    stage.run(for: .seconds(10))
    #expect(stage.accepted == 700 && stage.serverBoard[.strangersHeld] == 0)
    #expect(stage.server?.underWay == 0 && stage.server?.turns == 0)
    stage.play(phase: 1)
    stage.run(for: .seconds(1))
    #expect(stage.server?.keepsNothing == true && stage.serverBoard[.failures] == 0)
  }

  @Test(arguments: [true, false])
  func `who leaves before the turn has come takes none`(isReset: Bool) throws {
    let stage = try stage()
    let (peer, sockets) = try strangers(Self.most + 10, stage)
    for socket in sockets[Self.most...] { try peer.close(socket, reset: isReset) }
    stage.run(for: .milliseconds(10))
    #expect(stage.server?.underWay == Self.most)
    #expect(stage.serverBoard[.strangersHeld] == UInt64(Self.most + (isReset ? 0 : 10)))
    for socket in sockets[..<Self.most] { try peer.close(socket, reset: isReset) }
    stage.run(for: .milliseconds(10))
    #expect(stage.server?.underWay == 0 && stage.serverBoard[.strangersHeld] == 0)
    #expect(stage.server?.turns == 0 && stage.server?.keepsNothing == true)
  }

  @Test(arguments: [true, false])
  func `the server keeps no words of an own client that is reset before its turn`(
    isWaiting: Bool
  ) throws {
    let stage = try stage()
    _ = try strangers(isWaiting ? Self.most : 1, stage)
    let peer = ScriptedPeer(stage.network, at: SocketAddress(.source, 3000))
    let sockets = try (0..<5).map { try peer.connect(to: .first, offset: UInt16($0)) }
    stage.run(for: .milliseconds(10))
    for socket in sockets { _ = peer.send(socket, Self.beginning) }
    stage.run(for: .milliseconds(10))
    #expect(stage.server?.turns == (isWaiting ? 5 : 0) && stage.accepted == 5)
    for socket in sockets { try peer.close(socket, reset: true) }
    stage.run(for: .milliseconds(10))
    #expect(stage.accepted == 0)
    #expect(stage.serverBoard.refusals.rows(of: 0).isEmpty)
    #expect(stage.serverBoard[.failures] == 0)
  }
}
