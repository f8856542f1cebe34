import Addressing
import Recording

extension Reader {
  /// `expect-limit: {errno: EMFILE, at: socket, connections: 19k..20k}`
  mutating func expectedLimit(_ item: Item) -> ExpectedLimit? {
    let known = ["errno", "at", "end", "resource", "connections"]
    guard let fields = fields(item, in: "expect-limit", known: known) else { return nil }
    if fields.isEmpty {
      report(
        item.place, "expect-limit is empty",
        hint: "for example expect-limit: {errno: EMFILE, at: socket}")
    }
    return ExpectedLimit(
      errno: fields["errno"].flatMap { value($0.item, "an errno", Self.errnoName) },
      at: fields["at"].flatMap { text($0.item, "a system call") },
      end: fields["end"].flatMap { word($0.item, as: End.self) },
      resource: fields["resource"].flatMap { word($0.item, as: Resource.self) },
      connections: fields["connections"].flatMap { value($0.item, "a range", Self.counts) })
  }

  private static func errnoName(_ text: String) throws(Problem) -> String {
    let isName =
      text.first == "E"
      && text.utf8.allSatisfy {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0)
          || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
      }
    guard isName else {
      throw Problem("\(quoted(text)) is not the name of an errno", hint: "for example EMFILE")
    }
    return text
  }

  /// `19k..20k`, or one count.
  private static func counts(_ text: String) throws(Problem) -> ClosedRange<Int> {
    guard let dots = text.firstRange(of: "..") else {
      let count = try Units.count(text)
      return count...count
    }
    let first = try Units.count(String(text[..<dots.lowerBound]))
    let last = try Units.count(String(text[dots.upperBound...]))
    guard first <= last else {
      throw Problem(
        "the range \(quoted(text)) is reversed",
        hint: "did you mean '\(text[dots.upperBound...])..\(text[..<dots.lowerBound])'?")
    }
    return first...last
  }

  /// `HOST:PORT`, or a list of these.
  mutating func targets(_ item: Item) -> [Target] {
    guard case .list(let items) = item.value else {
      return value(item, "an address and a port, or a list", Self.target).map { [$0] } ?? []
    }
    if items.isEmpty { report(item.place, "target is an empty list") }
    var known: Set<Target> = []
    return items.compactMap { item in
      let target = value(item, "an address and a port", Self.target)
      // It would be counted twice and have its source ports once.
      if let target, !known.insert(target).inserted {
        report(item.place, "\(target) stands twice in the list")
      }
      return target
    }
  }

  private static func target(_ text: String) throws(Problem) -> Target {
    let (addresses, port) = try listen(text)
    guard addresses.count == 1 else {
      throw Problem("\(quoted(text)) is a range", hint: "write a list of addresses")
    }
    guard addresses.first.isNearby else {
      throw Problem(
        "\(quoted(text)) is a public address: no load goes there by a slip of the pen",
        hint: "targets are loopback, private and link-local addresses")
    }
    return Target(host: "\(addresses.first)", port: port)
  }
}
