import Protocols
import Testing

/// How much a peer can make a reader take before it refuses, and what a reader takes of memory.
@Suite struct HTTPBoundTests {
  private static func text(_ count: Int) -> String { String(repeating: "x", count: count) }

  private static let start = "GET / HTTP/1.1\r\nHost: a\r\n"
  private static let begun = ["method get", "target /"]

  @Test func `a reader takes no more than 24 bytes of a row`() {
    #expect(MemoryLayout<HTTPReader>.size <= 24)
    #expect(MemoryLayout<HTTPReader>.stride <= 24)
    #expect(MemoryLayout<HTTPReader.Event>.size <= 17)
  }

  @Test func `a line may be as long as its bound, CR included`() {
    let most = HTTPReader.mostLine
    let isRight = Self.text(most - "X: \r\n".utf8.count)
    HTTPCase(Self.start + "X: \(isRight)\r\n\r\n", Self.begun + ["head open", "end"])
      .check(.server)
    HTTPCase(Self.start + "X: x\(isRight)\r\n\r\n", Self.begun + ["malformed fieldLineTooLong"])
      .check(.server)
    HTTPCase(Self.start + Self.text(most + 1), Self.begun + ["malformed fieldLineTooLong"])
      .check(.server)
    HTTPCase(Self.start + "Host\(Self.text(300)): /\r\n\r\n", Self.begun + ["head open", "end"])
      .check(.server)
    let target = "/" + Self.text(most - "GET / HTTP/1.1\r\n".utf8.count)
    HTTPCase(
      "GET \(target) HTTP/1.0\r\n\r\n",
      ["method get", "target \(target)", "head 1.0", "end close"]
    ).check(.server)
    HTTPCase(
      "GET x:\(Self.text(most))",
      ["method get", "target x:\(Self.text(most - 6))", "malformed startLineTooLong"]
    ).check(.server)
    HTTPCase(Self.text(most + 1), ["malformed startLineTooLong"]).check(.server)
    HTTPCase(
      "GET / HTTP/1.1\r\nSec-WebSocket-Key: \(String(repeating: " ", count: most))",
      Self.begun + ["malformed fieldLineTooLong"]
    ).check(.server)
    HTTPCase("HTTP/1.1 200 \(Self.text(most))", ["malformed startLineTooLong"]).check(.client)
  }

  @Test func `all lines together may be as long as their bound`() {
    let line = "X: \(Self.text(1000 - 5))\r\n"
    let lines = String(repeating: line, count: HTTPReader.mostHead / 1000)
    let left = HTTPReader.mostHead - lines.utf8.count - Self.start.utf8.count - 2
    let last = "Y: \(Self.text(left - 5))"
    HTTPCase(Self.start + lines + last + "\r\n\r\n", Self.begun + ["head open", "end"])
      .check(.server)
    HTTPCase(Self.start + lines + last + "x\r\n\r\n", Self.begun + ["malformed headTooLong"])
      .check(.server)
    let body = Self.start + "Transfer-Encoding: chunked\r\n\r\n0\r\n"
    HTTPCase(
      body + lines + line + "\r\n", Self.begun + ["head open body", "malformed headTooLong"]
    ).check(.server)
    HTTPCase(body + lines + "\r\n", Self.begun + ["head open body", "end"]).check(.server)
  }

  @Test func `there may be as many headers as their bound`() {
    let lines = String(repeating: "X:\r\n", count: HTTPReader.mostFields - 1)
    HTTPCase(Self.start + lines + "\r\n", Self.begun + ["head open", "end"]).check(.server)
    HTTPCase(Self.start + lines + "Y:\r\n\r\n", Self.begun + ["malformed tooManyFields"])
      .check(.server)
  }

  @Test func `the line of a chunk may be as long as its bound`() {
    let start = Self.start + "Transfer-Encoding: chunked\r\n\r\n"
    let isRight = Self.text(HTTPReader.mostChunkLine - "1;\r\n".utf8.count)
    let told = Self.begun + ["head open body"]
    HTTPCase(start + "1;\(isRight)\r\nx\r\n0\r\n\r\n", told + ["body x", "end"]).check(.server)
    HTTPCase(start + "1;x\(isRight)\r\nx", told + ["malformed chunkLineTooLong"]).check(.server)
    let zeros = String(repeating: "0", count: HTTPReader.mostChunkLine)
    HTTPCase(start + zeros + "1", told + ["malformed chunkLineTooLong"]).check(.server)
  }
}
