import Glibc
import Testing

@testable import Messages

/// Our own search through bytes, against the C library's.
@Suite struct ExpressionTests {
  /// The leftmost and longest match, as regexec(3) sees it; nil where there is none or it is empty.
  private static func libraryMatch(_ pattern: String, _ bytes: [UInt8]) throws -> Range<Int>? {
    var compiled = regex_t()
    try #require(regcomp(&compiled, pattern, REG_EXTENDED) == 0)
    defer { regfree(&compiled) }
    var range = regmatch_t(rm_so: 0, rm_eo: regoff_t(bytes.count))
    let code = bytes.withUnsafeBytes {
      regexec(
        &compiled, $0.baseAddress?.assumingMemoryBound(to: CChar.self), 1, &range, REG_STARTEND)
    }
    guard code == 0, range.rm_eo > range.rm_so else { return nil }
    return Int(range.rm_so)..<Int(range.rm_eo)
  }

  private static func match(
    _ pattern: String, _ bytes: [UInt8], isWhole: Bool = true
  ) throws -> Range<Int>? {
    var effort = 0
    let machine = try ByteMachine(try Expression(pattern))
    return machine.match(in: bytes, 0..<bytes.count, isWhole: isWhole, effort: &effort)
  }

  @Test(arguments: [
    ("abc", "xxabcabc"), ("a|ab|abc", "zabcd"), ("(a|ab)(c|bcd)", "abcd"), ("x*", "xxa"),
    ("a{2,3}", "aaaaa"), ("a{,2}b", "aaab"), ("(ab){2}", "ababab"), ("^ab", "abab"),
    ("ab$", "abab"), ("^$|c", "abc"), ("[a-c]+d", "xabcd"), ("[]a]+", "x]a]"), ("[^]a]+", "]ab-"),
    ("[a-]+", "x-a-"), ("[[:digit:][:upper:]_]+", "a1B_c"), ("a\\.b", "axb a.b"), ("a.b", "a\nb"),
    ("\\(\\)", "()"), ("(|a)b", "ab"), ("()b", "ab"), ("a+*b", "aab"), ("[[:space:]]x", "\tx"),
    ("b\u{e9}+", "ab\u{e9}"), ("\\[[^[]*]", "a[b]c"), ("x{0}y", "xy"),
  ])
  func `finds what the C library finds`(pattern: String, text: String) throws {
    let bytes = Array(text.utf8)
    let expected = try #require(try Self.libraryMatch(pattern, bytes))
    #expect(try Self.match(pattern, bytes) == expected)
  }

  @Test func `finds what the C library finds, whatever the expression`() throws {
    var random = Seeded(state: 11)
    var found = 0
    for _ in 0..<3000 {
      let pattern = Self.pattern(depth: 3, &random)
      let bytes = (0..<Int.random(in: 0...14, using: &random)).map { _ in
        [UInt8](arrayLiteral: 0x61, 0x62, 0x63).randomElement(using: &random)!
      }
      let expected = try Self.libraryMatch(pattern, bytes)
      // An empty match at an earlier place hides a later one from the library.
      guard let expected else { continue }
      found += 1
      #expect(
        try Self.match(pattern, bytes) == expected,
        "\(pattern) in \(String(decoding: bytes, as: UTF8.self))")
    }
    #expect(found > 800)
  }

  @Test(arguments: ["alpha", "digit", "alnum", "upper", "lower", "space", "blank", "punct"])
  func `knows the C locale's classes`(name: String) throws {
    try expectClass(name)
  }

  @Test(arguments: ["print", "graph", "cntrl", "xdigit"])
  func `knows its rarer classes`(name: String) throws {
    try expectClass(name)
  }

  private func expectClass(_ name: String) throws {
    let set = try #require(ByteSet(class: name))
    for byte in 1...UInt8.max {
      let isMember = try Self.libraryMatch("[[:\(name):]]", [byte]) != nil
      #expect(set.contains(byte) == isMember, "\(byte)")
      #expect(set.inverted.contains(byte) != isMember)
    }
  }

  @Test(arguments: [
    "a(b", "[", "[a", "a\\", "*a", "a|*b", "(+a)", "a{", "a{1", "a{2,1}", "a{x}", "a{}", "a{,}",
    "a{1,2,3}", "a{40000}", "[z-a]", "[[:letters:]]", "[[.a.]]", "[[=a=]]", "(a)\\1", "\\q", "\\<a",
    "\\ba", "^*", "$+", String(repeating: "(", count: 200), "(a{1000}){1000}",
    "((((((a{30}){30}){30}){30}){30}){30}){30}", "k=([!-\\n]+)", "[!-\\d]", "[!-\\]]",
  ])
  func `refuses what it does not know, or what is too long`(pattern: String) {
    let error = #expect(throws: BytePattern.Invalid.self) {
      _ = try ByteMachine(try Expression(pattern))
    }
    #expect(error?.reason.isEmpty == false)
  }

  @Test func `repetitions of nothing cost nothing`() throws {
    let machine = try ByteMachine(try Expression("((((){9999}){9999}){9999}){9999}a"))
    var effort = 0
    #expect(machine.match(in: [0x61], 0..<1, isWhole: true, effort: &effort) == 0..<1)
  }

  @Test func `looks at each byte once, however little it finds`() throws {
    // regexec(3) would look at half of the square of them.
    let bytes = [UInt8](repeating: 0x78, count: 100_000)
    var effort = 0
    let machine = try ByteMachine(try Expression("[^ ]+@[^ ]+"))
    #expect(machine.match(in: bytes, 0..<bytes.count, isWhole: true, effort: &effort) == nil)
    #expect(effort == bytes.count)
  }

  @Test(arguments: [
    ("secret", "a se", 2), ("secret", "a set", nil), ("secret", "secret", nil),
    ("AUTH [a-z]+", "x AUTH a", 2), ("AUTH [a-z]+", "x AUTH a ", nil), ("a$", "ba", 1),
    ("^ab", "a", 0), ("^ab", "xa", nil), (".*z", "abc", 0), ("aab", "aaa", 1), ("ab", "", nil),
  ])
  func `knows what more bytes could make a match of`(
    pattern: String, text: String, start: Int?
  ) throws {
    let machine = try ByteMachine(try Expression(pattern))
    #expect(machine.pending(in: Array(text.utf8)) == start)
  }

  @Test func `what is pending is where a later match begins`() throws {
    var random = Seeded(state: 5)
    var found = 0
    for _ in 0..<2000 {
      let pattern = Self.pattern(depth: 2, &random)
      let bytes = (0..<10).map { _ in [0x61, 0x62, 0x63].randomElement(using: &random)! as UInt8 }
      let cut = Int.random(in: 1...9, using: &random)
      guard let match = try Self.match(pattern, bytes), match.lowerBound < cut,
        match.upperBound > cut
      else { continue }
      found += 1
      let machine = try ByteMachine(try Expression(pattern))
      let pending = try #require(machine.pending(in: Array(bytes[..<cut])), "\(pattern)")
      #expect(pending <= match.lowerBound)
    }
    #expect(found > 100)
  }

  /// An expression over a, b and c, sometimes with anchors, at its ends alone: in repetitions the C
  /// library takes them for true a second time.
  static func pattern(depth: Int, _ random: inout Seeded) -> String {
    let inner = part(depth: depth, &random)
    switch Int.random(in: 0..<8, using: &random) {
    case 0: return "^" + inner
    case 1: return inner + "$"
    default: return inner
    }
  }

  private static func part(depth: Int, _ random: inout Seeded) -> String {
    if depth == 0 { return ["a", "b", "c", "[ab]", "[b-c]"].randomElement(using: &random)! }
    let one = part(depth: depth - 1, &random)
    let other = part(depth: depth - 1, &random)
    switch Int.random(in: 0..<9, using: &random) {
    case 0, 1, 2: return one + other
    case 3: return "(\(one)|\(other))"
    case 4: return "(\(one))*\(other)"
    case 5: return "(\(one))+"
    case 6: return "(\(one))?\(other)"
    case 7: return "(\(one)){1,2}"
    default: return "(\(one))"
    }
  }
}

/// SplitMix64: the same numbers for the same seed, everywhere.
struct Seeded: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}
