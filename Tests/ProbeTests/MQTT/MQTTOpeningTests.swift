import Linux
import Messages
import Protocols
import SystemPackage
import Testing

@testable import Probe
@testable import Simulation

/// How a client's connections are opened and refused.
@Suite struct MQTTOpeningTests {
  private static let versions = MQTTVersion.allCases

  @Test(arguments: versions)
  func `answers to CONNECT and SUBSCRIBE may be cut at every byte`(version: MQTTVersion) throws {
    let connack = Packet.reply(.connack(), version)
    let suback = Packet.reply(.suback(1, 0, times: 1), version)
    for cut in 0...connack.count {
      for later in 0...suback.count {
        let server = try MQTTServerByHand(.test(version))
        server.say(Array(connack[..<cut]))
        server.say(Array(connack[cut...]))
        #expect(server.heard() == ["SUBSCRIBE #1 [\"t/0\"]"])
        server.say(Array(suback[..<later]))
        #expect(server.stage.held == (later == suback.count ? 1 : 0))
        server.say(Array(suback[later...]))
        #expect(server.stage.held == 1)
        #expect(server.failures == [])
      }
    }
  }

  struct Refusal: CustomTestStringConvertible {
    var words: String
    var version: MQTTVersion
    var answers: [[UInt8]]
    var testDescription: String { "\(version) \(words)" }

    init(_ words: String, _ version: MQTTVersion, _ answers: [UInt8]...) {
      (self.words, self.version, self.answers) = (words, version, answers)
    }
  }

  static let refusals = [
    Refusal("unacceptable protocol version (1)", .v311, [0x20, 2, 0, 1]),
    Refusal("identifier rejected (2)", .v311, [0x20, 2, 0, 2]),
    Refusal("server unavailable (3)", .v311, [0x20, 2, 0, 3]),
    Refusal("bad user name or password (4)", .v311, [0x20, 2, 0, 4]),
    Refusal("not authorized (5)", .v311, [0x20, 2, 0, 5]),
    Refusal("not authorized (135)", .v5, [0x20, 3, 0, 0x87, 0]),
    Refusal("quota exceeded (151)", .v5, [0x20, 3, 0, 0x97, 0]),
    Refusal("QoS not supported (155)", .v5, [0x20, 3, 0, 0x9B, 0]),
    Refusal(
      "server busy (137): \"later\\u{1b}\"", .v5,
      [0x20, 12, 0, 0x89] + Packet.reason("later\u{1B}")),
    Refusal("SUBACK: failure (128)", .v311, [0x20, 2, 0, 0], [0x90, 3, 0, 1, 0x80]),
    Refusal(
      "SUBACK: topic filter invalid (143)", .v5, [0x20, 3, 0, 0, 0], [0x90, 4, 0, 1, 0, 0x8F]),
    Refusal("DISCONNECT: server shutting down (139)", .v5, [0x20, 3, 0, 0, 0], [0xE0, 1, 0x8B]),
    Refusal(
      "against the rules: a packet type that is reserved (MQTT 3.1.1, 2.2.1)", .v311, [0x00, 0]),
    Refusal(
      "against the rules: the first packet is neither CONNECT nor an answer to it (MQTT 3.1.1, 3.1)",
      .v311, [0xD0, 0]),
    Refusal(
      "a session is present, and a clean one was asked for (MQTT 3.1.1, 3.2.2.2)", .v311,
      [0x20, 2, 1, 0]),
    Refusal(
      "a session is present, and a clean one was asked for (MQTT 5.0, 3.2.2.1.1)", .v5,
      [0x20, 3, 1, 0, 0]),
    Refusal(
      "SUBACK with the packet identifier 2, and SUBSCRIBE has 1", .v311, [0x20, 2, 0, 0],
      [0x90, 3, 0, 2, 1]),
    Refusal(
      "SUBACK with the packet identifier 513, and SUBSCRIBE has 1", .v5, [0x20, 3, 0, 0, 0],
      [0x90, 4, 2, 1, 0, 0x80]),
    Refusal(
      "SUBACK with another number of codes than SUBSCRIBE has filters", .v311, [0x20, 2, 0, 0],
      [0x90, 4, 0, 1, 0, 0]),
  ]

  @Test(arguments: refusals)
  func `what refuses a connection is named in its own words`(refusal: Refusal) throws {
    for isCut in [false, true] {
      let server = try MQTTServerByHand(.test(refusal.version))
      for answer in refusal.answers {
        if isCut { for byte in answer { server.say([byte]) } } else { server.say(answer) }
      }
      #expect(server.failures == MQTTServerByHand.failed(.protocolError))
      #expect(server.refusal == refusal.words)
      #expect(server.stage.held == 0)
      #expect(server.stage.keepsNothing)
    }
  }

  @Test func `a server that closes after CONNECT without a word has refused`() throws {
    for reset in [false, true] {
      let server = try MQTTServerByHand()
      try server.peer.close(server.socket, reset: reset)
      server.stage.run(for: .milliseconds(2))
      #expect(
        server.failures == MQTTServerByHand.failed(reset ? .connectionReset : .protocolError))
    }
  }

  @Test func `a server that says nothing runs into the deadline`() throws {
    let server = try MQTTServerByHand()
    server.stage.run(for: .seconds(3))
    #expect(server.failures == MQTTServerByHand.failed(.timedOut))
    #expect(server.refusal?.hasPrefix("no CONNACK within ") == true)
  }

  @Test func `what was retained may come before SUBACK and is acknowledged`() throws {
    let server = try MQTTServerByHand()
    server.say(
      Packet.reply(.connack()) + Packet.publish("t/0", "old", qos: .atLeastOnce, identifier: 9))
    #expect(server.heard() == ["SUBSCRIBE #1 [\"t/0\"]", "PUBACK #9 0"])
    server.say(Packet.publish("t/0", "old", qos: .exactlyOnce, identifier: 4))
    server.say(.pubrel(4))
    #expect(server.heard() == ["PUBREC #4", "PUBCOMP #4"])
    server.say(.suback(1, 1, times: 1))
    #expect(server.stage.held == 1)
  }

  @Test func `a session that is present changes nothing where it was asked for`() throws {
    var terms = MQTTTerms.test(subscribes: false)
    terms.isClean = false
    let server = try MQTTServerByHand(terms)
    server.say(
      Packet.reply(.connack(isSessionPresent: true))
        + Packet.publish("x", "kept", qos: .atLeastOnce, identifier: 2))
    #expect(server.stage.held == 1)
    #expect(server.heard() == ["PUBACK #2 0"])
    #expect(server.failures == [])
  }
}
