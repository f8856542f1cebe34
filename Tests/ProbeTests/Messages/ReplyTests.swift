import Linux
import Messages
import Probe
import SystemPackage
import Testing

@testable import Simulation

/// A server that has one answer to everything, and one that tells what it reads.
@Suite struct ReplyTests {
  private static let pong = Array("pong\n".utf8)

  private func connected(
    _ dials: SimulatedNetwork.Dials = .init(), reply: ServerReply = .send(pong),
    readiness: ServerReadiness = .direct, receivedPipe: FileDescriptor? = nil,
    prepare: (SimulatedProcess) -> Void = { _ in }
  ) throws -> (World, ScriptedPeer, FileDescriptor) {
    let world = World(dials)
    try world.addServer(
      reply: reply, readiness: readiness, receivedPipe: receivedPipe, prepare: prepare)
    world.check = { [unowned world] in world.expectConsistency() }
    let peer = ScriptedPeer(world.network, at: .second)
    let socket = try peer.connect()
    world.run(for: .milliseconds(1))
    return (world, peer, socket)
  }

  @Test(arguments: 1...6, [.direct, .rearm] as [ServerReadiness])
  func `whatever a read brings is answered with the same text`(
    limit: Int, readiness: ServerReadiness
  ) throws {
    let (world, peer, socket) = try connected(readiness: readiness) { $0.sendLimit = limit }
    for message in ["a", "ping", "something longer"] {
      _ = peer.send(socket, message.utf8)
      world.run(for: .milliseconds(1))
      #expect(peer.receive(socket) == Self.pong)
    }
    #expect(world.server.board[.bytesSent] == 15)
  }

  @Test(arguments: [1, 4, 5, 6])
  func `a text that does not fit goes out as there is room`(size: Int) throws {
    let (world, peer, socket) = try connected(.init(bufferSize: size))
    _ = peer.send(socket, [1])
    var heard: [UInt8] = []
    for _ in 0..<10 {
      world.run(for: .milliseconds(1))
      heard += peer.receive(socket)
    }
    #expect(heard == Self.pong)
  }

  @Test func `clients that expect the text receive it`() throws {
    let world = World()
    try world.addServer(reply: .send(Self.pong))
    try world.addClient(
      [.open(goal: 20, rate: nil), .keep],
      messages: Messages(
        patterns: [.test("ping\n", every: .milliseconds(500), expect: .text(Self.pong))],
        patternsOfPhase: [[], [0]]))
    world.check = { [unowned world] in world.expectConsistency(goal: 20) }
    world.play()
    world.play(phase: 1)
    world.run(for: .milliseconds(1_999))
    #expect(world.client.messages(.sent) == 80)
    #expect(world.client.messages(.received) == 80)
  }

  @Test(arguments: [.echo, .discard, .send(pong)] as [ServerReply])
  func `a pipe is told what is read, by descriptor`(reply: ServerReply) throws {
    let (world, peer, socket) = try connected(
      reply: reply, receivedPipe: FileDescriptor(rawValue: 77))
    let other = try peer.connect(offset: 1)
    for (socket, text) in [(socket, "one"), (other, "two"), (socket, "three")] {
      _ = peer.send(socket, text.utf8)
      world.run(for: .milliseconds(1))
    }
    var told = world.server.process.told
    let frames = ReceivedFrame.take(from: &told)
    #expect(frames.map { String(decoding: $0.bytes, as: UTF8.self) } == ["one", "two", "three"])
    #expect(frames[0].descriptor == frames[2].descriptor)
    #expect(frames[0].descriptor != frames[1].descriptor)
    #expect(told.isEmpty)
  }

  @Test func `of a long read the pipe is told the beginning`() throws {
    let (world, peer, socket) = try connected(receivedPipe: FileDescriptor(rawValue: 77))
    let message = (0..<10_000).map { UInt8(truncatingIfNeeded: $0) }
    _ = peer.send(socket, message)
    world.run(for: .milliseconds(1))
    var told = world.server.process.told
    #expect(told.count == 4096)
    #expect(
      ReceivedFrame.take(from: &told).map(\.bytes) == [
        Array(message.prefix(ReceivedFrame.mostPayload))
      ])
  }

  @Test func `frames are taken whole, wherever the stream is cut`() throws {
    let (world, peer, socket) = try connected(receivedPipe: FileDescriptor(rawValue: 77))
    for text in ["one", "", "three"] {
      _ = peer.send(socket, text.utf8)
      world.run(for: .milliseconds(1))
    }
    let told = world.server.process.told
    for cut in 0...told.count {
      var stream = Array(told[..<cut])
      var frames = ReceivedFrame.take(from: &stream)
      stream += told[cut...]
      frames += ReceivedFrame.take(from: &stream)
      #expect(frames.map(\.bytes) == [Array("one".utf8), Array("three".utf8)])
      #expect(stream.isEmpty)
    }
  }

  @Test func `without a pipe nobody is told anything`() throws {
    let (world, peer, socket) = try connected()
    _ = peer.send(socket, [1, 2, 3])
    world.run(for: .milliseconds(1))
    #expect(world.server.process.told.isEmpty)
  }
}
