import Testing

@testable import Messages

/// The search that takes bytes one by one, against the one that has them all.
@Suite struct ByteSearchTests {
  /// Whether an expression is found in a text: in its bytes, or at its end alone.
  private func found(_ pattern: BytePattern, in bytes: [UInt8]) -> Bool {
    let search = pattern.search
    var state = [UInt64](repeating: 0, count: search.layout.words)
    var next = state
    var finding = search.layout.atStart
    var isFound = finding.isFound
    unsafe search.tables.withUnsafeBufferPointer { tables in
      unsafe state.withUnsafeMutableBufferPointer { state in
        unsafe next.withUnsafeMutableBufferPointer { next in
          unsafe ByteSearch.begin(search.layout, tables.baseAddress!, state.baseAddress!)
          for byte in bytes {
            finding = unsafe ByteSearch.advance(
              search.layout, tables.baseAddress!, state.baseAddress!, next.baseAddress!, byte)
            isFound = isFound || finding.isFound
          }
        }
      }
    }
    return isFound || finding.isFoundAtEnd
  }

  private func found(_ pattern: String, _ text: String) throws -> Bool {
    found(try BytePattern(pattern), in: Array(text.utf8))
  }

  @Test func `finds an expression anywhere, past zero bytes too`() throws {
    #expect(try found("^\\+PONG\r\n$", "+PONG\r\n"))
    #expect(try found("200 (OK|Found)", "HTTP/1.1 200 OK\r\n"))
    #expect(try found("b+c", "a\u{0}bbbc"))
    #expect(try !found("^b", "ab"))
    #expect(try !found("x", ""))
    #expect(try found("^$", ""))
    #expect(try !found("^$", "a"))
    #expect(try found("b$", "ab"))
    #expect(try !found("b$", "abc"))
    #expect(try !found("b$c", "bc"))
  }

  @Test func `says what is wrong with an expression`() {
    #expect(throws: BytePattern.Invalid.self) { try BytePattern("a(b") }
    do { _ = try BytePattern("[") } catch { #expect(!error.reason.isEmpty) }
  }

  @Test(arguments: [
    ("^\\d+\\s\\w+$", "17 a_b", true), ("^\\d", "d", false), ("\\D\\S\\W", "a-.", true),
    ("^\\D$", "7", false), ("a\\r\\n\\tb", "a\r\n\tb", true), ("a\\nb", "anb", false),
    ("\\.\\d", ".d", false), ("\\\\d", "\\d", true), ("[[:digit:]]{2}", "x42", true),
    ("a{,2}b", "b", true),
  ])
  func `takes the sets that others write`(pattern: String, text: String, isFound: Bool) throws {
    #expect(try found(pattern, text) == isFound)
  }

  @Test(arguments: [
    "\\bword", "(?i)ok", "(?=a)", "(?:a)", "a*?", "a+?b", "a??", "a{2}?", "a++", "(a)\\1", "\\x41",
    "\\u0041", "[\\d]", "[^\\w.]", "[\\]]", "\\A", "\\z", "\\Z", "\\B", "\\<", "\\pL", "\\Qa\\E",
  ])
  func `refuses what means something else elsewhere`(pattern: String) {
    #expect(throws: BytePattern.Invalid.self) { try BytePattern(pattern) }
  }

  @Test func `finds what the search through all bytes finds, whatever the expression`() throws {
    var random = Seeded(state: 21)
    var (hits, misses) = (0, 0)
    for _ in 0..<3000 {
      let text = ExpressionTests.pattern(depth: 3, &random)
      guard let pattern = try? BytePattern(text) else { continue }
      let bytes = (0..<Int.random(in: 1...14, using: &random)).map { _ in
        [0x61, 0x62, 0x63].randomElement(using: &random)! as UInt8
      }
      var effort = 0
      let machine = try ByteMachine(try Expression(text))
      let match = machine.match(in: bytes, 0..<bytes.count, isWhole: true, effort: &effort)
      // An empty match is none to the other search.
      guard match != nil || !found(pattern, in: []) else { continue }
      let isFound = found(pattern, in: bytes)
      if match != nil {
        hits += 1
        #expect(isFound, "\(text) in \(String(decoding: bytes, as: UTF8.self))")
      } else if !isFound {
        misses += 1
      }
    }
    #expect(hits > 800)
    #expect(misses > 50)
  }

  @Test func `one of more than a word is found across words`() throws {
    let text = String(repeating: "ab", count: 90)
    let pattern = try BytePattern("^(\(text)){2}c$")
    #expect(pattern.search.layout.words == 6)
    #expect(found(pattern, in: Array((text + text + "c").utf8)))
    #expect(!found(pattern, in: Array((text + text + "d").utf8)))
    #expect(!found(pattern, in: Array((text + "c").utf8)))
  }

  @Test func `a text is found as it is`() {
    let search = ByteSearch(text: Array("a.b".utf8))
    #expect(search.layout.words == 1)
    let most = ByteSearch(text: [UInt8](repeating: 7, count: ByteSearch.mostText))
    #expect(most.layout.words == 16)
  }
}
