/// Finds numbers in the text of /proc files: pure functions.
///
/// They split bytes, not characters: the kernel writes ASCII, and splitting characters was most of what a
/// sample cost.
enum ProcText {
  /// The integers that a text begins with, up to the first word that is none: `file-nr`, `tcp_mem`.
  static func integers(_ text: String) -> [Int] {
    words(text[...]).lazy.map { Int($0) }.prefix { $0 != nil }.compactMap(\.self)
  }

  /// The integer that a text begins with; nil where the first word is none, such as `max`.
  static func integer(_ text: String) -> Int? { integers(text).first }

  static func lines(_ text: String) -> [Substring] {
    text.utf8.split(separator: newline).map { Substring($0) }
  }

  static func words(_ text: Substring) -> [Substring] {
    text.utf8.split { $0 == space || $0 == tab || $0 == newline }.map { Substring($0) }
  }

  /// What follows `name` on the first line that begins with `name`: `Name:\tvalue`, `name value`.
  static func line(_ name: String, in text: String) -> Substring? {
    for line in text.utf8.split(separator: newline) where line.starts(with: name.utf8) {
      let rest = line.dropFirst(name.utf8.count)
      guard let separator = rest.first, isSeparator(separator) else { continue }
      return Substring(rest.drop(while: isSeparator))
    }
    return nil
  }

  /// The integer that follows `name` on its line. Where the line has kB, which are 1024 bytes each (proc(5)),
  /// the result is in bytes.
  static func amount(_ name: String, in text: String) -> Int? {
    guard let words = line(name, in: text).map(words), let first = words.first,
      let value = Int(first)
    else { return nil }
    return words.dropFirst().first == "kB" ? value * 1024 : value
  }

  /// The numbers of a list of ranges: `0-3,8`.
  static func numbers(_ list: Substring) -> [Int] {
    list.split(separator: ",").flatMap { range in
      let ends = range.split(separator: "-").compactMap { Int($0) }
      guard let first = ends.first, let last = ends.last, first <= last else { return [Int]() }
      return Array(first...last)
    }
  }

  /// The ranges of a list of ports: `8080,30000-32767`.
  static func portRanges(_ list: String) -> [ClosedRange<UInt16>] {
    words(list[...]).flatMap { $0.split(separator: ",") }.compactMap { range in
      let ends = range.split(separator: "-").compactMap { UInt16($0) }
      guard let first = ends.first, let last = ends.last, first <= last else { return nil }
      return first...last
    }
  }

  /// The integers of all lines that have just `name` and an integer, however deep they are
  /// indented.
  static func amounts(_ name: String, in text: String) -> [Int] {
    text.utf8.split(separator: newline).compactMap { line in
      let line = line.drop { $0 == space }
      guard line.starts(with: name.utf8) else { return nil }
      let words = words(Substring(line))
      return words.count == 2 && words[0] == name ? Int(words[1]) : nil
    }
  }

  /// The values of one protocol in `/proc/net/snmp` and `/proc/net/netstat`: a line of names,
  /// then a line of values, both with the protocol before them.
  static func table(_ name: String, in text: String) -> [Substring: Int] {
    let lines = lines(text).filter { $0.hasPrefix(name + ":") }
    guard lines.count == 2 else { return [:] }
    let pairs = zip(words(lines[0]), words(lines[1])).dropFirst()
    return Dictionary(
      pairs.compactMap { name, value in Int(value).map { (name, $0) } },
      uniquingKeysWith: { first, _ in first })
  }

  /// The `name value` pairs on the line that begins with `name`: `TCP: inuse 1 orphan 0`.
  static func pairs(_ name: String, in text: String) -> [Substring: Int] {
    guard let words = line(name, in: text).map(words) else { return [:] }
    var pairs: [Substring: Int] = [:]
    for (name, value) in zip(words, words.dropFirst()) { pairs[name] = Int(value) }
    return pairs
  }

  private static let newline = UInt8(ascii: "\n")
  private static let space = UInt8(ascii: " ")
  private static let tab = UInt8(ascii: "\t")

  private static func isSeparator(_ byte: UInt8) -> Bool {
    byte == space || byte == tab || byte == UInt8(ascii: ":")
  }
}
