import Protocols
import Testing

/// Frames, section by section of RFC 6455.
@Suite struct WebSocketFrameTests {
  private static let key: [UInt8] = [0x37, 0xFA, 0x21, 0x3D]

  /// Expects it of a server's frames and, masked, of a client's.
  private func check(
    _ frames: [TestFrame], _ told: [String], mostMessage: UInt32 = .max
  ) {
    WebSocketTrace.check(.client, frames.flatMap(\.bytes), told, mostMessage: mostMessage)
    let masked = frames.flatMap { frame in
      var frame = frame
      frame.key = Self.key
      return frame.bytes
    }
    WebSocketTrace.check(.server, masked, told, mostMessage: mostMessage)
  }

  @Test func `a reader takes no more than 24 bytes of a row`() {
    #expect(MemoryLayout<WebSocketReader>.size <= 24)
    #expect(MemoryLayout<WebSocketReader>.stride <= 24)
    #expect(MemoryLayout<WebSocketReader.Event>.size <= 17)
  }

  // MARK: 5.7: the examples

  @Test func `the examples of the RFC are read`() {
    let hello = ["text", "data Hello", "end"]
    WebSocketTrace.check(.client, [0x81, 0x05, 0x48, 0x65, 0x6C, 0x6C, 0x6F], hello)
    WebSocketTrace.check(
      .server, [0x81, 0x85, 0x37, 0xFA, 0x21, 0x3D, 0x7F, 0x9F, 0x4D, 0x51, 0x58], hello)
    WebSocketTrace.check(
      .client, [0x01, 0x03, 0x48, 0x65, 0x6C, 0x80, 0x02, 0x6C, 0x6F], hello)
    WebSocketTrace.check(
      .client, [0x89, 0x05, 0x48, 0x65, 0x6C, 0x6C, 0x6F],
      ["ping 5", "payload Hello", "control end"])
    WebSocketTrace.check(
      .server, [0x8A, 0x85, 0x37, 0xFA, 0x21, 0x3D, 0x7F, 0x9F, 0x4D, 0x51, 0x58],
      ["pong 5", "payload Hello", "control end"])
    let short = String(repeating: "x", count: 256)
    WebSocketTrace.check(
      .client, [0x82, 0x7E, 0x01, 0x00] + Array(short.utf8), ["binary", "data \(short)", "end"])
    let long = String(repeating: "x", count: 65536)
    WebSocketTrace.check(
      .client, [0x82, 0x7F, 0, 0, 0, 0, 0, 1, 0, 0] + Array(long.utf8),
      ["binary", "data \(long)", "end"])
  }

  // MARK: 5.1 and 5.2: masks, bits, opcodes, lengths

  @Test func `clients mask and servers do not`() {
    WebSocketTrace.check(
      .server, TestFrame(0x81, "a").bytes, ["malformed notMasked"])
    WebSocketTrace.check(
      .client, TestFrame(0x81, "a", key: Self.key).bytes, ["malformed masked"])
  }

  @Test(arguments: [0x10, 0x20, 0x40, 0x70] as [UInt8])
  func `a reserved bit is refused, in any frame`(bit: UInt8) {
    for first in [0x81, 0x02, 0x89, 0x88] as [UInt8] {
      check([TestFrame(first | bit, "a")], ["malformed reservedBits"])
    }
    check(
      [TestFrame(0x01, "a"), TestFrame(0x80 | bit, "b")],
      ["text", "data a", "malformed reservedBits"])
  }

  @Test(arguments: Array(3...7) + Array(11...15))
  func `a reserved opcode is refused`(opcode: UInt8) {
    check([TestFrame(0x80 | opcode)], ["malformed reservedOpcode"])
    check(
      [TestFrame(0x82, "a"), TestFrame(opcode)],
      ["binary", "data a", "end", "malformed reservedOpcode"])
  }

  @Test(arguments: [0, 1, 124, 125, 126, 127, 1000])
  func `a length is written as short as can be`(count: Int) {
    let text = String(repeating: "y", count: count)
    let told = ["binary"] + (count == 0 ? [] : ["data \(text)"]) + ["end"]
    check([TestFrame(0x82, text)], told)
    let long = [127, 0, 0, 0, 0, 0, 0, UInt8(count >> 8), UInt8(count & 255)]
    check(
      [TestFrame(0x82, Array(text.utf8), length: long)], ["malformed longLengthOfShort"])
    if count < 126 {
      check(
        [TestFrame(0x82, Array(text.utf8), length: [126, 0, UInt8(count)])],
        ["malformed longLengthOfShort"])
    }
  }

  @Test func `a length has 16 bits or 63`() {
    check([TestFrame(0x82, [], length: [126, 0xFF, 0xFF])], ["binary"])
    check(
      [TestFrame(0x82, [], length: [127, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF])],
      ["malformed longLengthOfShort"])
    check([TestFrame(0x82, [], length: [127, 0, 0, 0, 0, 0, 1, 0, 0])], ["binary"])
    check(
      [TestFrame(0x82, "a".utf8 + [], length: [127, 0x7F] + [UInt8](repeating: 0xFF, count: 7))],
      ["binary", "data a"])
    check(
      [TestFrame(0x82, [], length: [127, 0x80, 0, 0, 0, 0, 0, 0, 0])],
      ["malformed lengthTooLarge"])
  }

  // MARK: 5.4: fragments

  @Test func `a message may come in fragments, with control frames between`() {
    check(
      [
        TestFrame(0x01, "a"), TestFrame(0x00, "b"), TestFrame(0x89, "p"), TestFrame(0x00),
        TestFrame(0x8A), TestFrame(0x80, "c"), TestFrame(0x02), TestFrame(0x80), TestFrame(0x81),
      ],
      [
        "text", "data ab", "ping 1", "payload p", "control end", "pong 0", "control end", "data c",
        "end", "binary", "end", "text", "end",
      ])
    check([TestFrame(0x00, "a")], ["malformed nothingToContinue"])
    check([TestFrame(0x80, "a")], ["malformed nothingToContinue"])
    check(
      [TestFrame(0x81, "a"), TestFrame(0x80, "b")],
      ["text", "data a", "end", "malformed nothingToContinue"])
    for first in [0x01, 0x02, 0x81, 0x82] as [UInt8] {
      check(
        [TestFrame(0x02, "a"), TestFrame(first, "b")],
        ["binary", "data a", "malformed messageInMessage"])
    }
  }

  // MARK: 5.5: control frames

  @Test(arguments: [0x08, 0x09, 0x0A] as [UInt8])
  func `a control frame is whole and has at most 125 bytes`(opcode: UInt8) {
    check([TestFrame(opcode)], ["malformed fragmentedControl"])
    let long = String(repeating: "z", count: 126)
    check([TestFrame(0x80 | opcode, long)], ["malformed longControl"])
    check([TestFrame(0x80 | opcode, [], length: [127])], ["malformed longControl"])
    guard opcode != 0x08 else { return }
    let most = String(repeating: "z", count: 125)
    let word = opcode == 0x09 ? "ping" : "pong"
    check([TestFrame(0x80 | opcode, most)], ["\(word) 125", "payload \(most)", "control end"])
  }

  // MARK: 10.4: bounds

  @Test func `a message has a bound, in one frame or in many`() {
    check([TestFrame(0x81, "abc")], ["text", "data abc", "end"], mostMessage: 3)
    check([TestFrame(0x81, "abcd")], ["malformed messageTooLong"], mostMessage: 3)
    check(
      [TestFrame(0x01, "ab"), TestFrame(0x89, "long ping"), TestFrame(0x80, "c")],
      ["text", "data ab", "ping 9", "payload long ping", "control end", "data c", "end"],
      mostMessage: 3)
    check(
      [TestFrame(0x01, "ab"), TestFrame(0x80, "cd")],
      ["text", "data ab", "malformed messageTooLong"],
      mostMessage: 3)
    check(
      [TestFrame(0x81, "abc"), TestFrame(0x82, "abc")],
      ["text", "data abc", "end", "binary", "data abc", "end"], mostMessage: 3)
    check([TestFrame(0x82)], ["binary", "end"], mostMessage: 0)
    // 2^63 - 1 bytes, and one more message of them, are no more than any length.
    let length = [127, 0x7F] + [UInt8](repeating: 0xFF, count: 7)
    check(
      [TestFrame(0x82, [], length: length)], ["malformed messageTooLong"],
      mostMessage: .max - 1)
  }

  @Test func `every fault has words, a section and a code to close with`() {
    #expect(Set(WebSocketFault.allCases.map(\.words)).count == WebSocketFault.allCases.count)
    for fault in WebSocketFault.allCases {
      #expect(fault.section.hasPrefix("RFC 6455, "))
      #expect([1002, 1007, 1009].contains(fault.closeCode))
    }
    #expect(WebSocketFault.invalidText.closeCode == 1007)
    #expect(WebSocketFault.messageTooLong.closeCode == 1009)
    #expect(WebSocketFault.masked.closeCode == 1002)
  }

  // MARK: Writing

  @Test(arguments: [0, 1, 125, 126, 127, 65535, 65536, 70000])
  func `frames are written as they are read`(count: Int) {
    let payload = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7) }
    for opcode in WebSocketFrame.Opcode.allCases where !opcode.isControl || count < 126 {
      for (key, isFinal) in [(nil, true), (0x37FA_213D, true), (0x37FA_213D, false)]
        as [(UInt32?, Bool)]
      {
        let expected = TestFrame(
          opcode.rawValue | (isFinal ? 0x80 : 0), payload, key: key == nil ? nil : Self.key
        ).bytes
        var written = [UInt8](repeating: 0, count: expected.count)
        let used = unsafe written.withUnsafeMutableBytes { buffer in
          unsafe payload.withUnsafeBytes {
            unsafe WebSocketFrame.write(opcode, $0, isFinal: isFinal, key: key, into: buffer)
          }
        }
        #expect(used == expected.count)
        #expect(written == expected)
        #expect(
          WebSocketFrame.headerCount(payload: count, isMasked: key != nil)
            == expected.count - count)
        // With a byte too few nothing is written.
        var small = [UInt8](repeating: 9, count: expected.count - 1)
        let none = unsafe small.withUnsafeMutableBytes { buffer in
          unsafe payload.withUnsafeBytes {
            unsafe WebSocketFrame.write(opcode, $0, key: key, into: buffer)
          }
        }
        #expect(none == 0)
        #expect(small.allSatisfy { $0 == 9 })
      }
    }
  }

  @Test func `a header goes into a buffer of its own size`() {
    var header = [UInt8](repeating: 0, count: WebSocketFrame.mostHeader)
    let used = unsafe header.withUnsafeMutableBytes {
      unsafe WebSocketFrame.writeHeader(.binary, payload: .max, key: 0x0102_0304, into: $0)
    }
    #expect(used == 14)
    #expect(header == [0x82, 0xFF, 0x7F] + [UInt8](repeating: 0xFF, count: 7) + [1, 2, 3, 4])
    let refused = unsafe header.withUnsafeMutableBytes {
      unsafe WebSocketFrame.writeHeader(.binary, payload: -1, key: nil, into: $0)
    }
    #expect(refused == 0)
  }
}
