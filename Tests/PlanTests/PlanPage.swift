import Foundation

/// docs/plan-language.md: the plans in it, and what it says of the wrong ones.
///
/// An example in a `yaml` fence is a whole plan, one in a `yaml part` fence a part of one, and one
/// with `file=NAME` a file that others include or send. A row of a table of errors has a plan, what
/// is said of it, the way out, and who else finds the error.
struct PlanPage {
  struct Example {
    /// Line of the page.
    var line: Int
    /// Whole, with what a part lacks.
    var text: String
  }

  struct Mistake {
    var line: Int
    var text: String
    var overrides: [String: String]
    var error: String
    var foundBy: String
  }

  private(set) var examples: [Example] = []
  private(set) var mistakes: [Mistake] = []
  /// By path from the plan.
  private(set) var files: [String: String] = [:]

  static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  init() throws {
    let url = Self.root.appendingPathComponent("docs/plan-language.md")
    let lines = try String(contentsOf: url, encoding: .utf8)
      .split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    var index = 0
    while index < lines.count {
      let line = lines[index]
      index += 1
      if line.hasPrefix("```") {
        let body = lines[index...].prefix { $0 != "```" }
        add(fence: line.dropFirst(3), text: body.map { $0 + "\n" }.joined(), line: index)
        index += body.count + 1
      } else if line.hasPrefix("| "), let mistake = Mistake(row: line, line: index) {
        mistakes.append(mistake)
      }
    }
  }

  private mutating func add(fence: Substring, text: String, line: Int) {
    let words = fence.split(separator: " ")
    if let file = words.first(where: { $0.hasPrefix("file=") }) {
      files[String(file.dropFirst(5))] = text
    } else if words.first == "yaml" {
      let isPart = words.contains("part")
      examples.append(Example(line: line, text: isPart ? Self.complete(text) : text))
    }
  }

  /// A part of a plan with a server, and a ramp that plays its messages, where it has none.
  static func complete(_ text: String) -> String {
    let lines = text.split(separator: "\n")
    func has(_ keys: String...) -> Bool {
      lines.contains { line in keys.contains { line.hasPrefix("\($0):") } }
    }
    var whole = text.hasSuffix("\n") ? text : text + "\n"
    if !has("server", "target", "include") { whole += "server: {listen: \"127.0.0.1:9000\"}\n" }
    if !has("phases") {
      let names = messages(in: lines).joined(separator: ", ")
      whole += "phases: [ramp: {to: 10\(names.isEmpty ? "" : ", messages: [\(names)]")}]\n"
    }
    return whole
  }

  /// The names under `messages:`, in lines of their own or the first one behind a brace.
  private static func messages(in lines: [Substring]) -> [Substring] {
    guard let start = lines.firstIndex(where: { $0.hasPrefix("messages:") }) else { return [] }
    if let flow = lines[start].firstMatch(of: /^messages: \{([\w.-]+):/) { return [flow.1] }
    return lines[(start + 1)...].prefix { $0.hasPrefix(" ") }
      .compactMap { $0.firstMatch(of: /^  ([\w.-]+):/)?.1 }
  }

  /// Writes the page's files to a directory.
  func write(to directory: URL) throws {
    for (name, text) in files {
      let url = directory.appendingPathComponent(name)
      try FileManager.default.createDirectory(
        at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data(text.utf8).write(to: url)
    }
  }
}

extension PlanPage.Mistake {
  /// Nil for a row of another table.
  fileprivate init?(row: String, line: Int) {
    let cells = row.dropFirst().split(separator: " | ", omittingEmptySubsequences: false)
    guard cells.count == 4, cells[1].hasPrefix("`"), cells[1].hasSuffix("`") else { return nil }
    let foundBy = cells[3].filter { $0 != " " && $0 != "|" }
    guard ["schema", "YAML", "–"].contains(foundBy) else { return nil }
    let lines = cells[0].matches(of: /`([^`]*)`/).map { $0.1.replacing("→", with: "\t") }
    let settings = lines.filter { $0.hasPrefix("--set ") }.map { $0.dropFirst(6) }
    let text = lines.filter { !$0.hasPrefix("--set ") }.joined(separator: "\n")
    self.init(
      line: line, text: cells[0].contains("alone:") ? text : PlanPage.complete(text),
      overrides: Dictionary(
        settings.map { setting in
          let parts = setting.split(separator: "=", maxSplits: 1).map(String.init)
          return (parts[0], parts[1])
        }, uniquingKeysWith: { $1 }),
      error: String(cells[1].dropFirst().dropLast()), foundBy: foundBy)
  }
}

/// A directory that goes with the value.
final class TemporaryDirectory {
  let url: URL

  init() throws {
    url = FileManager.default.temporaryDirectory.appendingPathComponent(
      "plan-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: url) }
}
