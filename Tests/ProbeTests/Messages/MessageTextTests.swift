import Addressing
import Linux
import Messages
import Probe
import SystemPackage
import Testing

@testable import Simulation

/// What each connection fills in for itself.
@Suite struct MessageTextTests {
  private static let parts: [MessageTemplate.Part] = [
    .connection, .bytes([32]), .sequence, .bytes([32]), .source, .bytes([32]), .port,
    .bytes([32]), .worker, .bytes([32]), .random(8), .bytes([10]),
  ]

  /// Six connections of two workers, and what the server hears on each in three seconds.
  private func lines(seed: UInt64) throws -> [[[String]]] {
    let world = World()
    let peer = ScriptedPeer(world.network, at: .first)
    try peer.listen()
    for index in 0..<2 {
      try world.addClient(
        [.open(goal: 6, rate: nil), .keep], share: WorkerShare(index: index, count: 2),
        messages: Messages(
          patterns: [
            .test(parts: Self.parts, every: .seconds(1)),
            MessagePattern(
              name: "other", pace: .every(1_000_000_000),
              template: MessageTemplate(parts: Self.parts), expectation: .none,
              timeout: 1_000_000_000),
          ], patternsOfPhase: [[], [0, 1]], seed: seed))
    }
    world.play()
    var sockets: [FileDescriptor] = []
    while let socket = try peer.accept() { sockets.append(socket) }
    world.order(.begin, phase: 1)
    var heard = [[UInt8]](repeating: [], count: sockets.count)
    for _ in 0..<30 {
      world.run(for: .milliseconds(99))
      for (place, socket) in sockets.enumerated() {
        let bytes = peer.receive(socket)
        heard[place] += bytes
        // The first message of the two at an instant is the one that is to come back.
        let end = bytes.firstIndex(of: 10).map { $0 + 1 } ?? 0
        if end > 0 { _ = peer.send(socket, bytes[..<end]) }
      }
    }
    world.run(for: .milliseconds(1))
    return heard.map { bytes in
      String(decoding: bytes, as: UTF8.self).split(separator: "\n").map {
        $0.split(separator: " ").map(String.init)
      }
    }
  }

  @Test func `every connection has a number, and its messages are counted`() throws {
    let lines = try lines(seed: 1)
    #expect(lines.count == 6)
    #expect(lines.allSatisfy { $0.count >= 5 })
    for own in lines {
      #expect(Set(own.map { $0[0] }).count == 1)
      #expect(own.map { $0[1] } == (0..<own.count).map { "\($0)" })
      #expect(own.allSatisfy { $0[2] == "127.0.0.2" })
      #expect(Set(own.map { $0[5] }).count == own.count)
    }
    #expect(Set(lines.map { $0[0][0] }) == Set((0..<6).map { "\($0)" }))
    #expect(Set(lines.map { $0[0][3] }) == Set((1024..<1030).map { "\($0)" }))
    // Worker i of n has every nth connection.
    #expect(lines.allSatisfy { Int($0[0][0])! % 2 == Int($0[0][4])! })
  }

  @Test func `the same seed says the same, another one something else`() throws {
    let (first, again, other) = (try lines(seed: 1), try lines(seed: 1), try lines(seed: 2))
    #expect(first == again)
    #expect(first[0][0][5] != other[0][0][5])
    #expect(first[0][0][..<5] == other[0][0][..<5])
  }

  @Test func `a connection in a used row has a number of its own, and counts from 0`() throws {
    let stage = try Stage([.test(parts: [.connection, .bytes([32]), .sequence, .bytes([10])])])
    stage.begin()
    #expect(stage.heard() == Array("0 0\n".utf8))
    stage.world.play(phase: 3)
    stage.world.play(phase: 0)
    let next = try #require(try stage.peer.accept())
    stage.begin()
    #expect(stage.peer.receive(next) == Array("1 0\n".utf8))
    _ = stage.peer.send(next, "1 0\n".utf8)
    stage.world.run(for: .milliseconds(1))
    #expect(stage.outcomes() == [2, 1, 0, 1, 0, 0])
  }
}
