import Protocols
import Testing

/// Closing (RFC 6455, 5.5.1 and 7.4) and text (8.1).
@Suite struct WebSocketCloseTests {
  private func check(_ frames: [TestFrame], _ told: [String]) {
    for key in [[1, 2, 3, 4], [0xFF, 0x80, 0, 0x7F]] as [[UInt8]] {
      let masked = frames.flatMap { TestFrame($0.first, $0.payload, key: key).bytes }
      WebSocketTrace.check(.server, masked, told)
    }
    WebSocketTrace.check(.client, frames.flatMap(\.bytes), told)
  }

  private func close(_ code: Int, _ reason: [UInt8] = []) -> TestFrame {
    TestFrame(0x88, [UInt8(code >> 8), UInt8(code & 255)] + reason)
  }

  @Test func `a peer closes with a code and a reason, or without`() {
    check([TestFrame(0x88)], ["close 1005", "closed"])
    check([close(1000)], ["close 1000", "closed"])
    check([close(1001, Array("b\u{fc}e".utf8))], ["close 1001", "reason b\u{fc}e", "closed"])
    check([TestFrame(0x88, [3])], ["malformed closeOfOneByte"])
    let most = String(repeating: "r", count: 123)
    check([close(4999, Array(most.utf8))], ["close 4999", "reason \(most)", "closed"])
  }

  @Test func `what follows a close frame is passed over`() {
    check([close(1000), TestFrame(0x81, "a"), TestFrame(0xFF)], ["close 1000", "closed"])
    // Also within a message, whose text was cut.
    check(
      [TestFrame(0x01, [0xC3]), close(1000, [0x61])],
      ["text", "data \u{fffd}", "close 1000", "reason a", "closed"])
  }

  @Test(arguments: [
    (0...999, false), (1000...1003, true), (1004...1006, false), (1007...1014, true),
    (1015...2999, false), (3000...4999, true), (5000...65535, false),
  ])
  func `only codes that mean something may be sent`(codes: ClosedRange<Int>, isRight: Bool) {
    for code in codes where WebSocketFrame.isCode(UInt16(code)) != isRight {
      Issue.record("\(code)")
    }
    for code in [codes.lowerBound, codes.upperBound] {
      check([close(code)], isRight ? ["close \(code)", "closed"] : ["malformed closeCode"])
    }
  }

  @Test func `a reason is text`() {
    check([close(1000, [0x61, 0xFF])], ["close 1000", "reason a", "malformed invalidReason"])
    check([close(1000, [0xFF])], ["close 1000", "malformed invalidReason"])
    check(
      [close(1000, [0xC3])], ["close 1000", "reason \u{fffd}", "malformed invalidReason"])
  }

  @Test func `a close frame is written with its code`() {
    var bytes = [UInt8](repeating: 0, count: 8)
    let plain = unsafe bytes.withUnsafeMutableBytes {
      unsafe WebSocketFrame.writeClose(code: 1007, key: nil, into: $0)
    }
    #expect(Array(bytes.prefix(plain)) == close(1007).bytes)
    let masked = unsafe bytes.withUnsafeMutableBytes {
      unsafe WebSocketFrame.writeClose(code: 1007, key: 0x0102_0304, into: $0)
    }
    #expect(masked == 8)
    #expect(bytes == TestFrame(0x88, [3, 0xEF], key: [1, 2, 3, 4]).bytes)
  }

  // MARK: 8.1

  private static let right: [[UInt8]] = [
    [], [0x00], [0x7F], [0xC2, 0x80], [0xDF, 0xBF], [0xE0, 0xA0, 0x80], [0xED, 0x9F, 0xBF],
    [0xEE, 0x80, 0x80], [0xEF, 0xBF, 0xBF], [0xF0, 0x90, 0x80, 0x80], [0xF4, 0x8F, 0xBF, 0xBF],
    Array("\u{3ba}\u{1f79}\u{3c3}\u{3bc}\u{3b5} plain text of many bytes \u{1f600}".utf8),
  ]

  /// Bytes, and how many of them are right.
  private static let wrong: [([UInt8], Int)] = [
    ([0x80], 0), ([0xBF], 0), ([0xC0, 0x80], 0), ([0xC1, 0xBF], 0), ([0xC2, 0x41], 1),
    ([0xC2, 0xC2], 1), ([0xE0, 0x9F, 0xBF], 1), ([0xED, 0xA0, 0x80], 1), ([0xEF, 0xBF, 0x41], 2),
    ([0xF0, 0x8F, 0xBF, 0xBF], 1), ([0xF4, 0x90, 0x80, 0x80], 1), ([0xF5, 0x80, 0x80, 0x80], 0),
    ([0xF1, 0x80, 0x80, 0xC0], 3), ([0xFE], 0), ([0xFF], 0),
    (Array("eight by".utf8) + [0x80], 8), (Array("sixteen bytes it".utf8) + [0xC3, 0x28], 17),
    (Array("sixteen b\u{e9}tes".utf8) + [0xF4, 0xBF], 15),
  ]

  @Test func `a text is UTF-8, across frames and pieces`() {
    for text in Self.right {
      for cut in 0...text.count {
        let told = ["text"] + (text.isEmpty ? [] : ["data"]) + ["end"]
        let frames = [
          TestFrame(0x01, Array(text[..<cut])), TestFrame(0x80, Array(text[cut...])),
        ]
        let trace = WebSocketTrace(.client, frames.flatMap(\.bytes))
        #expect(trace.lines == told)
        #expect(trace.pieces.flatMap { $0 } == text)
        // With a ping between, which need be no text.
        let between = [frames[0], TestFrame(0x89, [0xFF]), frames[1]]
        #expect(WebSocketTrace(.client, between.flatMap(\.bytes)).lines.last == "end")
      }
      check([TestFrame(0x81, text)], WebSocketTrace(.client, TestFrame(0x81, text).bytes).told)
    }
  }

  @Test func `what is no text is refused at its first wrong byte`() {
    for (text, right) in Self.wrong {
      for cut in 0...text.count {
        let frames = [
          TestFrame(0x01, Array(text[..<cut])), TestFrame(0x80, Array(text[cut...])),
        ]
        let trace = WebSocketTrace(.client, frames.flatMap(\.bytes))
        #expect(trace.lines.last == "malformed invalidText")
        #expect(trace.pieces.flatMap { $0 } == Array(text.prefix(right)), "\(text)")
      }
      check([TestFrame(0x81, text)], WebSocketTrace(.client, TestFrame(0x81, text).bytes).told)
      // Binary it may be.
      check([TestFrame(0x82, text)], WebSocketTrace(.client, TestFrame(0x82, text).bytes).told)
      #expect(WebSocketTrace(.client, TestFrame(0x82, text).bytes).lines.last == "end")
    }
    check([TestFrame(0x81, [0xE2, 0x82])], ["text", "data \u{fffd}", "malformed invalidText"])
    check(
      [TestFrame(0x81, [0x61, 0xE2]), TestFrame(0x81, "b")],
      ["text", "data a\u{fffd}", "malformed invalidText"])
  }

  @Test func `every two bytes and many more are judged as the standard library does`() {
    for first in 0...255 as ClosedRange<UInt8> {
      for second in 0...255 as ClosedRange<UInt8> {
        for tail in [[], [0x80], [0x80, 0x80], [0xBF, 0xBF]] as [[UInt8]] {
          let text = [first, second] + tail
          let isRight = String(validating: text, as: UTF8.self) != nil
          let bytes = [0x81, UInt8(text.count)] + text
          var reader = WebSocketReader(.client)
          if Self.isText(bytes, &reader) != isRight { Issue.record("\(text)") }
        }
      }
    }
  }

  private static func isText(_ bytes: [UInt8], _ reader: inout WebSocketReader) -> Bool {
    var bytes = bytes
    return unsafe bytes.withUnsafeMutableBytes { buffer in
      var offset = 0
      while true {
        let step = unsafe reader.next(UnsafeMutableRawBufferPointer(rebasing: buffer[offset...]))
        offset += step.used
        switch step.event {
        case .messageEnd: return true
        case .malformed, .more: return false
        default: break
        }
      }
    }
  }
}
