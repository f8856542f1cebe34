import Testing

@testable import Recording

/// Bytes of a peer as text that a terminal only shows.
@Suite struct EscapedTextTests {
  @Test(arguments: [
    ("", "\"\""), ("hello", "\"hello\""), ("a\nb\r\tc", "\"a\\nb\\r\\tc\""),
    ("say \"x\" \\ y", "\"say \\\"x\\\" \\\\ y\""), ("\u{1B}[2J", "\"\\x1b[2J\""),
    ("\u{7}\u{0}\u{7F}", "\"\\x07\\x00\\x7f\""), ("grüße 🚀", "\"grüße 🚀\""),
    // A control of C1, a mark that turns the direction of text, a line separator.
    ("\u{9B}31m", "\"\\xc2\\x9b31m\""), ("\u{202E}x", "\"\\xe2\\x80\\xaex\""),
    ("\u{2028}", "\"\\xe2\\x80\\xa8\""), ("\u{AD}", "\"\\xc2\\xad\""),
  ])
  func `nothing is left that a terminal would obey`(text: String, shown: String) {
    #expect(EscapedText.shown(Array(text.utf8)) == shown)
  }

  @Test(arguments: [
    ([0xFF, 0x41], "\"\\xffA\""), ([0xC3], "\"\\xc3\""), ([0xC3, 0x28], "\"\\xc3(\""),
    ([0xE2, 0x82], "\"\\xe2\\x82\""), ([0xF0, 0x9F, 0x9A], "\"\\xf0\\x9f\\x9a\""),
    // Overlong, a surrogate, beyond Unicode.
    ([0xC0, 0x80], "\"\\xc0\\x80\""), ([0xED, 0xA0, 0x80], "\"\\xed\\xa0\\x80\""),
    ([0xF5, 0x80, 0x80, 0x80], "\"\\xf5\\x80\\x80\\x80\""),
  ])
  func `what is not UTF-8 is shown byte by byte`(bytes: [UInt8], shown: String) {
    #expect(EscapedText.shown(bytes) == shown)
  }

  @Test func `long pieces are cut, with a count of the rest`() {
    let bytes = [UInt8](repeating: UInt8(ascii: "a"), count: EscapedText.longest)
    #expect(EscapedText.shown(bytes).count == EscapedText.longest + 2)
    let more = EscapedText.shown(bytes + [UInt8](repeating: 10, count: 64_536))
    #expect(more.hasSuffix("aa\"… and 64,536 bytes"))
    // Never within a character.
    let odd = Array(("a" + String(repeating: "é", count: 600)).utf8)
    #expect(EscapedText.shown(odd).hasSuffix("é\"… and 200 bytes"))
  }

  @Test(arguments: [
    ("hello", "hello"), ("a\\nb\\r\\t", "a\nb\r\t"), ("\\\\n", "\\n"), ("\\\"", "\""),
    ("\\x41\\x00\\x7F\\x7f", "A\u{0}\u{7F}\u{7F}"), ("\\x411", "A1"), ("ü", "ü"),
  ])
  func `escapes stand for bytes`(text: String, meant: String) throws {
    #expect(try EscapedText.bytes(of: text) == Array(meant.utf8))
  }

  @Test(arguments: [
    ("\\q", "\\q"), ("a\\", "\\"), ("\\x", "\\x"), ("\\x4", "\\x4"), ("\\xg0", "\\xg0"),
    ("\\x+1", "\\x+1"), ("\\c", "\\c"),
  ])
  func `unknown escapes are named`(text: String, escape: String) {
    #expect(throws: EscapedText.Wrong(escape: escape)) { try EscapedText.bytes(of: text) }
  }

  @Test func `what is shown is read as the same bytes again`() throws {
    var generator = SystemRandomNumberGenerator()
    for _ in 0..<500 {
      let length = Int.random(in: 0...60, using: &generator)
      let bytes = (0..<length).map { _ in UInt8.random(in: 0...255, using: &generator) }
      // By scalars: a quote and a mark that combines with it are one character.
      let quoted = EscapedText.shown(bytes).unicodeScalars
      let shown = String(quoted.dropFirst().dropLast())
      #expect(try EscapedText.bytes(of: shown) == bytes, "\(bytes)")
    }
  }
}
