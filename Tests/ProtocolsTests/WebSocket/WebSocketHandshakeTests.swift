import Testing

@testable import Protocols

/// The opening handshake (RFC 6455, 4), and what it is made of.
@Suite struct WebSocketHandshakeTests {
  private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

  private func hash(_ bytes: [UInt8]) -> String {
    let digest = unsafe bytes.withUnsafeBytes { unsafe SHA1.digest(of: $0) }
    return (0..<5).map { word in
      let digits = String(digest[word], radix: 16)
      return String(repeating: "0", count: 8 - digits.count) + digits
    }.joined()
  }

  private func accept(_ key: String) -> String {
    var accept = [UInt8](repeating: 0, count: WebSocketHandshake.acceptCount)
    unsafe accept.withUnsafeMutableBytes { accept in
      unsafe Array(key.utf8).withUnsafeBytes {
        unsafe WebSocketHandshake.writeAccept(of: $0, into: accept)
      }
    }
    return text(accept)
  }

  // MARK: FIPS 180-4, RFC 3174, RFC 4648

  @Test(arguments: [
    ("", 1, "da39a3ee5e6b4b0d3255bfef95601890afd80709"),
    ("abc", 1, "a9993e364706816aba3e25717850c26c9cd0d89d"),
    (
      "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
      "84983e441c3bd26ebaae4aa1f95129e5e54670f1"
    ),
    ("a", 1_000_000, "34aa973cd4c4daa4f61eeb2bdbad27316534016f"),
    (
      "0123456701234567012345670123456701234567012345670123456701234567", 10,
      "dea356a2cddd90c7a7ecedc5ebb563934f460452"
    ),
  ])
  func `the hash is that of the standards' examples`(
    part: String, times: Int, digest: String
  ) {
    #expect(hash(Array(String(repeating: part, count: times).utf8)) == digest)
  }

  @Test(arguments: [
    ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="),
    ("fooba", "Zm9vYmE="), ("foobar", "Zm9vYmFy"),
  ])
  func `base64 is that of the standard's examples`(plain: String, coded: String) {
    var result = [UInt8](repeating: 0, count: Base64.count(of: plain.utf8.count))
    unsafe result.withUnsafeMutableBytes { result in
      unsafe Array(plain.utf8).withUnsafeBytes { unsafe Base64.write($0, into: result) }
    }
    #expect(text(result) == coded)
  }

  @Test func `base64 has all 64 characters`() {
    let bytes = (0..<48).map { place -> UInt8 in
      let first = place / 3 * 4
      let group = (first << 18) | (first + 1) << 12 | (first + 2) << 6 | (first + 3)
      return UInt8(truncatingIfNeeded: group >> (16 - place % 3 * 8))
    }
    var result = [UInt8](repeating: 0, count: 64)
    unsafe result.withUnsafeMutableBytes { result in
      unsafe bytes.withUnsafeBytes { unsafe Base64.write($0, into: result) }
    }
    #expect(text(result) == "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
  }

  // MARK: RFC 6455, 1.3 and 4

  @Test func `a key is answered as in the RFC`() {
    #expect(accept("dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
    // No length stops it.
    #expect(accept("").utf8.count == 28)
    #expect(accept(String(repeating: "x", count: 99)).utf8.count == 28)
  }

  @Test func `a key is 16 bytes in base64`() {
    var key = [UInt8](repeating: 0, count: WebSocketHandshake.keyCount)
    unsafe key.withUnsafeMutableBytes {
      unsafe WebSocketHandshake.writeKey(
        of: (0x7468_6520_7361_6D70, 0x6C65_206E_6F6E_6365), into: $0)
    }
    #expect(text(key) == "dGhlIHNhbXBsZSBub25jZQ==")
  }

  private func put(_ value: String, into message: WebSocketHandshake.Message) -> [UInt8] {
    var bytes = message.bytes
    bytes.replaceSubrange(message.gap, with: Array(value.utf8))
    #expect(bytes.count == message.bytes.count)
    return bytes
  }

  @Test func `the two ends understand each other`() throws {
    let key = "dGhlIHNhbXBsZSBub25jZQ=="
    let request = put(
      key,
      into: try WebSocketHandshake.request(
        target: "/chat", host: "a:1", fields: [.init("Origin", "http://a")]))
    #expect(
      HTTPTrace(.server, request).lines
        == [
          "method get", "target /chat", "key \(key)", "head upgrade websocket key 13 open", "end",
        ])
    let response = put(accept(key), into: try WebSocketHandshake.response())
    let trace = HTTPTrace(
      .client, response + [0x81, 0], asked: ("sec-websocket-accept", accept(key)))
    #expect(
      trace.lines == ["status 101", "head upgrade websocket asked open", "upgraded"])
    #expect(trace.rest == [0x81, 0])
    #expect("\(WebSocketHandshake.acceptName)" == "sec-websocket-accept")
    for name in ["upgrade", "Connection", "sec-websocket-key"] {
      #expect(throws: HTTPWriter.Invalid.fieldOfOurs(name)) {
        try WebSocketHandshake.request(target: "/", host: "a", fields: [.init(name, "x")])
      }
    }
    #expect(throws: HTTPWriter.Invalid.fieldOfOurs("Sec-WebSocket-Accept")) {
      try WebSocketHandshake.response(fields: [.init("Sec-WebSocket-Accept", "x")])
    }
  }

  @Test func `what a handshake lacks is named`() {
    let request: HTTPHead = [.upgrade, .toWebSocket, .hasKey, .isWebSocket13]
    func expectRequest(
      _ fault: WebSocketHandshake.Fault?, _ head: HTTPHead, _ method: HTTPMethod = .get
    ) {
      #expect(WebSocketHandshake.fault(ofRequest: method, head) == fault)
    }
    expectRequest(nil, request)
    expectRequest(.notGet, request, .post)
    expectRequest(.version10, request.union(.isVersion10))
    expectRequest(.upgrade, request.subtracting(.toWebSocket))
    expectRequest(.connection, request.subtracting(.upgrade))
    expectRequest(.key, request.subtracting(.hasKey))
    expectRequest(.key, request.union(.hasWrongKey))
    expectRequest(.version, request.subtracting(.isWebSocket13))
    expectRequest(.version, request.union(.isOtherWebSocket))
    let response: HTTPHead = [.upgrade, .toWebSocket, .hasAskedField]
    func expectResponse(
      _ fault: WebSocketHandshake.Fault?, _ head: HTTPHead, status: UInt16 = 101,
      asksForProtocol: Bool = false
    ) {
      #expect(
        WebSocketHandshake.fault(ofResponse: status, head, asksForProtocol: asksForProtocol)
          == fault)
    }
    expectResponse(nil, response)
    expectResponse(.status, response, status: 200)
    expectResponse(.upgrade, response.subtracting(.toWebSocket))
    expectResponse(.connection, response.subtracting(.upgrade))
    expectResponse(.accept, response.subtracting(.hasAskedField))
    expectResponse(.accept, response.union(.hasOtherValue))
    expectResponse(.extensions, response.union(.hasExtensions))
    expectResponse(.protocol, response.union(.hasProtocol))
    expectResponse(nil, response.union(.hasProtocol), asksForProtocol: true)
    let faults = WebSocketHandshake.Fault.allCases
    #expect(Set(faults.map(\.words)).count == faults.count)
    #expect(faults.filter { $0.status == 426 } == [.version])
    #expect(faults.allSatisfy { $0.section.hasPrefix("RFC 6455, 4.") })
  }
}
