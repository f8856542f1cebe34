import Protocols
import Testing

@Suite struct HTTPWriterTests {
  private typealias Field = HTTPWriter.Field

  private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

  @Test func `a request has a host, its headers and the length of its body`() throws {
    #expect(
      text(try HTTPWriter.request(target: "/a?b", host: "c:1"))
        == "GET /a?b HTTP/1.1\r\nHost: c:1\r\n\r\n")
    let post = try HTTPWriter.request(
      method: "POST", target: "/", host: "a", fields: [Field("X-Y", "z \t\u{e9}"), Field("E", "")],
      body: Array("hello".utf8))
    #expect(
      text(post)
        == "POST / HTTP/1.1\r\nHost: a\r\nX-Y: z \t\u{e9}\r\nE: \r\nContent-Length: 5\r\n\r\nhello")
    #expect(
      text(try HTTPWriter.request(method: "PUT", target: "/", host: "a", body: []))
        .contains("Content-Length: 0\r\n"))
    for (method, target) in [("OPTIONS", "*"), ("CONNECT", "a:1"), ("GET", "http://a/")] {
      let bytes = try HTTPWriter.request(method: method, target: target, host: "a")
      #expect(HTTPTrace(.server, bytes).lines[1] == "target \(target)")
    }
  }

  @Test func `a response has the length of its body, where it can have one`() throws {
    #expect(
      text(try HTTPWriter.response(status: 200, body: Array("hi".utf8)))
        == "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
    #expect(
      text(try HTTPWriter.response(status: 200, body: Array("hi".utf8), answersHead: true))
        == "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n")
    #expect(text(try HTTPWriter.response(status: 204)) == "HTTP/1.1 204 No Content\r\n\r\n")
    #expect(text(try HTTPWriter.response(status: 100)) == "HTTP/1.1 100 Continue\r\n\r\n")
    #expect(
      text(
        try HTTPWriter.response(status: 299, reason: "Well", fields: [Field("Connection", "close")])
      )
        == "HTTP/1.1 299 Well\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
    #expect(text(try HTTPWriter.response(status: 298)).hasPrefix("HTTP/1.1 298 \r\n"))
  }

  @Test func `nothing can be smuggled in`() {
    func expect(
      _ invalid: HTTPWriter.Invalid, method: String = "GET", target: String = "/",
      host: String = "a", field: Field? = nil
    ) {
      #expect(throws: invalid) {
        try HTTPWriter.request(
          method: method, target: target, host: host, fields: field.map { [$0] } ?? [])
      }
      #expect(!invalid.words.isEmpty)
    }
    for method in ["", "G T", "GET\r\n", "G:"] { expect(.method(method), method: method) }
    for target in ["", "a", "/ b", "/\r\nX: y", "/#", "/\u{e9}", "*", "1:a", "a/b:c"] {
      expect(.target(target), target: target)
    }
    expect(.target("*x"), method: "OPTIONS", target: "*x")
    expect(.target("/"), method: "CONNECT", target: "/")
    for host in ["a b", "a\r\n", "a/b", "a@b"] { expect(.host(host), host: host) }
    for name in ["", "a b", "a:", "a\r\nb", "\u{e9}"] {
      expect(.fieldName(name), field: Field(name, "x"))
    }
    for value in ["a\r\nb", "a\nb", "a\r", "\u{0}", "\u{7f}", " a", "a\t"] {
      expect(.fieldValue("x"), field: Field("x", value))
    }
    for name in ["Host", "CONTENT-LENGTH", "transfer-encoding"] {
      expect(.fieldOfOurs(name), field: Field(name, "1"))
    }
    for status in [0, 99, 600] as [UInt16] {
      #expect(throws: HTTPWriter.Invalid.status(status)) { try HTTPWriter.response(status: status) }
    }
    for reason in ["a\r\nb", "\u{0}"] {
      #expect(throws: HTTPWriter.Invalid.reason(reason)) {
        try HTTPWriter.response(status: 200, reason: reason)
      }
    }
    for status in [101, 204, 304] as [UInt16] {
      #expect(throws: HTTPWriter.Invalid.bodyOf(status)) {
        try HTTPWriter.response(status: status, body: [1])
      }
    }
    #expect(throws: HTTPWriter.Invalid.fieldOfOurs("Transfer-Encoding")) {
      try HTTPWriter.response(status: 200, fields: [Field("Transfer-Encoding", "chunked")])
    }
  }
}
