import Linux
import Messages
import Protocols
import SystemPackage
import Testing

@testable import Probe
@testable import Simulation

/// How a client's WebSockets are opened and refused.
@Suite struct WebSocketOpeningTests {
  @Test func `the request asks for an upgrade, each with a key of its own`() throws {
    var keys: Set<String> = []
    for _ in 0..<3 {
      let server = try WebSocketServerByHand(.test(subprotocols: ["chat", "more"]))
      let text = String(decoding: server.request, as: UTF8.self)
      #expect(text.hasPrefix("GET /chat HTTP/1.1\r\nHost: server.test\r\n"))
      #expect(text.contains("Sec-WebSocket-Protocol: chat, more\r\n"))
      #expect(text.contains("Upgrade: websocket\r\nConnection: Upgrade\r\n"))
      let start = try #require(text.range(of: "Sec-WebSocket-Key: ")).upperBound
      keys.insert(String(text[start...].prefix(24)))
      #expect(server.stage.held == 0)
    }
    #expect(keys.count == 3)
  }

  @Test func `each connection fills in its request`() throws {
    var terms = WebSocketTerms.test()
    let tokens = DataColumn(name: "users.token", values: [Array("4f1c".utf8), Array("9d2".utf8)])
    terms.request = MessageTemplate(
      parts: [
        .bytes(Array("GET /room/".utf8)), .connection,
        .bytes(Array(" HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ".utf8)), .data(tokens),
        .bytes(Array("\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n".utf8)),
        .bytes(Array("Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ".utf8)),
      ])
    let server = try WebSocketServerByHand(terms)
    let text = String(decoding: server.request, as: UTF8.self)
    #expect(text.hasPrefix("GET /room/0 HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer 4f1c\r\n"))
    #expect(text.hasSuffix("==\r\n\r\n"))
    server.say(try server.response())
    #expect(server.stage.held == 1)
  }

  @Test func `an answer may be cut at every byte, and messages may follow at once`() throws {
    let length = try WebSocketServerByHand().response().count
    for cut in 0...length + 12 {
      let server = try WebSocketServerByHand(
        .test(), [.test("0123456789", every: .seconds(1), expect: .none)])
      let all = try server.response() + Frame.text("0123456789") + Frame.bytes(.ping, [1])
      server.say(Array(all[..<cut]))
      #expect(server.stage.held == (cut < length ? 0 : 1), "cut \(cut)")
      server.say(Array(all[cut...]))
      #expect(server.stage.held == 1, "cut \(cut)")
      // The first piece of them.
      #expect(
        Array("0123456789".utf8).starts(with: server.stage.clientBoard.unasked), "cut \(cut)")
      #expect(server.stage.clientBoard[.bytesReceived] == 10, "cut \(cut)")
      #expect(server.heard() == [.pong([1])], "cut \(cut)")
      #expect(server.failures == [])
    }
  }

  @Test func `responses of 1xx come before the answer`() throws {
    let server = try WebSocketServerByHand()
    let early = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
    server.say(Array(early.utf8))
    #expect(server.stage.held == 0)
    server.say(try server.response())
    #expect(server.stage.held == 1)
  }

  @Test func `responses of 1xx without end are a refusal`() throws {
    let server = try WebSocketServerByHand()
    for _ in 0..<17 { server.say(Array("HTTP/1.1 100 Continue\r\n\r\n".utf8)) }
    #expect(server.refusal == "more than 16 interim responses")
    #expect(server.failures == failed(.protocolError))
  }

  @Test(arguments: ["", "HTTP/1.1 103 Early Hints\r\nSec-WebSocket-Protocol: chat\r\n\r\n"])
  func `the subprotocol is that of the answer, not of what comes before it`(early: String) throws {
    let server = try WebSocketServerByHand(.test(subprotocols: ["chat", "more"]))
    let answer = String(decoding: try server.response(), as: UTF8.self)
    let chosen = answer.replacing("\r\n\r\n", with: "\r\nSec-WebSocket-Protocol: none\r\n\r\n")
    server.say(Array((early + chosen + "Sec-WebSocket-Protocol: chat\r\n").utf8))
    #expect(
      server.refusal?.contains("a protocol that was not asked for") == true,
      "\(server.refusal ?? "")")
  }

  @Test(arguments: [200, 301, 400, 401, 403, 404, 426, 429, 500, 503] as [UInt16])
  func `a status is named`(status: UInt16) throws {
    let response = try HTTPWriter.response(
      status: status, fields: [.init("Connection", "close")], body: Array("no".utf8))
    for cut in [response.count, 1, 12, response.count - 2] {
      let server = try WebSocketServerByHand()
      server.say(Array(response[..<cut]))
      server.say(Array(response[cut...]))
      #expect(server.failures == failed(.protocolError))
      #expect(server.refusal == "HTTP \(status)")
      #expect(server.stage.held == 0)
      #expect(server.stage.keepsNothing)
    }
  }

  struct Wrong: CustomTestStringConvertible {
    var testDescription: String
    var response: String
    var words: String
  }

  @Test(arguments: [
    Wrong(
      testDescription: "another accept value",
      response: """
        HTTP/1.1 101 Switching Protocols
        Upgrade: websocket
        Connection: Upgrade
        Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=
        """,
      words:
        "there is not one Sec-WebSocket-Accept that belongs to the key (RFC 6455, 4.1)"),
    Wrong(
      testDescription: "no accept value",
      response: """
        HTTP/1.1 101 Switching Protocols
        Upgrade: websocket
        Connection: Upgrade
        """,
      words:
        "there is not one Sec-WebSocket-Accept that belongs to the key (RFC 6455, 4.1)"),
    Wrong(
      testDescription: "another upgrade",
      response: """
        HTTP/1.1 101 Switching Protocols
        Upgrade: h2c
        Connection: Upgrade
        """,
      words: "there is no Upgrade to websocket (RFC 6455, 4.2.1)"),
    Wrong(
      testDescription: "no HTTP", response: "SSH-2.0-OpenSSH_9.2\nhello",
      words: "no HTTP: "),
  ])
  func `what opens nothing is named`(wrong: Wrong) throws {
    let server = try WebSocketServerByHand()
    let text = wrong.response.split(separator: "\n").joined(separator: "\r\n") + "\r\n\r\n"
    server.say(Array(text.utf8))
    #expect(server.failures == failed(.protocolError))
    #expect(server.refusal?.hasPrefix(wrong.words) == true)
  }

  @Test func `an extension or a subprotocol that was not asked for is a refusal`() throws {
    let extended = try WebSocketServerByHand()
    extended.say(
      try extended.response([.init("Sec-WebSocket-Extensions", "permessage-deflate")]))
    #expect(
      extended.refusal == "there is an extension that was not asked for (RFC 6455, 4.1)")
    for offered in [[], ["chat"]] as [[String]] {
      let server = try WebSocketServerByHand(.test(subprotocols: offered))
      server.say(try server.response([.init("Sec-WebSocket-Protocol", "chatter")]))
      #expect(server.refusal == "there is a protocol that was not asked for (RFC 6455, 4.1)")
      #expect(server.failures == failed(.protocolError))
    }
    let server = try WebSocketServerByHand(.test(subprotocols: ["a", "chat"]))
    server.say(try server.response([.init("Sec-WebSocket-Protocol", "chat")]))
    #expect(server.stage.held == 1)
  }

  enum Ending: String, CaseIterable {
    case finish, finishInHead, reset, silence
  }

  @Test(arguments: Ending.allCases)
  func `an opening that comes to nothing is the WebSocket's, not TCP's`(ending: Ending) throws {
    let server = try WebSocketServerByHand()
    switch ending {
    case .finish: server.peer.finish(server.socket)
    case .finishInHead:
      server.say(Array("HTTP/1.1 101 Switch".utf8))
      server.peer.finish(server.socket)
    case .reset: try server.peer.close(server.socket, reset: true)
    case .silence: break
    }
    server.stage.run(for: .seconds(5))
    let (errno, words): (Errno, String?) =
      switch ending {
      case .finish, .finishInHead: (.protocolError, "closed before it was open")
      case .reset: (.connectionReset, "\(Errno.connectionReset) in mid-handshake")
      case .silence: (.timedOut, "no answer to the upgrade within 2 s")
      }
    #expect(server.failures == failed(errno))
    #expect(server.refusal == words)
    #expect(server.stage.keepsNothing)
  }

  @Test func `what TCP refuses is TCP's`() throws {
    let stage = try WebSocketStage(.init(latency: 1000))
    try stage.addClient(.test(), [.open(goal: 1, rate: nil)])
    stage.play()
    #expect(stage.failures == ["connect \(Errno.connectionRefused.rawValue) 1"])
    #expect(stage.clientBoard.refusal == nil)
  }
}
