import Protocols
import Testing

/// What a client reads, section by section of RFC 9112.
@Suite struct HTTPResponseTests {
  private static let ok = "HTTP/1.1 200 OK\r\n"
  private static let empty = "Content-Length: 0\r\n\r\n"

  private static func malformed(_ text: String, _ fault: HTTPFault) -> HTTPCase {
    HTTPCase(text, ["malformed \(fault)"])
  }

  /// A head that is malformed behind its first line.
  private static func headers(_ text: String, _ fault: HTTPFault) -> HTTPCase {
    HTTPCase(ok + text, ["status 200", "malformed \(fault)"])
  }

  // MARK: 2 to 4: lines, versions, the status line

  @Test(arguments: [
    HTTPCase(ok + empty, ["status 200", "head open body", "end"]),
    HTTPCase("HTTP/1.1 404\r\n" + empty, ["status 404", "head open body", "end"]),
    HTTPCase("HTTP/1.1 404 \r\n" + empty, ["status 404", "head open body", "end"]),
    HTTPCase("HTTP/1.1 599 \t caf\u{e9} !\r\n" + empty, ["status 599", "head open body", "end"]),
    HTTPCase("HTTP/1.9 200 OK\r\n" + empty, ["status 200", "head open body", "end"]),
    HTTPCase("HTTP/1.1 999 \r\n" + empty, ["status 999", "head open body", "end"]),
    malformed("HTTP/2.0 200 OK\r\n", .unknownVersion), malformed("HTTP/1.1\r\n", .version),
    malformed("HTTP/11 200 OK\r\n", .version), malformed("http/1.1 200 OK\r\n", .version),
    malformed("HTTP/1.10 200 OK\r\n", .version), malformed("SSH-2.0-x\r\n", .version),
    malformed("\r\nHTTP/1.1 200 OK\r\n", .version), malformed(" HTTP/1.1 200\r\n", .version),
    malformed("HTTP/1.1 20 OK\r\n", .statusCode), malformed("HTTP/1.1 2000 OK\r\n", .statusCode),
    malformed("HTTP/1.1 099 OK\r\n", .statusCode), malformed("HTTP/1.1  200 OK\r\n", .statusCode),
    malformed("HTTP/1.1 2x0 OK\r\n", .statusCode), malformed("HTTP/1.1 200 O\u{0}K\r\n", .reason),
    malformed("HTTP/1.1 200 OK\n", .lineEnd), malformed("HTTP/1.1 200\n", .lineEnd),
    malformed("HTTP/1.1 200 OK\rX\n", .lineEnd),
  ])
  func `a status line is a version, three digits and a phrase`(_ response: HTTPCase) {
    response.check(.client)
  }

  // MARK: 5: header lines

  @Test(arguments: [
    HTTPCase(
      ok + "CONTENT-length:0\r\nX-A: \u{e9}\t b \r\nEmpty:\r\n\r\n",
      ["status 200", "head open body", "end"]),
    // A client reads folded lines as one.
    HTTPCase(
      ok
        + "X: a\r\n b\r\n\tc\r\nConnection: keep-alive,\r\n close\r\nContent-Length:\r\n 1\r\n\r\nx",
      ["status 200", "head close keep-alive body", "body x", "end close"]),
    headers("A: b\r\n c\r\nContent-Length: 1\r\n 2\r\n\r\n", .contentLength),
    headers(" X: a\r\n\r\n", .spaceBeforeFields), headers("X : a\r\n\r\n", .fieldName),
    headers(": a\r\n\r\n", .fieldName), headers("X\r\n\r\n", .fieldName),
    headers("X(: a\r\n\r\n", .fieldName), headers("X\u{e9}: a\r\n\r\n", .fieldName),
    headers("X: a\u{0}\r\n\r\n", .fieldValue), headers("X: a\u{7f}\r\n\r\n", .fieldValue),
    headers("X: a\n\r\n", .lineEnd), headers("X: a\rb\r\n\r\n", .lineEnd),
    headers("X: a\r\n\n", .fieldName), headers("X: a\r\n\rb", .lineEnd),
  ])
  func `a header is a token, a colon and text`(_ response: HTTPCase) { response.check(.client) }

  @Test func `each byte may be where the RFC has it, and nowhere else`() {
    let punctuation = Array("!#$%&'*+-.^_`|~".utf8)
    let alphanumeric = Array("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ".utf8)
    for byte in UInt8.min...UInt8.max {
      let isToken = punctuation.contains(byte) || alphanumeric.contains(byte)
      let isText = byte == 0x09 || byte >= 0x20 && byte != 0x7F
      // A colon ends a name, and CR a value.
      guard byte != UInt8(ascii: ":"), byte != 0x0D else { continue }
      for place in [0, 1, 7, 8, 9, 17] {
        func isRight(_ before: String, _ after: String, _ bytes: Int) -> Bool {
          let text = Array(before.utf8) + [UInt8](repeating: UInt8(ascii: "x"), count: bytes)
          let whole = text + [byte] + Array(("xxxxxxxxxxxx" + after).utf8)
          return HTTPTrace(.client, whole).lines.last == "end"
        }
        if isRight(Self.ok + "X", ": a\r\n" + Self.empty, place) != isToken {
          Issue.record("\(byte) in a name")
        }
        if isRight(Self.ok + "X:", "\r\n" + Self.empty, place) != isText {
          Issue.record("\(byte) in a value")
        }
        if isRight("HTTP/1.1 200 ", "\r\n" + Self.empty, place) != isText {
          Issue.record("\(byte) in a reason")
        }
      }
    }
  }

  // MARK: 6: the body

  @Test(arguments: [
    HTTPCase(
      ok + "Content-Length: 5\r\n\r\nhello", ["status 200", "head open body", "body hello", "end"]),
    HTTPCase(
      ok + "Content-Length: \t005 \t\r\n\r\nhelloHTTP/1.1 204 \r\n\r\n",
      ["status 200", "head open body", "body hello", "end", "status 204", "head open", "end"]),
    HTTPCase(
      ok + "\r\nup to the end", ["status 200", "head body", "body up to the end", "end close"],
      closes: true),
    HTTPCase(
      ok + "Transfer-Encoding: gzip\r\n\r\nx", ["status 200", "head body", "body x", "end close"],
      closes: true),
    HTTPCase(
      ok + "Transfer-Encoding: chunked, gzip\r\n\r\nx",
      ["status 200", "head body", "body x", "end close"], closes: true),
    HTTPCase(
      ok + "Transfer-Encoding: gzip, chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n",
      ["status 200", "head open body", "body x", "end"]),
    HTTPCase(
      ok + "Transfer-Encoding: gzip\r\nTransfer-Encoding: , Chunked ,\r\n\r\n0\r\n\r\n",
      ["status 200", "head open body", "end"]),
    // Without a body, whatever the headers say.
    HTTPCase(
      ok + "Content-Length: 5\r\n\r\n" + ok + "Transfer-Encoding: chunked\r\n\r\n",
      ["status 200", "head open", "end", "status 200", "head open", "end"], method: .head),
    HTTPCase(
      "HTTP/1.1 304 \r\nContent-Length: 5\r\n\r\nHTTP/1.1 204 \r\nContent-Length: 5\r\n\r\n",
      ["status 304", "head open", "end", "status 204", "head open", "end"]),
    // Interim responses come before the one that counts, and say nothing of it.
    HTTPCase(
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 \r\nConnection: close\r\nLink: x\r\n\r\n" + ok
        + empty,
      [
        "status 100", "head open", "status 103", "head close", "status 200", "head open body",
        "end",
      ]
    ),
    HTTPCase("HTTP/1.1 101 \r\n\r\nrest", ["status 101", "head open", "upgraded"]),
    HTTPCase(
      ok + "Content-Length: 7\r\n\r\nrest", ["status 200", "head open", "upgraded"],
      method: .connect),
    HTTPCase(
      "HTTP/1.1 407 \r\n" + empty, ["status 407", "head open body", "end"], method: .connect),
    headers("Content-Length: 5\r\nContent-Length: 5\r\n\r\n", .repeatedContentLength),
    headers("Content-Length: 5\r\ncontent-length: 6\r\n\r\n", .repeatedContentLength),
    headers("Content-Length: 5, 5\r\n\r\n", .contentLength),
    headers("Content-Length: 5 5\r\n\r\n", .contentLength),
    headers("Content-Length: \r\n\r\n", .contentLength),
    headers("Content-Length: +5\r\n\r\n", .contentLength),
    headers("Content-Length: -5\r\n\r\n", .contentLength),
    headers("Content-Length: 0x5\r\n\r\n", .contentLength),
    headers("Content-Length: 9223372036854775808\r\n\r\n", .contentLengthTooLarge),
    headers("Content-Length: 99999999999999999999999\r\n\r\n", .contentLengthTooLarge),
    headers(
      "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", .transferEncodingAndLength),
    headers("Transfer-Encoding: gzip\r\nContent-Length: 5\r\n\r\n", .transferEncodingAndLength),
    headers("Transfer-Encoding: chunked, chunked\r\n\r\n", .chunkedTwice),
    headers("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", .chunkedTwice),
    headers("Transfer-Encoding: a;b=\", chunked\"\r\n\r\n", .transferEncoding),
    HTTPCase(
      "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
      ["status 200", "malformed transferEncodingInVersion10"]),
    HTTPCase(
      ok + "Content-Length: 9223372036854775807\r\n\r\nx",
      ["status 200", "head open body", "body x", "malformed endedEarly"], closes: true),
    // Words that only begin or end with chunked are other codings.
    HTTPCase(
      ok + "Transfer-Encoding: chunkedd, xchunked, chunked x\r\n\r\nx",
      ["status 200", "head body", "body x", "end close"], closes: true),
  ])
  func `a body is as long as one of its headers says`(_ response: HTTPCase) {
    response.check(.client)
  }

  // MARK: 7: chunks

  private static func chunks(_ text: String, _ told: [String]) -> HTTPCase {
    HTTPCase(
      ok + "Transfer-Encoding: chunked\r\n\r\n" + text, ["status 200", "head open body"] + told)
  }

  @Test(arguments: [
    chunks("5\r\nhello\r\n0\r\n\r\n", ["body hello", "end"]),
    chunks("1\r\nh\r\n0004\r\nello\r\n000\r\n\r\n", ["body hello", "end"]),
    chunks(
      "a\r\n0123456789\r\nB\r\n0123456789a\r\n0\r\n\r\n", ["body 01234567890123456789a", "end"]),
    chunks(
      "2;a;b=c;d=\"e;\\\"f\"\r\nhi\r\n0 ; last\t; x\r\n\r\n", ["body hi", "end"]),
    // What trailers say means nothing to the reader.
    chunks(
      "1\r\nx\r\n0\r\nContent-Length: 7\r\nTransfer-Encoding: \"\r\nX: a\r\n b\r\n\r\n" + ok
        + empty,
      ["body x", "end", "status 200", "head open body", "end"]),
    chunks("7fffffffffffffff\r\nx", ["body x"]),
    chunks("8000000000000000\r\nx", ["malformed chunkSizeTooLarge"]),
    chunks("10000000000000005\r\nhello", ["malformed chunkSizeTooLarge"]),
    chunks("\r\n", ["malformed chunkSize"]), chunks("g\r\n", ["malformed chunkSize"]),
    chunks("-1\r\n", ["malformed chunkSize"]), chunks("0x1\r\nx", ["malformed chunkSize"]),
    chunks(" 1\r\nx", ["malformed chunkSize"]), chunks("1 \r\nx", ["malformed chunkLine"]),
    chunks("1 1\r\nx", ["malformed chunkLine"]), chunks("1;\u{0}\r\nx", ["malformed chunkLine"]),
    chunks("1\nx\r\n", ["malformed lineEnd"]), chunks("1;a\nx\r\n", ["malformed lineEnd"]),
    chunks("1\rx\r\n", ["malformed lineEnd"]),
    chunks("1\r\nxy\r\n", ["body x", "malformed chunkEnd"]),
    chunks("1\r\nx\n", ["body x", "malformed chunkEnd"]),
    chunks("1\r\nx\rx", ["body x", "malformed chunkEnd"]),
    chunks("0\r\nx\r\n\r\n", ["malformed fieldName"]),
    chunks("0\r\n x: y\r\n\r\n", ["malformed spaceBeforeFields"]),
    chunks("0\r\n\rx", ["malformed lineEnd"]),
  ])
  func `chunks are sizes with extensions, and trailers behind them`(_ response: HTTPCase) {
    response.check(.client)
  }

  // MARK: 8 and 9: connections

  @Test(arguments: [
    HTTPCase("", [], closes: true), HTTPCase("H", ["malformed endedEarly"], closes: true),
    HTTPCase(ok, ["status 200", "malformed endedEarly"], closes: true),
    HTTPCase(
      ok + "Content-Length: 5\r\n\r\nhell",
      ["status 200", "head open body", "body hell", "malformed endedEarly"], closes: true),
    HTTPCase(
      ok + "Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n",
      ["status 200", "head open body", "body x", "malformed endedEarly"], closes: true),
    HTTPCase(ok + empty, ["status 200", "head open body", "end"], closes: true),
    HTTPCase("HTTP/1.1 101 \r\n\r\nx", ["status 101", "head open", "upgraded"], closes: true),
    HTTPCase("HTTP/1.1 100 \r\n\r\n", ["status 100", "head open"], closes: true),
    HTTPCase("x", ["malformed version"], closes: true),
  ])
  func `a connection that closes ends a message or cuts it`(_ response: HTTPCase) {
    response.check(.client)
  }

  @Test(arguments: [
    ("1.1", "", true), ("1.1", "Connection: close\r\n", false),
    ("1.1", "Connection: keep-alive\r\n", true), ("1.1", "Connection: a, CLOSE\r\n", false),
    ("1.1", "Connection: closed\r\n", true), ("1.1", "Connection: clos e\r\n", true),
    ("1.1", "Connection: keep-alive, close\r\n", false),
    ("1.1", "Connection: x\r\nConnection: close\r\n", false), ("1.0", "", false),
    ("1.0", "Connection: keep-alive\r\n", true), ("1.0", "Connection: Keep-Alive, x\r\n", true),
    ("1.0", "Connection: keep-alive, close\r\n", false), ("1.1", "Connection:\r\n", true),
    ("1.1", "Connection: ,, ,close , ,\r\n", false), ("1.1", "Proxy-Connection: close\r\n", true),
  ])
  func `who closes says so, and HTTP 1.0 says when it does not`(
    version: String, field: String, keepsOpen: Bool
  ) {
    let text = "HTTP/\(version) 200 OK\r\n\(field)\(Self.empty)"
    for cuts in [[], Array(0..<text.utf8.count)] {
      let trace = HTTPTrace(.client, Array((text + text).utf8), cuts: cuts)
      #expect(trace.lines.count == (keepsOpen ? 6 : 3), "\(trace.lines)")
      #expect(trace.lines[2] == (keepsOpen ? "end" : "end close"))
    }
  }
}
