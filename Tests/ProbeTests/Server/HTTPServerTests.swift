import Linux
import Messages
import Probe
import Protocols
import SystemPackage
import Testing

@testable import Simulation

/// A server that answers requests of HTTP/1.1.
@Suite struct HTTPServerTests {
  private static let text = Array("a text\n".utf8)
  private static let readinesses: [ServerReadiness] = [.direct, .rearm]

  /// A server, and a peer of the test's own that is connected to it.
  private struct Pair {
    let world: World
    let peer: ScriptedPeer
    let socket: FileDescriptor

    /// Says something and returns all that comes back, whatever fits into the socket at once.
    func say(_ request: some Collection<UInt8>) -> String {
      var rest = Array(request)
      var heard: [UInt8] = []
      var quiet = 0
      while quiet < 10 || !rest.isEmpty && quiet < 100 {
        if !rest.isEmpty, case .moved(let count) = peer.send(socket, rest) {
          rest.removeFirst(count)
        }
        world.run(for: .milliseconds(1))
        let more = peer.receive(socket)
        heard += more
        quiet = more.isEmpty ? quiet + 1 : 0
      }
      return String(decoding: heard, as: UTF8.self)
    }

    func say(_ request: String) -> String { say(Array(request.utf8)) }

    var isClosed: Bool { peer.isClosed(socket) }
  }

  private func connected(
    _ reply: ServerReply = .send(text), _ readiness: ServerReadiness = .direct,
    _ dials: SimulatedNetwork.Dials = .init(), prepare: (SimulatedProcess) -> Void = { _ in }
  ) throws -> Pair {
    let world = World(dials)
    try world.addServer(reply: reply, readiness: readiness, speaksHTTP: true, prepare: prepare)
    world.check = { [unowned world] in world.expectConsistency() }
    let peer = ScriptedPeer(world.network, at: .second)
    let socket = try peer.connect()
    world.run(for: .milliseconds(1))
    return Pair(world: world, peer: peer, socket: socket)
  }

  private static func get(_ fields: String = "", version: String = "1.1") -> String {
    "GET /x?y HTTP/\(version)\r\nHost: a.example\r\n\(fields)\r\n"
  }

  private static func post(_ body: String, _ fields: String = "", method: String = "POST") -> String
  {
    "\(method) / HTTP/1.1\r\nHost: a\r\n\(fields)Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
  }

  private static func ok(_ body: String, last: Bool = false) -> String {
    "HTTP/1.1 200 OK\r\n\(last ? "Connection: close\r\n" : "")"
      + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
  }

  @Test(arguments: [1, 2, 100], readinesses)
  func `each reply answers in its way`(limit: Int, readiness: ServerReadiness) throws {
    let cases: [(ServerReply, String, String)] = [
      (.send(Self.text), Self.get(), Self.ok("a text\n")),
      (.send(Self.text), Self.post("body"), Self.ok("a text\n")),
      (
        .send(Self.text), "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n"
      ),
      (.echo, Self.get(), Self.ok("")), (.echo, Self.post("body"), Self.ok("body")),
      (.echo, Self.post(""), Self.ok("")),
      (.echo, Self.post("body", method: "HEAD"), Self.ok("")),
      (.discard, Self.post("body"), "HTTP/1.1 204 No Content\r\n\r\n"),
      (.discard, "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 204 No Content\r\n\r\n"),
    ]
    for (reply, request, response) in cases {
      let pair = try connected(reply, readiness) {
        $0.receiveLimit = limit
        $0.sendLimit = limit
      }
      for _ in 0..<3 { #expect(pair.say(request) == response) }
      #expect(!pair.isClosed)
      #expect(pair.world.server.held == 1)
    }
  }

  @Test(arguments: [1, 7, 100_000], readinesses)
  func `requests in one piece are answered in their order`(size: Int, readiness: ServerReadiness)
    throws
  {
    let pair = try connected(.echo, readiness, .init(bufferSize: size))
    let requests = (0..<50).map { Self.post("body \($0)") + Self.get() }.joined()
    let responses = (0..<50).map { Self.ok("body \($0)") + Self.ok("") }.joined()
    #expect(pair.say(requests) == responses)
    #expect(pair.world.server.board[.bytesReceived] == UInt64(requests.utf8.count))
    #expect(pair.world.server.board[.bytesSent] == UInt64(responses.utf8.count))
    #expect(!pair.isClosed)
    // All of it once more: nothing was left behind.
    #expect(pair.say(requests) == responses)
  }

  @Test(arguments: readinesses)
  func `a long body comes back whole`(readiness: ServerReadiness) throws {
    let pair = try connected(.echo, readiness)
    let body = String((0..<200_000).map { Character(UnicodeScalar(UInt8(97 + $0 % 26))) })
    #expect(pair.say(Self.post(body) + Self.post("x")) == Self.ok(body) + Self.ok("x"))
  }

  @Test(arguments: readinesses)
  func `a client that does not read costs the server one response`(readiness: ServerReadiness)
    throws
  {
    let long = [UInt8](repeating: 97, count: 300_000)
    let pair = try connected(.send(long), readiness, .init(bufferSize: 10_000))
    // As many requests as fit, and none of their responses is read.
    _ = pair.peer.send(pair.socket, Array(String(repeating: Self.get(), count: 100).utf8))
    pair.world.run(for: .milliseconds(100))
    let kept = pair.world.server.unsentBytes
    #expect(kept > 0)
    #expect(kept < 450_000)
    // And all of them come in the end.
    let heard = pair.say("")
    #expect(heard.utf8.count == 100 * Self.ok(String(repeating: "a", count: 300_000)).utf8.count)
  }

  // MARK: The connection's end

  @Test(arguments: readinesses, [1, 100_000])
  func `the last response is said to be the last, and closes`(readiness: ServerReadiness, size: Int)
    throws
  {
    let requests = [
      Self.get("Connection: close\r\n"), Self.get(version: "1.0"),
      Self.get("Connection: keep-alive\r\n", version: "1.0"),
    ]
    for request in requests {
      let pair = try connected(.send(Self.text), readiness, .init(bufferSize: size))
      // What follows the last request is passed over.
      #expect(
        pair.say(Self.get() + request + Self.get()) == Self.ok("a text\n")
          + Self.ok("a text\n", last: true))
      #expect(pair.isClosed)
      #expect(pair.say(Self.get()).isEmpty)
      try pair.peer.close(pair.socket, reset: false)
      pair.world.run(for: .milliseconds(1))
      #expect(pair.world.server.held == 0)
      #expect(pair.world.server.failures.isEmpty)
    }
    let pair = try connected(.echo, readiness, .init(bufferSize: size))
    #expect(pair.say(Self.post("abc", "Connection: close\r\n")) == Self.ok("abc", last: true))
    #expect(pair.isClosed)
  }

  private static func refusal(_ status: String) -> String {
    "HTTP/1.1 \(status)\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
  }

  @Test(arguments: readinesses, [1, 100_000])
  func `what cannot be answered is refused, and the connection closes`(
    readiness: ServerReadiness, size: Int
  ) throws {
    let chunked =
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
    let cases: [(String, String)] = [
      ("nonsense\r\n\r\n", Self.refusal("400 Bad Request")),
      ("GET / HTTP/1.1\r\n\r\n", Self.refusal("400 Bad Request")),
      ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", Self.refusal("400 Bad Request")),
      (chunked, Self.refusal("411 Length Required")),
      (
        chunked.replacing("Host: a", with: "Host: a\r\nExpect: 100-continue"),
        Self.refusal("411 Length Required")
      ),
      ("CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n", Self.refusal("501 Not Implemented")),
    ]
    for (request, response) in cases {
      let pair = try connected(.echo, readiness, .init(bufferSize: size))
      #expect(pair.say(Self.get() + request + Self.get()) == Self.ok("") + response)
      #expect(pair.isClosed)
      // The server goes on reading, so that no reset overtakes its response.
      #expect(pair.world.server.held == 1)
      _ = pair.peer.send(pair.socket, Array("more".utf8))
      pair.world.run(for: .milliseconds(1))
      #expect(pair.world.server.held == 1)
      try pair.peer.close(pair.socket, reset: false)
      pair.world.run(for: .milliseconds(1))
      #expect(pair.world.server.held == 0)
      #expect(pair.world.server.failures.isEmpty)
    }
  }

  @Test func `a body in chunks is answered where it is not given back`() throws {
    let chunked =
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
    let pair = try connected(.send(Self.text)) { $0.receiveLimit = 2 }
    #expect(pair.say(chunked + Self.get()) == Self.ok("a text\n") + Self.ok("a text\n"))
  }

  @Test func `a client that waits for it is told to go on`() throws {
    for reply in [.echo, .send(Array("body".utf8))] as [ServerReply] {
      let pair = try connected(reply)
      let request = Self.post("body", "Expect: 100-continue\r\n")
      let head = Array(request.utf8.dropLast(4))
      #expect(pair.say(head).hasPrefix("HTTP/1.1 100 Continue\r\n\r\n"))
      #expect(pair.say("body").hasSuffix("body"))
      // HTTP/1.0 knows no such answer.
      let old = try connected(reply)
      let whole = request.replacing("HTTP/1.1", with: "HTTP/1.0")
      #expect(old.say(whole) == Self.ok("body", last: true))
    }
  }

  @Test func `a client that goes in the middle of a response is forgotten`() throws {
    for reset in [true, false] {
      let pair = try connected(.send(Self.text), .direct, .init(bufferSize: 3))
      _ = pair.peer.send(pair.socket, Array(Self.get().utf8.prefix(3)))
      for piece in stride(from: 3, to: Self.get().utf8.count, by: 3) {
        _ = pair.peer.send(pair.socket, Array(Self.get().utf8.dropFirst(piece).prefix(3)))
        pair.world.run(for: .milliseconds(1))
      }
      try pair.peer.close(pair.socket, reset: reset)
      pair.world.run(for: .milliseconds(10))
      #expect(pair.world.server.held == 0)
      // The next connection has the descriptor, and none of the bytes.
      let socket = try pair.peer.connect(offset: 1)
      let next = Pair(world: pair.world, peer: pair.peer, socket: socket)
      pair.world.run(for: .milliseconds(1))
      #expect(next.say(Self.get()) == Self.ok("a text\n"))
    }
  }

  @Test func `each connection has a request of its own`() throws {
    let pair = try connected(.echo)
    let other = Pair(
      world: pair.world, peer: pair.peer, socket: try pair.peer.connect(offset: 1))
    pair.world.run(for: .milliseconds(1))
    let request = Array(Self.post("one").utf8)
    #expect(pair.say(request.prefix(20)) == "")
    #expect(other.say(Self.post("two")) == Self.ok("two"))
    #expect(pair.say(request.dropFirst(20)) == Self.ok("one"))
  }

  // MARK: With clients of ours

  @Test(arguments: [1, 3, 1000], readinesses)
  func `clients are answered`(limit: Int, readiness: ServerReadiness) throws {
    let world = World()
    func prepare(_ process: SimulatedProcess) {
      process.receiveLimit = limit
      process.sendLimit = limit
    }
    try world.addServer(reply: .echo, readiness: readiness, speaksHTTP: true, prepare: prepare)
    let head = MessageTemplate.Part.bytes(
      Array("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ".utf8))
    let body: [MessageTemplate.Part] = [.connection, .bytes([32]), .sequence, .random(20)]
    let template = MessageTemplate(
      parts: [head, .length(of: body), .bytes(Array("\r\n\r\n".utf8))] + body)
    let right = MessagePattern.Content.matches(try BytePattern("^[0-9]+ [0-9]+[A-Za-z0-9]{20}$"))
    let post = MessagePattern(
      name: "post", pace: .every(500_000_000), template: template,
      expectation: .framed(.http(HTTPAnswer(method: .post)), right), timeout: 1_000_000_000)
    let get = MessagePattern(
      name: "get", pace: .every(300_000_000),
      template: MessageTemplate(bytes: Array(Self.get().utf8)),
      expectation: .framed(.http(HTTPAnswer(method: .get, statuses: [404...404])), nil),
      timeout: 1_000_000_000)
    try world.addClient(
      [.open(goal: 20, rate: nil), .keep],
      messages: Messages(patterns: [post, get], patternsOfPhase: [[], [0, 1]]), prepare: prepare)
    world.check = { [unowned world] in world.expectConsistency(goal: 20) }
    world.play()
    world.play(phase: 1)
    world.run(for: .milliseconds(3_099))
    let client = world.client
    #expect(client.messages(.sent, of: 0) >= 100)
    #expect(client.messages(.received, of: 0) == client.messages(.sent, of: 0))
    #expect(client.messages(.wrong, of: 1) == client.messages(.sent, of: 1))
    #expect(client.board[.waits] == 0)
    #expect(client.board[.unexpectedBytes] == 0)
    #expect(client.board[.bytesReceived] == world.server.board[.bytesSent])
  }
}
