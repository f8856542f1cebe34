import Recording
import WorkerLog

extension Reader {
  /// The value of `expect-limit`, such as `{errno: EMFILE, at: socket, connections: 19k..20k}`.
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
      at: fields["at"].flatMap { value($0.item, "a system call", Self.call) },
      end: fields["end"].flatMap { word($0.item, as: End.self) },
      resource: fields["resource"].flatMap { word($0.item, as: Resource.self) },
      connections: fields["connections"].flatMap { value($0.item, "a range", Self.counts) })
  }

  private static func errnoName(_ text: String) throws(Problem) -> String {
    guard ErrnoRecord.names.contains(text) else {
      let meant = ErrnoRecord.aliases[text] ?? nearest(to: text, of: ErrnoRecord.names)
      throw Problem(
        "\(quoted(text)) is not the name of an errno",
        hint: meant.map { "did you mean '\($0)'?" } ?? "for example EMFILE")
    }
    return text
  }

  private static func call(_ text: String) throws(Problem) -> String {
    let calls = FailedCall.allCases.map(\.name)
    guard calls.contains(text) else {
      throw Problem(
        "\(quoted(text)) is no system call that a limit is met at",
        hint: didYouMean(text, calls) ?? "these are \(calls.joined(separator: ", "))")
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
}
