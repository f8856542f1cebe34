import Linux
import Messages
import Protocols
import SystemPackage
import Testing

@testable import Probe
@testable import Simulation

/// How a client keeps and ends connections, and what it makes of what comes.
@Suite struct MQTTClientTests {
  private static let versions = MQTTVersion.allCases

  // MARK: Messages

  @Test(arguments: versions)
  func `a message of QoS 1 is answered by its PUBACK, however it is cut`(
    version: MQTTVersion
  ) throws {
    let acknowledgement = Packet.reply(.puback(1), version)
    for cut in 0...acknowledgement.count {
      let server = try MQTTServerByHand.open(.test(version))
      server.begin()
      #expect(server.heard() == ["PUBLISH t/0 1 #1 0123456789"])
      server.say(Array(acknowledgement[..<cut]))
      server.say(Array(acknowledgement[cut...]))
      #expect(server.outcomes() == [1, 1, 0, 0, 0, 0])
      server.stage.run(for: .milliseconds(999))
      #expect(server.heard() == ["PUBLISH t/0 1 #2 0123456789"])
      #expect(server.stage.clientBoard[.unasked] == 0)
    }
  }

  @Test func `a PUBACK of another message, or of none, answers nothing`() throws {
    let server = try MQTTServerByHand.open()
    server.say(.puback(1))
    server.begin()
    server.say(.puback(2))
    server.say(.puback(77))
    #expect(server.outcomes() == [1, 0, 0, 0, 0, 0])
    server.say(.puback(1))
    server.say(.puback(1))
    #expect(server.outcomes() == [1, 1, 0, 0, 0, 0])
    #expect(server.failures == [])
  }

  @Test func `a reason is told with its own packet, and with no later one`() throws {
    // A PUBREL that says why.
    let pubrel = [0x62, 10, 0, 9, 0x92] + Packet.reason("old")
    for isOpen in [false, true] {
      let server =
        isOpen ? try MQTTServerByHand.open(.test(.v5)) : try MQTTServerByHand(.test(.v5))
      if isOpen {
        server.begin()
        server.say(pubrel + [0x40, 3, 0, 1, 0x97])
        let words = server.stage.clientBoard.wrongAnswers(0)
        #expect(words == [Array("PUBACK: quota exceeded (151)".utf8)])
      } else {
        server.say(Packet.reply(.connack(), .v5) + pubrel + [0x90, 4, 0, 1, 0, 0x97])
        #expect(server.refusal == "SUBACK: quota exceeded (151)")
      }
    }
  }

  @Test func `an acknowledgement is late, and not taken for that of the next message`() throws {
    let pattern = MessagePattern.test(every: .seconds(2), expect: .acknowledged)
    var server = try MQTTServerByHand.open(.test(), [pattern])
    server.begin(for: .milliseconds(1500))
    server.say(.puback(1))
    #expect(server.outcomes() == [1, 0, 0, 0, 1, 0])
    // The next one has been sent.
    server = try MQTTServerByHand.open(.test(), [pattern])
    server.begin(for: .milliseconds(2001))
    server.say(.puback(1))
    #expect(server.outcomes() == [2, 0, 0, 0, 0, 1])
    server.say(.puback(2))
    #expect(server.outcomes() == [2, 1, 0, 0, 0, 1])
  }

  @Test func `a PUBACK that refuses is a wrong answer, whatever is expected`() throws {
    for expectation in [.acknowledged, .echo] as [MessagePattern.Expectation] {
      let server = try MQTTServerByHand.open(
        .test(.v5), [.test(every: .seconds(1), expect: expectation)])
      server.begin()
      server.say([0x40, 8, 0, 1, 0x97] + Packet.reason("x"))
      #expect(server.outcomes() == [1, 0, 1, 0, 0, 0])
      // A code of success says that nobody has subscribed, and the message has arrived.
      server.stage.run(for: .milliseconds(999))
      server.say([0x40, 3, 0, 2, 0x10])
      #expect(server.outcomes()[1] == (expectation == .acknowledged ? 1 : 0))
      #expect(server.failures == [])
    }
  }

  @Test(arguments: versions)
  func `what is published comes back, however it is cut`(version: MQTTVersion) throws {
    let expectations: [MessagePattern.Expectation] = [
      .echo, .framed(.message, .text(Array("345".utf8))), .bytes(10),
      .framed(.message, .matches(try! BytePattern("^[0-9]{10}$"))),
    ]
    let right = Packet.publish("t/0", "0123456789", qos: .atLeastOnce, identifier: 5, version)
    let wrong = Packet.publish("t/0", "01234567xyz", version)
    for expectation in expectations {
      for cut in 0...right.count {
        let server = try MQTTServerByHand.open(
          .test(version), [.test(every: .seconds(1), expect: expectation)])
        server.begin()
        _ = server.heard()
        server.say(Packet.reply(.puback(1), version) + Array(right[..<cut]))
        server.say(Array(right[cut...]))
        #expect(server.outcomes() == [1, 1, 0, 0, 0, 0], "\(expectation) \(cut)")
        #expect(server.heard() == ["PUBACK #5 0"])
        guard expectation != expectations[1] else { continue }
        server.stage.run(for: .milliseconds(999))
        server.say(Array(wrong[..<min(cut, wrong.count)]))
        server.say(Array(wrong[min(cut, wrong.count)...]))
        #expect(server.outcomes() == [2, 1, 1, 0, 0, 0], "\(expectation) \(cut)")
        #expect(server.failures == [])
      }
    }
  }

  /// A server sends what it kept from before with RETAIN 1, and what it passes on to a subscription that stands with
  /// RETAIN 0 (3.3.1.3).
  @Test(arguments: versions)
  func `what was retained is no answer and not unasked, however it is cut`(
    version: MQTTVersion
  ) throws {
    var retained = Packet.publish("t/0", "retained!!", qos: .atLeastOnce, identifier: 8, version)
    retained[0] |= 1
    let expectations: [MessagePattern.Expectation] = [
      .bytes(10), .echo, .framed(.message, .text(Array("345".utf8))),
    ]
    for expectation in expectations {
      for cut in 0...retained.count {
        let server = try MQTTServerByHand.open(
          .test(version), [.test(every: .seconds(1), expect: expectation)])
        server.say(retained)
        server.begin()
        _ = server.heard()
        server.say(Array(retained[..<cut]))
        server.say(Array(retained[cut...]))
        #expect(server.outcomes() == [1, 0, 0, 0, 0, 0], "\(expectation) \(cut)")
        #expect(server.heard() == ["PUBACK #8 0"])
        server.say(Packet.publish("t/0", "0123456789", version))
        #expect(server.outcomes() == [1, 1, 0, 0, 0, 0], "\(expectation) \(cut)")
        #expect(server.stage.clientBoard[.unasked] == 0)
        #expect(server.stage.clientBoard[.unexpectedBytes] == 0)
      }
    }
  }

  @Test func `a message of QoS 2 is received, released and completed`() throws {
    let server = try MQTTServerByHand.open()
    server.say(Packet.publish("t/0", "x", qos: .exactlyOnce, identifier: 300))
    #expect(server.heard() == ["PUBREC #300"])
    server.say(.pubrel(300))
    #expect(server.heard() == ["PUBCOMP #300"])
    #expect(server.failures == [])
  }

  @Test func `a packet of megabytes passes through and is acknowledged`() throws {
    let server = try MQTTServerByHand.open()
    let payload = String(repeating: "x", count: 3_000_000)
    server.say(Packet.publish("t/0", payload, qos: .atLeastOnce, identifier: 2))
    #expect(server.heard() == ["PUBACK #2 0"])
    #expect(server.stage.clientBoard[.bytesReceived] == 3_000_000)
    #expect(server.failures == [])
  }

  @Test func `every one of many pushes is acknowledged, though the server reads none for long`()
    throws
  {
    let server = try MQTTServerByHand.open()
    let all = (1...20_000).flatMap {
      Packet.publish("t", "", qos: .atLeastOnce, identifier: UInt16($0))
    }
    server.say(all)
    var heard: [String] = []
    for _ in 0..<200 {
      heard += server.heard()
      server.stage.run(for: .milliseconds(1))
    }
    #expect(heard == (1...20_000).map { "PUBACK #\($0) 0" })
    #expect(server.failures == [])
  }

  @Test func `no more than 65,535 messages wait for their PUBACK`() throws {
    let server = try MQTTServerByHand.open(.test(), [.test(rate: 1_000_000, expect: .none)])
    server.begin(for: .zero)
    var heard = 0
    for _ in 0..<400 where server.failures.isEmpty {
      heard += server.heard().count
      server.stage.run(for: .milliseconds(1))
    }
    heard += server.heard().count
    #expect(server.failures == MQTTServerByHand.failed(.protocolError))
    #expect(server.refusal == "65,535 messages without a PUBACK")
    #expect(server.outcomes()[1] == 65_535)
  }

  // MARK: Keeping and ending

  private static let patient = MessagePattern.test(every: .seconds(1000), expect: .none)

  @Test func `a client that is quiet asks once in a keep-alive, and is answered`() throws {
    let server = try MQTTServerByHand.open(.test(keepAlive: 10), [Self.patient])
    var pings: [Int] = []
    for step in 0..<600 {
      server.stage.run(for: .milliseconds(100))
      for item in server.heard() where item == "PINGREQ" {
        pings.append(step)
        server.say(.pingresp)
      }
    }
    #expect(5...7 ~= pings.count)
    for (one, next) in zip(pings, pings.dropFirst()) { #expect(next - one <= 101) }
    #expect(server.stage.held == 1)
    #expect(server.failures == [])
  }

  @Test func `a client that speaks has no need to ask`() throws {
    let server = try MQTTServerByHand.open(
      .test(keepAlive: 10), [.test(every: .seconds(4), expect: .none)])
    server.begin()
    var pings = 0
    for _ in 0..<600 {
      server.stage.run(for: .milliseconds(100))
      for item in server.heard() where item == "PINGREQ" {
        pings += 1
        server.say(.pingresp)
      }
    }
    #expect(pings <= 1)
    #expect(server.failures == [])
  }

  @Test func `a PINGREQ without its answer ends the connection within the keep-alive`() throws {
    let server = try MQTTServerByHand.open(.test(keepAlive: 10), [Self.patient])
    var asked: Int?
    var ended: Int?
    for step in 0..<300 where ended == nil {
      server.stage.run(for: .milliseconds(100))
      if server.stage.held == 0 {
        ended = step
      } else if server.heard().contains("PINGREQ") {
        asked = asked ?? step
      }
    }
    #expect(server.failures == MQTTServerByHand.failed(.timedOut))
    #expect(server.refusal == "no PINGRESP within 10 s")
    let wait = try #require(ended) - (try #require(asked))
    #expect(99...102 ~= wait, "\(wait)")
  }

  @Test func `a server of 5 sets the keep-alive`() throws {
    for own in [0, 1000] as [UInt16] {
      let server = try MQTTServerByHand(.test(.v5, keepAlive: own, subscribes: false))
      var grants = MQTTReply.Grants()
      grants.keepAlive = 10
      server.say(.connack(isSessionPresent: false, 0, grants))
      #expect(server.stage.held == 1)
      var pings = 0
      for _ in 0..<600 {
        server.stage.run(for: .milliseconds(100))
        for item in server.heard() where item == "PINGREQ" {
          pings += 1
          server.say(.pingresp)
        }
      }
      #expect(5...7 ~= pings, "\(own)")
    }
  }

  @Test func `a DISCONNECT of the server's is what ended the connection`() throws {
    for isCut in [false, true] {
      let server = try MQTTServerByHand.open(.test(.v5))
      server.begin()
      let bytes = [0xE0, 10, 0x89] + Packet.reason("later")
      if isCut { for byte in bytes { server.say([byte]) } } else { server.say(bytes) }
      try server.peer.close(server.socket, reset: false)
      server.stage.run(for: .milliseconds(5))
      #expect(server.failures == MQTTServerByHand.failed(.protocolError))
      #expect(server.refusal == "DISCONNECT: server busy (137): \"later\"")
      #expect(server.outcomes() == [1, 0, 0, 1, 0, 0])
      #expect(server.stage.keepsNothing)
    }
  }

  @Test func `what follows a DISCONNECT is not heard, in whichever read it comes`() throws {
    for isCut in [false, true] {
      let server = try MQTTServerByHand.open(.test(.v5))
      let pieces: [[UInt8]] = [[0xE0, 1, 0x89], [0xFF, 0xFF]]
      for piece in isCut ? pieces : [pieces.flatMap(\.self)] { server.say(piece) }
      #expect(server.failures == MQTTServerByHand.failed(.protocolError))
      #expect(server.refusal == "DISCONNECT: server busy (137)")
    }
  }

  @Test func `a server that only closes is a peer that closed`() throws {
    for farewell in [[], [0xE0, 0]] as [[UInt8]] {
      let server = try MQTTServerByHand.open(.test(.v5))
      server.say(farewell)
      try server.peer.close(server.socket, reset: false)
      server.stage.run(for: .milliseconds(5))
      #expect(server.failures == ["closed - 1"])
    }
  }

  @Test(arguments: [
    ([0x90, 3, 0, 1, 0] as [UInt8], "the peer sent a SUBACK that answers nothing"),
    ([0x50, 2, 0, 1], "the peer sent a PUBREC that answers nothing"),
    ([0x40, 2, 0, 0], "against the rules: packet identifier 0 (MQTT 3.1.1, 2.3.1)"),
    (
      [0xC0, 0], "against the rules: a packet that only the other end may send (MQTT 3.1.1, 2.2.1)"
    ),
  ])
  func `a server that breaks a rule is told from one that is full`(
    bytes: [UInt8], words: String
  ) throws {
    let server = try MQTTServerByHand.open()
    server.say(bytes)
    #expect(server.failures == MQTTServerByHand.failed(.protocolError))
    #expect(server.refusal == words)
  }

  @Test(arguments: versions)
  func `a client that closes in order says DISCONNECT`(version: MQTTVersion) throws {
    let server = try MQTTServerByHand.open(.test(version))
    server.stage.order(.begin, phase: 2)
    server.stage.run(for: .milliseconds(5))
    #expect(server.heard() == ["DISCONNECT 0"])
    #expect(server.peer.isClosed(server.socket))
    // What comes in mid-close is no failure.
    server.say(Packet.publish("t/0", "late", qos: .atLeastOnce, identifier: 1, version))
    try server.peer.close(server.socket, reset: false)
    server.stage.run(for: .milliseconds(5))
    #expect(server.failures == [])
    #expect(server.stage.held == 0)
    #expect(server.stage.keepsNothing)
  }
}
