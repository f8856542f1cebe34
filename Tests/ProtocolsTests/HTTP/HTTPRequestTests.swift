import Protocols
import Testing

/// What a server reads, section by section of RFC 9112.
@Suite struct HTTPRequestTests {
  private static func line(_ text: String, _ told: [String]) -> HTTPCase {
    HTTPCase(text + "\r\nHost: a\r\n\r\n", told)
  }

  @Test(arguments: [
    line("GET / HTTP/1.1", ["method get", "target /", "head open", "end"]),
    line("OPTIONS * HTTP/1.1", ["method options", "target *", "head open", "end"]),
    line("OPTIONS /* HTTP/1.1", ["method options", "target /*", "head open", "end"]),
    line("CONNECT a.b:80 HTTP/1.1", ["method connect", "target a.b:80", "head open", "end"]),
    line(
      "POST http://a:1/b?c=%20d HTTP/1.1",
      ["method post", "target http://a:1/b?c=%20d", "head open", "end"]),
    line("get / HTTP/1.1", ["method other", "target /", "head open", "end"]),
    line("GETX / HTTP/1.1", ["method other", "target /", "head open", "end"]),
    line("GE / HTTP/1.1", ["method other", "target /", "head open", "end"]),
    line("M-SEARCH / HTTP/1.1", ["method other", "target /", "head open", "end"]),
    // One empty line before a request is passed over, not two.
    line("\r\nGET / HTTP/1.1", ["method get", "target /", "head open", "end"]),
    line("\r\n\r\nGET / HTTP/1.1", ["malformed method"]), line("\nGET /", ["malformed method"]),
    line("\rGET /", ["malformed lineEnd"]), line(" GET / HTTP/1.1", ["malformed method"]),
    line("G(T / HTTP/1.1", ["malformed method"]), line("GET", ["malformed method"]),
    line("GET  / HTTP/1.1", ["method get", "malformed target"]),
    line("GET * HTTP/1.1", ["method get", "malformed target"]),
    line("OPTIONS *x HTTP/1.1", ["method options", "target *", "malformed target"]),
    line("GET a HTTP/1.1", ["method get", "target a", "malformed target"]),
    line("GET /a#b HTTP/1.1", ["method get", "target /a", "malformed target"]),
    line("GET /\u{e9} HTTP/1.1", ["method get", "target /", "malformed target"]),
    line("GET /\t HTTP/1.1", ["method get", "target /", "malformed target"]),
    line("CONNECT a/b HTTP/1.1", ["method connect", "target a", "malformed target"]),
    line("CONNECT /b HTTP/1.1", ["method connect", "malformed target"]),
    line("GET /", ["method get", "target /", "malformed target"]),
    line("GET / ", ["method get", "target /", "malformed version"]),
    line("GET /  HTTP/1.1", ["method get", "target /", "malformed version"]),
    line("GET / HTTP/1.1 ", ["method get", "target /", "malformed version"]),
    line("GET / HTTP/2.0", ["method get", "target /", "malformed unknownVersion"]),
    line("GET / HTTP/1.x", ["method get", "target /", "malformed version"]),
    line("GET / HTTP/1.1\nX: y", ["method get", "target /", "malformed lineEnd"]),
  ])
  func `a request line is a method, a target of four forms and a version`(_ request: HTTPCase) {
    request.check(.server)
  }

  @Test func `every method is known by its name`() {
    for method in HTTPMethod.allCases where method != .other {
      let target = method == .connect ? "a:1" : "/"
      HTTPCase(
        "\(method.text) \(target) HTTP/1.1\r\nHost: a\r\n\r\n",
        ["method \(method)", "target \(target)", "head open", "end"]
      ).check(.server)
    }
  }

  /// A request of so many header lines, and what is told behind its target.
  private static func get(
    _ fields: String, _ told: [String], version: String = "1.1"
  ) -> HTTPCase {
    HTTPCase("GET / HTTP/\(version)\r\n" + fields, ["method get", "target /"] + told)
  }

  private static func malformed(_ fields: String, _ fault: HTTPFault) -> HTTPCase {
    get(fields, ["malformed \(fault)"])
  }

  @Test(arguments: [
    get("Host:\r\n\r\n", ["head open", "end"]),
    get("Host: [::1]:80 \r\n\r\n", ["head open", "end"]),
    get("\r\n", ["head 1.0", "end close"], version: "1.0"),
    get("Connection: keep-alive\r\n\r\n", ["head 1.0 keep-alive open", "end"], version: "1.0"),
    malformed("\r\n", .noHost), malformed("X-Host: a\r\n\r\n", .noHost),
    malformed("Host: a\r\nHost: a\r\n\r\n", .repeatedHost), malformed("Host: a b\r\n\r\n", .host),
    malformed("Host: a/b\r\n\r\n", .host), malformed("Host: b@a\r\n\r\n", .host),
    malformed("Host: a\r\n b\r\n\r\n", .foldedLine),
    malformed(" Host: a\r\n\r\n", .spaceBeforeFields), malformed("Host : a\r\n\r\n", .fieldName),
    get(
      "Host: a\r\nExpect: 100-Continue\r\nContent-Length: 2\r\n\r\nhi",
      ["head expects open body", "body hi", "end"]),
    get(
      "Expect: 100-continue\r\nContent-Length: 1\r\n\r\nx",
      ["head 1.0 body", "body x", "end close"], version: "1.0"),
    get("Host: a\r\nExpect: 101\r\n\r\n", ["head open", "end"]),
    get("Host: a\r\nContent-Length: 0\r\n\r\n", ["head open body", "end"]),
    get(
      "Host: a\r\nTransfer-Encoding: CHUNKED\r\n\r\n2;x\r\nhi\r\n0\r\nA: b\r\n\r\n",
      ["head open body", "body hi", "end"]),
    // Requests behind one another, up to one that closes.
    get(
      "Host: a\r\n\r\nHEAD /b HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\nGET /c",
      ["head open", "end", "method head", "target /b", "head close", "end close"]),
    malformed("Host: a\r\nTransfer-Encoding: gzip\r\n\r\n", .chunkedNotLast),
    malformed("Host: a\r\nTransfer-Encoding:\r\n\r\n", .chunkedNotLast),
    malformed("Host: a\r\nTransfer-Encoding: chunked, x\r\n\r\n", .chunkedNotLast),
    malformed("Host: a\r\nTransfer-Encoding: \u{b}chunked\r\n\r\n", .fieldValue),
    malformed("Host: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", .unknownTransferCoding),
    malformed(
      "Host: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
      .transferEncodingAndLength),
    malformed(
      "Host: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n", .repeatedContentLength),
    get(
      "Transfer-Encoding: chunked\r\n\r\n", ["malformed transferEncodingInVersion10"],
      version: "1.0"),
  ])
  func `headers say who is asked, and how long the body is`(_ request: HTTPCase) {
    request.check(.server)
  }

  @Test func `every fault has words and a section`() {
    #expect(Set(HTTPFault.allCases.map(\.words)).count == HTTPFault.allCases.count)
    for fault in HTTPFault.allCases {
      #expect(fault.section.hasPrefix("RFC 911"))
    }
  }
}
