import Protocols
import Testing

/// The headers of an upgrade, and the one header that a caller may ask for.
@Suite struct HTTPUpgradeTests {
  private static let ok = "HTTP/1.1 204 \r\n"

  private static func answer(_ fields: String, isAsked: Bool, value: String = "b c") -> HTTPCase {
    HTTPCase(
      ok + fields + "\r\n", ["status 204", isAsked ? "head asked open" : "head open", "end"],
      name: "x-a", value: value)
  }

  @Test(arguments: [
    answer("X-A: b c\r\n", isAsked: true), answer("x-a:b c\r\n", isAsked: true),
    answer("X-A:\t b c \t\r\n", isAsked: true), answer("X-A: b c\r\nX-B: d\r\n", isAsked: true),
    answer("X-A: B c\r\n", isAsked: false), answer("X-A: b\r\n", isAsked: false),
    answer("X-A: b  c\r\n", isAsked: false), answer("X-A: b c d\r\n", isAsked: false),
    answer("X-A: b cc\r\n", isAsked: false), answer("X-A:\r\n", isAsked: false),
    answer("X-AA: b c\r\n", isAsked: false), answer("X-: b c\r\n", isAsked: false),
    answer("X-A: b c\r\nX-A: b c\r\n", isAsked: false), answer("", isAsked: false),
    answer("X-A:\r\n", isAsked: true, value: ""), answer("X-A: b\r\n", isAsked: false, value: ""),
    answer("X-A:  \r\n", isAsked: true, value: ""),
    // Folded, it has a space between.
    answer("X-A: b\r\n c\r\n", isAsked: true),
    answer("X-A: \(String(repeating: "b", count: 300))\r\n", isAsked: false),
    answer(
      "X-A: \(String(repeating: "b", count: 254))\r\n", isAsked: true,
      value: String(repeating: "b", count: 254)),
    // Longer ones are never the same.
    answer(
      "X-A: \(String(repeating: "b", count: 300))\r\n", isAsked: false,
      value: String(repeating: "b", count: 300)),
  ])
  func `a header is compared with what is asked for`(_ response: HTTPCase) {
    response.check(.client)
  }

  @Test func `a header that means something may be asked for too`() {
    HTTPCase(
      "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx",
      ["status 200", "head close asked body", "body x", "end close"], name: "content-length",
      value: "1"
    ).check(.client)
    HTTPCase(
      "GET / HTTP/1.1\r\nHost: a\r\nSec-WebSocket-Key: dGhl\r\n\r\n",
      ["method get", "target /", "key dGhl", "head asked open", "end"], name: "sec-websocket-key",
      value: "dGhl"
    ).check(.server)
    // Not in trailers.
    HTTPCase(
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: y\r\n\r\n",
      ["status 200", "head open body", "end"], name: "x", value: "y"
    ).check(.client)
  }

  /// A request, and what is told behind its target.
  private static func request(_ fields: String, _ told: String...) -> HTTPCase {
    HTTPCase(
      "GET / HTTP/1.1\r\nHost: a\r\n\(fields)\r\n\r\n", ["method get", "target /"] + told + ["end"])
  }

  private static let key = "dGhlIHNhbXBsZSBub25jZQ=="

  @Test(arguments: [
    request("Sec-WebSocket-Key: \(key)", "key \(key)", "head key open"),
    request("Sec-WebSocket-Key:\t \(key) \t", "key \(key)", "head key open"),
    request("Sec-WebSocket-Key:", "head open"),
    request("Sec-WebSocket-Key: dGhl", "key dGhl", "head open"),
    request("Sec-WebSocket-Key: dGhl IHNh", "key dGhl", "head open"),
    request("Sec-WebSocket-Key: \(key)=", "key \(key)", "head open"),
    request("Sec-WebSocket-Key: \(key) x", "key \(key)", "head open"),
    request(
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQX=", "key dGhlIHNhbXBsZSBub25jZQ", "head open"),
    request("Sec-WebSocket-Key: =GhlIHNhbXBsZSBub25jZQ==", "head open"),
    request(
      "Sec-WebSocket-Key: \(key)\r\nsec-websocket-key: \(key)", "key \(key)", "head open"),
    request("Sec-WebSocket-Version: 13", "head 13 open"),
    request("Sec-WebSocket-Version: 13 \r\nSec-WebSocket-Version: 8", "head open"),
    request("Sec-WebSocket-Version: 1", "head open"),
    request("Sec-WebSocket-Version: 133", "head open"),
    request("Upgrade: WebSocket", "head websocket open"),
    request("Upgrade: h2c, websocket", "head websocket open"),
    request("Upgrade: websocket/13", "head open"),
    request("Connection: keep-alive, Upgrade", "head keep-alive upgrade open"),
    request(
      "Sec-WebSocket-Extensions: a\r\nSec-WebSocket-Protocol: b", "head extensions protocol open"),
  ])
  func `a server is told the key and what it is for`(_ request: HTTPCase) {
    request.check(.server)
  }

  @Test func `never more than 24 bytes of a key are told`() {
    let keys = String(repeating: "Sec-WebSocket-Key: \(Self.key)\(Self.key)\r\n", count: 5)
    let text = Array("GET / HTTP/1.1\r\nHost: a\r\n\(keys)\r\n".utf8)
    for cuts in [[], Array(0..<text.count)] {
      #expect(HTTPTrace(.server, text, cuts: cuts).keyBytes == 24)
    }
  }
}
