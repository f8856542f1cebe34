import Foundation

/// Plans as slips, broken files and malice make them of good ones: the same for the same seed.
struct Mutator {
  private var state: UInt64
  private let good: [[UInt8]]
  private let bad: [[UInt8]]

  init(seed: UInt64, good: [String], bad: [String]) {
    // xorshift64* never leaves zero.
    state = seed &* 0x9E37_79B9_7F4A_7C15 | 1
    self.good = good.map { Array($0.utf8) }
    self.bad = bad.map { Array($0.utf8) }
  }

  mutating func next() -> String {
    var text = below(3) > 0 ? good[below(good.count)] : bad[below(bad.count)]
    for _ in 0...below(3) { mutate(&text) }
    return String(decoding: text, as: UTF8.self)
  }

  /// A number from 0 up to and without `bound`, which is not zero.
  private mutating func below(_ bound: Int) -> Int {
    state ^= state >> 12
    state ^= state << 25
    state ^= state >> 27
    return Int((state &* 0x2545_F491_4F6C_DD1D) >> 33) % bound
  }

  private mutating func mutate(_ text: inout [UInt8]) {
    guard !text.isEmpty else { return insertPiece(into: &text) }
    let index = below(text.count)
    switch below(13) {
    case 0: text[index] ^= 1 << UInt8(below(8))
    case 1: swapLines(&text)
    case 2:
      let line = line(at: index, in: text)
      text.insert(contentsOf: text[line], at: line.lowerBound)
    case 3: text.removeSubrange(line(at: index, in: text))
    case 4, 5, 6: replaceWord(at: index, in: &text)
    case 7: text.removeSubrange(index...)
    case 8: text.removeSubrange(index..<min(text.count, index + 1 + below(20)))
    case 9: nest(at: index, in: &text)
    case 10:
      // A part of another plan, or of this one.
      let other = good[below(good.count)]
      let start = below(other.count)
      text.insert(contentsOf: other[start..<min(other.count, start + below(60))], at: index)
    default: insertPiece(into: &text)
    }
  }

  private mutating func insertPiece(into text: inout [UInt8]) {
    let piece = Self.pieces[below(Self.pieces.count)]
    text.insert(contentsOf: piece.utf8, at: below(text.count + 1))
  }

  private mutating func replaceWord(at index: Int, in text: inout [UInt8]) {
    let isWord = { (byte: UInt8) in
      (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte | 0x20) || byte == 0x2E
        || byte == 0x2D
    }
    var (start, end) = (index, index)
    while start > 0, isWord(text[start - 1]) { start -= 1 }
    while end < text.count, isWord(text[end]) { end += 1 }
    text.replaceSubrange(start..<end, with: Self.words[below(Self.words.count)].utf8)
  }

  private mutating func nest(at index: Int, in text: inout [UInt8]) {
    let depth = below(20) == 0 ? 2000 : 1 + below(24)
    let opening = ["[", "{a: ", "- ", "(", "{", "${x:-", "\"{"][below(7)]
    text.insert(contentsOf: String(repeating: opening, count: depth).utf8, at: index)
  }

  private mutating func swapLines(_ text: inout [UInt8]) {
    var lines = text.split(separator: 0x0A, omittingEmptySubsequences: false)
    lines.swapAt(below(lines.count), below(lines.count))
    text = Array(lines.joined(separator: [0x0A]))
  }

  private func line(at index: Int, in text: [UInt8]) -> Range<Int> {
    let start = text[..<index].lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
    let end = text[index...].firstIndex(of: 0x0A).map { $0 + 1 } ?? text.count
    return start..<end
  }

  /// What breaks a syntax.
  private static let pieces = [
    "\n", " ", "  ", ":", ": ", "- ", "{", "}", "{{", "}}", "[", "]", ",", "\"", "'", "#", "&", "*",
    "!", "|", ">", "%", "@", "?", "${", "$${", "$", "-", "/", "\\", "~", "<<: ", "---\n", "...",
    "::",
    ".", "\t", "\r", "\u{0}", "\u{85}", "\u{e9}", "\u{1F600}", "\u{FEFF}", "\u{F0001}", "\u{2028}",
    "\u{202E}", "e\u{301}", "{random:5}", "{port}", "{connection", "\\x00", "\\U0001F600",
    " in ramp",
    " for 10s", " abort", "messages: {m: {every: 1s, send: m}}\n", "include: shared/lab.plan\n",
    "(a+)+", "{1,99}", "[[:alpha:]]", "\\1",
  ]

  /// Keys and values, right and wrong, and numbers that no type holds.
  private static let words = [
    "name", "description", "include", "variables", "server", "target", "clients", "messages",
    "phases", "thresholds", "on-limit", "expect-limit", "guard", "sampling", "listen",
    "processes", "reply", "echo", "discard", "send", "push", "readiness", "backlog", "sources",
    "interface", "ports", "connect-timeout", "every", "rate", "bytes", "file", "conversation",
    "expect", "text", "matches", "timeout", "ramp", "hold", "churn", "search", "pause", "close",
    "to", "over", "for", "lifetime", "with", "from", "step", "confirm", "until", "reset", "fin",
    "auto", "off", "none", "errno", "at", "end", "resource", "connections", "failures.rate",
    "connect.p99.9", "memory.user", "phantom", "0", "1", "-1", "5", "20k", "1M", "0.5", "1e9",
    "99999999999999999999", "340282366920938463463374607431768211456", "0.000000000000000001",
    "1us", "250ms", "30s", "1h", "8760h", "9000h", "25k/s", "600/m", "1000M/s", "64B", "1MiB", "5%",
    "100%", "127.0.0.1", "127.0.0.1:9000", "::1", "[::1]:80", "10.0.0.0/8", "0.0.0.0/0",
    "127.0.0.9-127.0.0.2", "host.lan:80", "65536", "null", "true", "EMFILE", "${goal}",
    "${x:-5}", "shared/lab.plan", "shared/nowhere.plan", "request.http", "heartbeat",
    "substitute", "delays", "same", "length", "recorded", "session.yaml", "closing.yaml", "key",
    "steps", "receive", "base64", "AAEC/w==", "after", "captured", "forward", "client", "2",
  ]
}
