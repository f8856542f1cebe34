import Addressing

extension Reader {
  /// `HOST:PORT`, or a list of these.
  mutating func targets(_ item: Item) -> [Target] {
    guard case .list(let items) = item.value else {
      return value(item, "a host and a port, or a list", Self.target).map { [$0] } ?? []
    }
    if items.isEmpty { report(item.place, "target is an empty list") }
    var known: Set<String> = []
    return items.compactMap { item in
      let target = value(item, "a host and a port", Self.target)
      // A target that is named twice would count as two endpoints, but a source port connects to it
      // only once.
      if let target, !known.insert("\(target)".lowercased()).inserted {
        report(item.place, "\(target) stands twice in the list")
      }
      return target
    }
  }

  private static func target(_ text: String) throws(Problem) -> Target {
    let hint = "write HOST:PORT, for example server.lan:80, 127.0.0.1:80 or [::1]:80"
    guard let colon = text.lastIndex(of: ":") else {
      throw Problem("\(quoted(text)) is not a host and a port", hint: hint)
    }
    let host = String(text[..<colon])
    if isName(host) {
      return Target(host: host, port: try port(String(text[text.index(after: colon)...])))
    }
    let isPrintable = !host.isEmpty && host.utf8.allSatisfy { (0x21..<0x7F).contains($0) }
    guard isPrintable, host.contains("[") || !host.contains(":") else {
      throw Problem(
        "\(quoted(text)) is not a host and a port"
          + (isPrintable ? ": an IPv6 address stands in brackets" : ""), hint: hint)
    }
    let (addresses, port) = try listen(text)
    guard addresses.count == 1, !host.contains("/") else {
      throw Problem("\(quoted(text)) is a range", hint: "write a list of addresses")
    }
    return Target(host: "\(addresses.first)", port: port)
  }

  /// Whether a text can be the name of a host (RFC 1123, and underscores, which some names have).
  /// False for a text whose last label is a number, as an IPv4 address has it, and for a range of
  /// addresses.
  private static func isName(_ text: String) -> Bool {
    let labels = text.split(separator: ".", omittingEmptySubsequences: false)
    let isWord = { (label: Substring) in
      (1...63).contains(label.utf8.count) && label.first != "-" && label.last != "-"
        && label.utf8.allSatisfy { byte in
          switch byte {
          case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x5F: true
          default: false
          }
        }
    }
    guard text.utf8.count <= 253, labels.allSatisfy(isWord), let last = labels.last else {
      return false
    }
    let isRange = text.contains("-") && labels.allSatisfy { $0.allSatisfy { !$0.isLetter } }
    return !last.allSatisfy(\.isNumber) && !isRange
  }
}
