/// How the kernel writes its facts: pure functions over the text of /proc files.
enum ProcText {
  /// The integers that a text begins with: `file-nr`, `tcp_mem`.
  static func integers(_ text: String) -> [Int] {
    let words = text.split { $0 == " " || $0 == "\t" || $0 == "\n" }
    return words.lazy.map { Int($0) }.prefix { $0 != nil }.compactMap(\.self)
  }

  static func integer(_ text: String) -> Int? { integers(text).first }

  /// What follows `name` on the line that begins with it: `Name:\tvalue`, `name value`.
  static func line(_ name: String, in text: String) -> Substring? {
    for line in text.split(separator: "\n") where line.hasPrefix(name) {
      let rest = line.dropFirst(name.count)
      guard let separator = rest.first, " :\t".contains(separator) else { continue }
      return rest.drop { " :\t".contains($0) }
    }
    return nil
  }

  /// A line's first integer; in bytes where the line counts in kB, which is 1024 (proc(5)).
  static func amount(_ name: String, in text: String) -> Int? {
    guard let words = line(name, in: text)?.split(separator: " "), let first = words.first,
      let value = Int(first)
    else { return nil }
    return words.dropFirst().first == "kB" ? value * 1024 : value
  }

  /// The integer on every line that begins with `name`, however deep it is indented.
  static func amounts(_ name: String, in text: String) -> [Int] {
    text.split(separator: "\n").compactMap { line in
      let words = line.split(separator: " ")
      return words.count == 2 && words[0] == name ? Int(words[1]) : nil
    }
  }

  /// The values of one protocol in `/proc/net/snmp` and `/proc/net/netstat`: a line of names,
  /// then a line of values, both with the protocol before them.
  static func table(_ name: String, in text: String) -> [Substring: Int] {
    let lines = text.split(separator: "\n").filter { $0.hasPrefix(name + ":") }
    guard lines.count == 2 else { return [:] }
    let pairs = zip(lines[0].split(separator: " "), lines[1].split(separator: " ")).dropFirst()
    return Dictionary(
      pairs.compactMap { name, value in Int(value).map { (name, $0) } },
      uniquingKeysWith: { first, _ in first })
  }

  /// `name value` pairs behind a line's head: `TCP: inuse 1 orphan 0`.
  static func pairs(_ name: String, in text: String) -> [Substring: Int] {
    guard let words = line(name, in: text)?.split(separator: " ") else { return [:] }
    var pairs: [Substring: Int] = [:]
    for (name, value) in zip(words, words.dropFirst()) { pairs[name] = Int(value) }
    return pairs
  }
}
