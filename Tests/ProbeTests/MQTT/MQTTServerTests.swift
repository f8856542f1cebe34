import Linux
import Messages
import Protocols
import SystemPackage
import Testing

@testable import Probe
@testable import Simulation

/// The built-in server, and a client that a test plays by hand.
@Suite struct MQTTServerTests {
  private func server(passesOn: Bool = true) throws -> (MQTTStage, ScriptedPeer) {
    let stage = try MQTTStage(.init(latency: 1000))
    try stage.addServer(.test(passesOn: passesOn))
    return (stage, ScriptedPeer(stage.network, at: .second))
  }

  /// Says all of it, as fast as it is taken; returns what has come meanwhile.
  private func talk(
    _ stage: MQTTStage, _ peer: ScriptedPeer, _ socket: FileDescriptor, _ bytes: [UInt8]
  ) -> [UInt8] {
    stage.talk(bytes, by: peer, on: socket, for: .milliseconds(10))
  }

  private func answers(
    _ bytes: [UInt8], _ version: MQTTVersion = .v311, passesOn: Bool = true, cut: Int? = nil
  ) throws -> [String] {
    let (stage, peer) = try server(passesOn: passesOn)
    let socket = try peer.connect(to: .first)
    stage.run(for: .milliseconds(1))
    var heard = talk(stage, peer, socket, Array(bytes[..<(cut ?? bytes.count)]))
    heard += talk(stage, peer, socket, Array(bytes[(cut ?? bytes.count)...]))
    var packets = HeardPackets(MQTTReader(client: version))
    let items = packets.items(in: heard)
    try peer.close(socket, reset: false)
    stage.run(for: .milliseconds(5))
    #expect(stage.accepted == 0)
    #expect(stage.keepsNothing)
    #expect(stage.serverBoard[.failures] == 0)
    return items
  }

  @Test(arguments: MQTTVersion.allCases)
  func `packets may be cut at every byte, and come back where they were asked for`(
    version: MQTTVersion
  ) throws {
    let all =
      Packet.connect(version) + Packet.subscribe(["a/+", "b/#"], version)
      + Packet.publish("a/x", "one", qos: .atLeastOnce, identifier: 7, version)
      + Packet.publish("b", "", version) + Packet.publish("c", "nobody", version)
      + Packet.reply(.pingreq, version)
      + Packet.publish("b/y/z", "two", qos: .exactlyOnce, identifier: 8, version)
      + Packet.reply(.pubrel(8), version)
      + Packet.publish(String(repeating: "t", count: 1025), "", version)
    for cut in 0..<all.count {
      #expect(
        try answers(all, version, cut: cut) == [
          "CONNACK 0", "SUBACK 0", "SUBACK 0", "PUBLISH a/x 0 #0 one", "PUBACK #7 0",
          "PUBLISH b 0 #0 ", "PINGRESP", "PUBLISH b/y/z 0 #0 two", "PUBREC #8", "PUBCOMP #8",
        ], "cut \(cut)")
    }
  }

  @Test func `a connection takes the bytes that the documents say`() {
    #expect(MQTTColumns.bytesPerEnd == 62)
    #expect(MQTTColumns.bytesOfFilters == 32)
  }

  @Test func `a server that discards acknowledges, and sends nothing back`() throws {
    let all =
      Packet.connect() + Packet.subscribe(["#"])
      + Packet.publish("a", "one", qos: .atLeastOnce, identifier: 7)
    #expect(try answers(all, passesOn: false) == ["CONNACK 0", "SUBACK 0", "PUBACK #7 0"])
  }

  @Test func `a connection has four filters, and may change them`() throws {
    let filters = ["a", "b", "c", "d", "e", "a"]
    let unsubscribe = MQTTUnsubscribe(.v5, [.bytes(Array("b".utf8)), .bytes(Array("x".utf8))])
    let all =
      Packet.connect(.v5) + Packet.subscribe(filters, .v5)
      + (try unsubscribe.packet().bytes(identifier: 3)!) + Packet.publish("b", "1", .v5)
      + Packet.subscribe(["e", "$share/g/t", String(repeating: "x/", count: 16)], .v5)
      + Packet.publish("e", "2", .v5)
    #expect(
      try answers(all, .v5) == [
        "CONNACK 0", "SUBACK 0", "SUBACK 0", "SUBACK 0", "SUBACK 0", "SUBACK 151", "SUBACK 0",
        "UNSUBACK 0", "UNSUBACK 17", "SUBACK 0", "SUBACK 158", "SUBACK 131",
        "PUBLISH e 0 #0 2",
      ])
  }

  @Test(arguments: [
    ("sport/tennis", "sport/tennis", true), ("sport/tennis", "sport/tennis/", false),
    ("sport/#", "sport", true), ("sport/#", "sport/a/b", true), ("sport/#", "sports", false),
    ("#", "a/b", true), ("#", "$SYS/a", false), ("+/a", "$SYS/a", false),
    ("$SYS/#", "$SYS/a", true), ("+", "a", true), ("+", "a/b", false), ("+/+", "/a", true),
    ("/+", "/a", true), ("+", "/a", false), ("a/+/c", "a/b/c", true), ("a/+/c", "a//c", true),
    ("a/+/c", "a/b/d", false), ("a/+/#", "a", false), ("a/+/#", "a/b", true),
    ("a/b/c", "a/c/b", false), ("ab/c", "a/bc", false), ("+/b", "b/+", false),
  ])
  func `filters select as the standard says`(filter: String, topic: String, matches: Bool) {
    var filter = filter
    var topic = topic
    let found = filter.withUTF8 { MQTTFilters.filter(UnsafeRawBufferPointer($0)) }
    topic.withUTF8 {
      #expect(MQTTFilters.matches(found!, UnsafeRawBufferPointer($0)) == matches)
    }
  }

  @Test func `a client of 5 without a name gets one`() throws {
    let (stage, peer) = try server()
    let socket = try peer.connect(to: .first)
    stage.run(for: .milliseconds(1))
    let heard = talk(stage, peer, socket, Packet.connect(.v5, name: ""))
    #expect(heard == [0x20, 14, 0, 0, 11, 18, 0, 8] + Array("runner-1".utf8))
  }

  @Test(arguments: [
    ([0x10, 12, 0, 4, 0x4D, 0x51, 0x54, 0x54, 3, 2, 0, 0, 0, 0] as [UInt8], ["CONNACK 1"]),
    (Array("GET / HTTP/1.1\r\n\r\n".utf8), []),
    ([0xC0, 0], []),
  ])
  func `what is no CONNECT is refused`(bytes: [UInt8], answers: [String]) throws {
    #expect(try self.answers(bytes) == answers)
  }

  @Test func `a client of 5 is told which rule it broke`() throws {
    let bytes = Packet.connect(.v5) + [0x36, 1, 0]
    #expect(try answers(bytes, .v5) == ["CONNACK 0", "DISCONNECT 129"])
    let many = Packet.connect(.v5) + Packet.subscribe((0..<65).map { "t/\($0)" }, .v5)
    #expect(try answers(many, .v5) == ["CONNACK 0", "DISCONNECT 151"])
  }

  @Test func `a client that reads nothing for long gets all of its answers`() throws {
    let (stage, peer) = try server()
    let socket = try peer.connect(to: .first)
    stage.run(for: .milliseconds(1))
    _ = talk(stage, peer, socket, Packet.connect() + Packet.subscribe(["t"]))
    let all = (1...10_000).flatMap {
      Packet.publish("t", "\($0)", qos: .atLeastOnce, identifier: UInt16($0))
    }
    // As much as the sockets take, and then the rest.
    var rest = all[...]
    for _ in 0..<1000 {
      if case .moved(let count) = peer.send(socket, rest) { rest = rest.dropFirst(count) }
      stage.run(for: .microseconds(3))
    }
    var packets = HeardPackets(MQTTReader(client: .v311))
    // A reader behind the opening.
    _ = packets.items(in: Packet.reply(.connack()))
    let items = packets.items(in: talk(stage, peer, socket, Array(rest)))
    #expect(items == (1...10_000).flatMap { ["PUBLISH t 0 #0 \($0)", "PUBACK #\($0) 0"] })
  }
}
