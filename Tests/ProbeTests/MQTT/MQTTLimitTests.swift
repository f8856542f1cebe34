import Linux
import Messages
import Protocols
import SystemPackage
import Testing

@testable import Probe
@testable import Simulation

/// What a server of 5.0 takes, as its CONNACK says (3.2.2.3).
@Suite struct MQTTLimitTests {
  @Test func `a server of 5 says how many messages may wait for their PUBACK`() throws {
    let server = try MQTTServerByHand(
      .test(.v5, subscribes: false), [.test(every: .milliseconds(100), expect: .none)])
    var grants = MQTTReply.Grants()
    grants.receiveMaximum = 3
    server.say(.connack(isSessionPresent: false, 0, grants))
    server.begin(for: .milliseconds(250))
    #expect(server.heard().count == 3)
    server.say(.puback(1))
    server.stage.run(for: .milliseconds(100))
    #expect(server.heard() == ["PUBLISH t/0 1 #4 0123456789"])
    server.stage.run(for: .milliseconds(100))
    #expect(server.heard() == [])
    #expect(server.failures == MQTTServerByHand.failed(.protocolError))
    #expect(
      server.refusal == "3 messages without a PUBACK, and its Receive Maximum is no more")
  }

  @Test func `how many messages may wait is said to one connection, and binds no other`() throws {
    var session = try MQTTSession(
      .test(.v5, subscribes: false), isServer: false, descriptors: 4)
    var grants = MQTTReply.Grants()
    for (row, most) in [(1, 1), (2, nil)] as [(UInt32, UInt16?)] {
      session.introduce(row, session.facts)
      session.begin(row)
      grants.receiveMaximum = most
      var connack = MQTTReply.connack(isSessionPresent: false, 0, grants).bytes(.v5)!
      let isDone = unsafe connack.withUnsafeMutableBytes { bytes in
        if case .done = unsafe session.hearOpening(row, bytes) { true } else { false }
      }
      #expect(isDone)
    }
    var room = [UInt8](repeating: 0, count: session.mostHead)
    var begun: [UInt32: Int] = [:]
    for row in [1, 1, 2, 2, 2] as [UInt32] {
      let head = unsafe room.withUnsafeMutableBytes {
        unsafe session.beginMessage(row, MessagePiece(.binary, count: 3), into: $0)
      }
      guard head != nil else { continue }
      session.noteBegun(row)
      begun[row, default: 0] += 1
    }
    #expect(begun == [1: 1, 2: 3])
  }

  @Test func `a connection that refuses says nothing of how many messages another one may have`()
    throws
  {
    var session = try MQTTSession(
      .test(.v5, subscribes: false), isServer: false, descriptors: 4)
    var grants = MQTTReply.Grants()
    for (row, code) in [(1, 0x97), (2, 0)] as [(UInt32, UInt8)] {
      session.introduce(row, session.facts)
      session.begin(row)
      grants.receiveMaximum = code == 0 ? nil : 1
      var connack = MQTTReply.connack(isSessionPresent: false, code, grants).bytes(.v5)!
      unsafe connack.withUnsafeMutableBytes { _ = unsafe session.hearOpening(row, $0) }
    }
    var room = [UInt8](repeating: 0, count: session.mostHead)
    for _ in 0..<2 {
      let head = unsafe room.withUnsafeMutableBytes {
        unsafe session.beginMessage(2, MessagePiece(.binary, count: 3), into: $0)
      }
      #expect(head != nil)
      session.noteBegun(2)
    }
  }

  /// A CONNACK, and what of the plan's messages it does not take.
  struct Conflict: CustomTestStringConvertible {
    var connack: [UInt8]
    var qos: MQTTQoS
    var isRetained: Bool
    var words: String?
    var testDescription: String { "\(connack) \(qos) \(isRetained)" }
  }

  static let conflicts = [
    Conflict(
      connack: [0x20, 5, 0, 0, 2, 0x24, 0], qos: .atLeastOnce, isRetained: false,
      words: "its Maximum QoS is 0, and messages have QoS 1 (MQTT 5.0, 3.2.2.3.4)"),
    Conflict(
      connack: [0x20, 5, 0, 0, 2, 0x24, 0], qos: .atMostOnce, isRetained: false, words: nil),
    Conflict(
      connack: [0x20, 5, 0, 0, 2, 0x24, 1], qos: .atLeastOnce, isRetained: false, words: nil),
    Conflict(
      connack: [0x20, 5, 0, 0, 2, 0x25, 0], qos: .atLeastOnce, isRetained: true,
      words: "it retains no messages, and these are retained (MQTT 5.0, 3.2.2.3.5)"),
    Conflict(
      connack: [0x20, 5, 0, 0, 2, 0x25, 0], qos: .atLeastOnce, isRetained: false, words: nil),
    Conflict(
      connack: [0x20, 5, 0, 0, 2, 0x25, 1], qos: .atLeastOnce, isRetained: true, words: nil),
    // A server that refuses anyway has its own reason.
    Conflict(
      connack: [0x20, 5, 0, 0x97, 2, 0x24, 0], qos: .atLeastOnce, isRetained: false,
      words: "quota exceeded (151)"),
  ]

  @Test(arguments: conflicts)
  func `a server that takes no messages of the plan's kind refuses them as it opens`(
    conflict: Conflict
  ) throws {
    for isCut in [false, true] {
      var terms = MQTTTerms.test(.v5, subscribes: false, qos: [conflict.qos])
      terms.publications[0].isRetained = conflict.isRetained
      let server = try MQTTServerByHand(terms)
      if isCut {
        for byte in conflict.connack { server.say([byte]) }
      } else {
        server.say(conflict.connack)
      }
      #expect(server.refusal == conflict.words)
      #expect(server.stage.held == (conflict.words == nil ? 1 : 0))
      #expect(server.stage.keepsNothing)
    }
  }

  @Test(arguments: [19, 20])
  func `a packet that is larger than the server takes is not sent`(most: UInt8) throws {
    // Of 20 bytes: header 2, topic 2 + 3, identifier 2, properties 1, payload 10.
    let server = try MQTTServerByHand(
      .test(.v5, subscribes: false), [.test(every: .seconds(1), expect: .acknowledged)])
    server.say([0x20, 8, 0, 0, 5, 0x27, 0, 0, 0, most])
    #expect(server.stage.held == 1)
    server.begin()
    if most == 20 {
      #expect(server.heard() == ["PUBLISH t/0 1 #1 0123456789"])
      #expect(server.failures == [])
    } else {
      #expect(server.heard() == [])
      #expect(server.failures == MQTTServerByHand.failed(.protocolError))
      #expect(server.refusal == "a message longer than its Maximum Packet Size of 19 bytes")
    }
  }
}
