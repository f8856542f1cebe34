import Linux
import Messages
import Protocols
import SystemPackage
import Testing

@testable import Probe
@testable import Simulation

/// The built-in server, and a client that a test plays by hand.
@Suite struct WebSocketServerTests {
  static let key: UInt32 = 0xA1B2_C3D4

  private func server(
    _ terms: WebSocketTerms = .test(), reply: ServerReply = .echo, buffer: Int = 65_536
  ) throws -> (WebSocketStage, ScriptedPeer) {
    let stage = try WebSocketStage(.init(latency: 1000, bufferSize: buffer))
    try stage.addServer(terms, reply: reply)
    return (stage, ScriptedPeer(stage.network, at: .second))
  }

  private static let request = """
    GET /any HTTP/1.1\r\nHost: server.test\r\nUpgrade: websocket\r\nConnection: Upgrade\r
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n
    """
  /// Of RFC 6455, 1.3.
  private static let response = """
    HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r
    Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n
    """

  /// Says all of it, as fast as it is taken; returns what has come meanwhile.
  private func talk(
    _ stage: WebSocketStage, _ peer: ScriptedPeer, _ socket: FileDescriptor, _ bytes: [UInt8]
  ) -> [UInt8] {
    stage.talk(bytes, by: peer, on: socket, for: .milliseconds(100))
  }

  /// A connection whose opening is over.
  private func opened(_ stage: WebSocketStage, _ peer: ScriptedPeer, offset: UInt16 = 0) throws
    -> FileDescriptor
  {
    let socket = try peer.connect(to: .first, offset: offset)
    stage.run(for: .milliseconds(1))
    let heard = talk(stage, peer, socket, Array(Self.request.utf8))
    #expect(String(decoding: heard, as: UTF8.self) == Self.response)
    return socket
  }

  @Test func `a request may be cut at every byte, and messages may follow at once`() throws {
    let frames = Frame.text("hello", key: Self.key) + Frame.bytes(.ping, [3], key: Self.key)
    let all = Array(Self.request.utf8) + frames
    for cut in 0...all.count {
      let (stage, peer) = try server()
      let socket = try peer.connect(to: .first)
      stage.run(for: .milliseconds(1))
      let early = talk(stage, peer, socket, Array(all[..<cut]))
      let late = talk(stage, peer, socket, Array(all[cut...]))
      let heard = early + late
      let head = Array(Self.response.utf8)
      #expect(heard.starts(with: head), "cut \(cut)")
      let items = HeardFrames(Array(heard.dropFirst(head.count)), by: .client).items
      #expect(
        items == [.text("hello"), .pong([3])] || items == [.pong([3]), .text("hello")],
        "cut \(cut)")
      #expect(stage.accepted == 1)
      #expect(stage.serverBoard[.bytesReceived] == 5)
    }
  }

  @Test func `a subprotocol is chosen in the server's order`() throws {
    for (offered, chosen) in [("x, b, a", "a"), ("b", "b"), ("x", nil)] as [(String, String?)] {
      let (stage, peer) = try server(.test(subprotocols: ["a", "b"]))
      let socket = try peer.connect(to: .first)
      stage.run(for: .milliseconds(1))
      // To Swift a CR and its LF are one character.
      let request = Self.request.dropLast(1) + "Sec-WebSocket-Protocol: \(offered)\r\n\r\n"
      let heard = String(
        decoding: talk(stage, peer, socket, Array(request.utf8)), as: UTF8.self)
      #expect(heard.hasPrefix("HTTP/1.1 101 "))
      #expect(
        heard.contains("Sec-WebSocket-Protocol: \(chosen ?? "")\r\n") == (chosen != nil))
    }
  }

  @Test(arguments: [
    ("GET / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab", 400),
    ("GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n", 426),
    (
      "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 8\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
      426
    ),
    (
      "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: short\r\n\r\n",
      400
    ),
    ("\u{16}\u{03}\u{01}\r\n\r\n", 400),
  ])
  func `what asks for no upgrade is refused by its status`(request: String, status: Int) throws {
    let (stage, peer) = try server()
    let socket = try peer.connect(to: .first)
    stage.run(for: .milliseconds(1))
    let heard = String(decoding: talk(stage, peer, socket, Array(request.utf8)), as: UTF8.self)
    #expect(heard.hasPrefix("HTTP/1.1 \(status) "))
    #expect(heard.contains("Sec-WebSocket-Version: 13\r\n") == (status == 426))
    #expect(peer.isClosed(socket))
    #expect(stage.accepted == 0)
    #expect(stage.serverBoard[.failures] == 0)
    #expect(stage.serverBoard.refusal?.hasPrefix("the request: ") == true)
    #expect(stage.keepsNothing)
  }

  @Test func `an echo has its message's kind, without a mask`() throws {
    let (stage, peer) = try server()
    let socket = try opened(stage, peer)
    let said =
      Frame.text("größer", key: Self.key) + Frame.bytes(.binary, [0, 255], key: 1)
      + Frame.text("", key: 2)
    let heard = talk(stage, peer, socket, said)
    #expect(heard.count == 2 + 8 + 2 + 2 + 2)
    #expect(
      HeardFrames(heard, by: .client).items == [.text("größer"), .binary([0, 255]), .text("")])
  }

  @Test(arguments: [60, 300, 65_536])
  func `fragments come back, with pings between them`(buffer: Int) throws {
    let (stage, peer) = try server(buffer: buffer)
    let socket = try opened(stage, peer)
    let said =
      Frame.text("grö", isFinal: false, key: 1) + Frame.bytes(.ping, [1], key: 2)
      + Frame.bytes(.continuation, Array("ß".utf8), isFinal: false, key: 3)
      + Frame.bytes(.continuation, Array("er".utf8), key: 4)
    for cut in 0...said.count {
      let heard =
        talk(stage, peer, socket, Array(said[..<cut]))
        + talk(stage, peer, socket, Array(said[cut...]))
      let items = HeardFrames(heard, by: .client).items
      #expect(items.filter { $0 != .pong([1]) } == [.text("größer")], "cut \(cut)")
      #expect(items.count == 2)
    }
  }

  @Test(arguments: [50, 1000, 65_536])
  func `long and many messages come back whole to a slow reader`(buffer: Int) throws {
    let (stage, peer) = try server(buffer: buffer)
    let socket = try opened(stage, peer)
    let long = [UInt8](repeating: 0x78, count: 30_000)
    var said = Frame.bytes(.binary, long, key: Self.key)
    for number in 0..<200 {
      said += Frame.text("\(number)", key: UInt32(number))
      if number % 50 == 0 { said += Frame.bytes(.ping, [UInt8(number)], key: 9) }
    }
    let items = HeardFrames(talk(stage, peer, socket, said), by: .client).items
    let pongs = items.filter { if case .pong = $0 { true } else { false } }
    let messages = items.filter { if case .pong = $0 { false } else { true } }
    #expect(messages == [.binary(long)] + (0..<200).map { .text("\($0)") })
    // Of those that wait behind a message only the last is answered.
    #expect(!pongs.isEmpty)
    #expect(pongs.last == .pong([150]))
  }

  @Test func `a text of its own answers each message, and discard none`() throws {
    for (reply, items) in [
      (.send(Array("yes".utf8)), [.text("yes"), .text("yes")]), (.discard, []),
    ] as [(ServerReply, [HeardFrames.Item])] {
      let (stage, peer) = try server(reply: reply)
      let socket = try opened(stage, peer)
      let said =
        Frame.text("a", isFinal: false, key: 1) + Frame.bytes(.continuation, [0x62], key: 2)
        + Frame.text("c", key: 3)
      #expect(HeardFrames(talk(stage, peer, socket, said), by: .client).items == items)
    }
  }

  @Test func `pushes are messages, and wait for the opening`() throws {
    for kind in [.text, .binary] as [MessageKind] {
      let (stage, peer) = try server(
        .test(kind: kind), reply: .push(every: 1_000_000_000, Array("tick".utf8)))
      let silent = try peer.connect(to: .first, offset: 1)
      let socket = try opened(stage, peer)
      var heard: [UInt8] = []
      for _ in 0..<30 {
        stage.run(for: .milliseconds(100))
        heard += peer.receive(socket)
      }
      let item: HeardFrames.Item = kind == .text ? .text("tick") : .binary(Array("tick".utf8))
      #expect(HeardFrames(heard, by: .client).items == [item, item, item])
      #expect(peer.receive(silent) == [])
    }
  }

  @Test func `a close is answered by the same code, and ends the connection`() throws {
    for code in [1000, 1011, 4000] as [UInt16] {
      let (stage, peer) = try server()
      let socket = try opened(stage, peer)
      let heard = talk(
        stage, peer, socket,
        Frame.text("last", key: 7) + Frame.close(code, "done", key: 8) + Frame.text("x", key: 9))
      let items = HeardFrames(heard, by: .client).items
      #expect(items == [.text("last"), .close(code, "")])
      #expect(peer.isClosed(socket))
      #expect(stage.accepted == 0)
      #expect(stage.serverBoard[.failures] == 0)
      #expect(stage.serverBoard.refusal == nil)
      #expect(stage.keepsNothing)
    }
  }

  @Test func `a client that breaks a rule is told its code`() throws {
    for (bytes, code) in [
      (Frame.text("bare"), 1002), (Frame.bytes(.text, [0xFF], key: 1), 1007),
      ([0xC1, 0x80, 0, 0, 0, 0], 1002),
    ] as [([UInt8], UInt16)] {
      let (stage, peer) = try server()
      let socket = try opened(stage, peer)
      let heard = talk(stage, peer, socket, bytes)
      #expect(HeardFrames(heard, by: .client).items == [.close(code, "")])
      #expect(peer.isClosed(socket))
      #expect(stage.accepted == 0)
      #expect(stage.serverBoard[.failures] == 0)
      #expect(stage.keepsNothing)
    }
  }

  @Test func `what comes right behind TLS's handshake is read, however much it is`() throws {
    let stage = try LayerStage<WebSocketKernel<TLSKernel<SimulatedKernel>>>(.init(latency: 1000))
    try stage.addServer(SecureContextsOfTests.server())
    let peer = ScriptedPeer(stage.network, at: .second)
    let client = try SecurePeer(peer, try peer.connect(), SecureContextsOfTests.client())
    for _ in 0..<10 where !client.isDone {
      client.pump()
      if !client.isDone { stage.run(for: .milliseconds(1)) }
    }
    // Both are on their way together.
    client.say([UInt8](repeating: 0x50, count: 50_000))
    client.pump()
    stage.run(for: .seconds(1))
    #expect(stage.serverBoard.refusal?.hasPrefix("the request: ") == true)
    #expect(stage.accepted == 0)
  }
}
