import Linux
import Messages
import Protocols
import SystemPackage
import Testing

@testable import Probe
@testable import Simulation

/// How a client's WebSockets end, and what is said of it.
@Suite struct WebSocketEndTests {
  @Test(arguments: [1000, 1001, nil] as [UInt16?])
  func `a close without a reason to fail is answered, and is the peer's`(code: UInt16?) throws {
    let server = try WebSocketServerByHand.open()
    server.say(code.map { Frame.close($0, "bye") } ?? Frame.bytes(.close, []))
    #expect(server.heard() == [.close(code ?? WebSocketReader.noCode, "")])
    #expect(server.failures == ["closed - 1"])
    #expect(server.refusal == nil)
    #expect(server.stage.held == 0)
    server.stage.run(for: .seconds(10))
    #expect(server.stage.keepsNothing)
  }

  @Test(arguments: [
    (1008, "token expired", "close 1008 (policy violation): \"token expired\""),
    (1011, "", "close 1011 (internal error)"),
    (
      1013, "at \u{1B}[31m1,000 \"now\"",
      #"close 1013 (try again later): "at \u{1b}[31m1,000 \"now\"""#
    ),
    (4321, "größer", "close 4321: \"größer\""),
  ])
  func `a close with a reason is a refusal in its words`(
    code: UInt16, reason: String, words: String
  ) throws {
    let close = Frame.close(code, reason)
    for cut in 0...close.count {
      let server = try WebSocketServerByHand.open()
      server.say(Array(close[..<cut]))
      server.say(Array(close[cut...]))
      #expect(server.heard() == [.close(code, "")])
      server.peer.finish(server.socket)
      server.stage.run(for: .milliseconds(1))
      #expect(server.failures == failed(.protocolError), "cut \(cut)")
      #expect(server.refusal == words)
      #expect(server.stage.clientBoard[.closedByPeer] == 1)
    }
  }

  @Test func `what its peer has closed is not held, though the peer leaves TCP open`() throws {
    for (code, failures) in [(1000, ["closed - 1"]), (1013, failed(.protocolError))] {
      let server = try WebSocketServerByHand.open()
      server.say(Frame.close(UInt16(code)))
      #expect(server.failures == failures)
      #expect(server.stage.held == 0)
      #expect(server.stage.keepsNothing)
    }
  }

  @Test func `messages before a close count`() throws {
    let server = try WebSocketServerByHand.open()
    server.begin()
    server.say(Frame.text("0123456789") + Frame.close(1013))
    server.peer.finish(server.socket)
    server.stage.run(for: .milliseconds(1))
    #expect(server.outcomes() == [1, 1, 0, 0, 0, 0])
    #expect(server.failures == failed(.protocolError))
  }

  /// What breaks a rule, and what is said of it.
  struct Broken: CustomTestStringConvertible {
    var testDescription: String
    var bytes: [UInt8]
    var code: UInt16
    var fault: WebSocketFault

    init(_ bytes: [UInt8], _ code: UInt16, _ fault: WebSocketFault) {
      testDescription = "\(fault)"
      self.bytes = bytes
      self.code = code
      self.fault = fault
    }
  }

  static let broken = [
    Broken(Frame.bytes(.text, [0x61, 0xC3, 0x28]), 1007, .invalidText),
    Broken(Frame.bytes(.text, [0xED, 0xA0, 0x80]), 1007, .invalidText),
    Broken(Frame.bytes(.text, [0xC3]), 1007, .invalidText),
    Broken(Frame.bytes(.close, [0x03, 0xE8, 0xFF]), 1007, .invalidReason),
    Broken(Frame.text("masked", key: 0x0102_0304), 1002, .masked),
    Broken([0x91, 0x00], 1002, .reservedBits),
    Broken([0x83, 0x00], 1002, .reservedOpcode),
    Broken([0x80, 0x00], 1002, .nothingToContinue),
    Broken([0x01, 0x00, 0x81, 0x00], 1002, .messageInMessage),
    Broken([0x09, 0x00], 1002, .fragmentedControl),
    Broken([0x89, 0x7E, 0x00, 0x7E], 1002, .longControl),
    Broken([0x81, 0x7E, 0x00, 0x7D], 1002, .longLengthOfShort),
    Broken([0x88, 0x01, 0x03], 1002, .closeOfOneByte),
    Broken([0x88, 0x02, 0x03, 0xED], 1002, .closeCode),
  ]

  @Test(arguments: broken)
  func `a peer that breaks a rule is told its code, and named`(broken: Broken) throws {
    for cut in 0...broken.bytes.count {
      let server = try WebSocketServerByHand.open()
      // The fault may be known before the last byte has come.
      _ = server.peer.send(server.socket, broken.bytes[..<cut])
      server.stage.run(for: .milliseconds(1))
      var heard = server.heard()
      if heard == [] {
        _ = server.peer.send(server.socket, broken.bytes[cut...])
        server.stage.run(for: .milliseconds(1))
        heard = server.heard()
      }
      #expect(heard == [.close(broken.code, "")], "cut \(cut)")
      #expect(server.failures == failed(.protocolError))
      #expect(server.refusal == "the peer \(broken.fault.words) (\(broken.fault.section))")
      #expect(server.stage.held == 0)
      #expect(server.stage.keepsNothing)
    }
  }

  @Test func `whole messages before a broken frame count`() throws {
    let server = try WebSocketServerByHand.open()
    server.begin()
    server.say(Frame.text("0123456789") + [0x83, 0x00])
    #expect(server.outcomes() == [1, 1, 0, 0, 0, 0])
    #expect(server.failures == failed(.protocolError))
  }

  @Test(arguments: [false, true])
  func `a peer that goes in mid-frame has closed`(resets: Bool) throws {
    let server = try WebSocketServerByHand.open()
    server.begin()
    server.say(Array(Frame.text("0123456789").dropLast(3)))
    if resets {
      try server.peer.close(server.socket, reset: true)
    } else {
      server.peer.finish(server.socket)
    }
    server.stage.run(for: .milliseconds(1))
    #expect(server.outcomes() == [1, 0, 0, 1, 0, 0])
    let errno = resets ? "\(Errno.connectionReset.rawValue)" : "-"
    #expect(server.failures == ["closed \(errno) 1"])
  }

  @Test func `a connection that closes in order says so`() throws {
    let server = try WebSocketServerByHand.open()
    server.stage.order(.begin, phase: 2)
    server.stage.run(for: .milliseconds(1))
    #expect(server.heard() == [.close(1000, "")])
    #expect(server.stage.clientBoard[.closed] == 1)
    #expect(server.failures == [])
    #expect(server.stage.keepsNothing)
  }

  // MARK: Pings

  @Test func `a client pings, and goes on where it is answered`() throws {
    let server = try WebSocketServerByHand.open(.test(ping: .seconds(10)))
    var pings = 0
    for _ in 0..<600 {
      server.stage.run(for: .milliseconds(100))
      for case .ping(let payload) in server.heard() {
        pings += 1
        server.say(Frame.bytes(.pong, payload))
      }
    }
    #expect(5...6 ~= pings)
    #expect(server.stage.held == 1)
    #expect(server.failures == [])
  }

  @Test(arguments: [[], [9, 9, 9, 9], [0, 0, 0]] as [[UInt8]])
  func `a ping without its answer ends the connection`(payload: [UInt8]) throws {
    let server = try WebSocketServerByHand.open(.test(ping: .seconds(10)))
    for _ in 0..<250 {
      server.stage.run(for: .milliseconds(100))
      for case .ping in server.heard() { server.say(Frame.bytes(.pong, payload)) }
    }
    #expect(server.failures == failed(.timedOut))
    #expect(server.stage.held == 0)
    #expect(server.refusal == "no answer to a ping within 10 s")
    #expect(server.stage.keepsNothing)
  }

  @Test func `rows take their turns evenly, and keep their place when more come`() {
    var pings = Pings(every: 1_000_000)
    pings.include(5)
    var seen: [UInt32: [UInt64]] = [:]
    for now in stride(from: 0 as UInt64, through: 10_000_000, by: 1000) {
      if now == 3_500_000 { pings.include(30) }
      while let row = pings.next(at: Instant(nanoseconds: now)) {
        seen[row, default: []].append(now)
      }
    }
    // Each once in every interval: at 0, 1, ... 10 ms and its own place behind.
    for row in 0..<8 as Range<UInt32> {
      let times = seen[row] ?? []
      #expect(times.count == (row == 0 ? 11 : 10), "row \(row)")
      #expect(zip(times, times.dropFirst()).allSatisfy { $1 - $0 == 1_000_000 }, "row \(row)")
    }
    // Eight rows stand an eighth of the interval apart.
    #expect(Set((0..<8).map { seen[$0]![0] }) == Set((0..<8).map { $0 * 125_000 }))
  }
}
