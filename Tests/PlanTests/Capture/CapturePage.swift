import Foundation

/// docs/capture.md: the files in it, and what it says of the wrong ones.
struct CapturePage {
  struct Mistake {
    /// Line of the page.
    var line: Int
    var text: String
    var error: String
  }

  private(set) var examples: [String] = []
  private(set) var plans: [String] = []
  private(set) var mistakes: [Mistake] = []
  /// The names in the table of volatile headers.
  private(set) var headers: [String] = []

  init() throws {
    let url = PlanPage.root.appendingPathComponent("docs/capture.md")
    let lines = try String(contentsOf: url, encoding: .utf8)
      .split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    var index = 0
    while index < lines.count {
      let line = lines[index]
      index += 1
      if line.hasPrefix("```") {
        let body = lines[index...].prefix { $0 != "```" }
        let text = body.map { $0 + "\n" }.joined()
        if line == "```yaml" { examples.append(text) }
        if line == "```yaml plan" { plans.append(text) }
        index += body.count + 1
      } else if line == "| why they differ | headers |" {
        let rows = lines[index...].prefix { $0.hasPrefix("|") }.joined()
        headers = rows.matches(of: /`([^`]*)`/).map { String($0.1) }
      } else if line.hasPrefix("| "), let mistake = Mistake(row: line, line: index) {
        mistakes.append(mistake)
      }
    }
  }
}

extension CapturePage.Mistake {
  /// Nil for a row of another table.
  fileprivate init?(row: String, line: Int) {
    let cells = row.dropFirst().split(separator: " | ", omittingEmptySubsequences: false)
    guard cells.count == 3, cells[1].hasPrefix("`"), cells[1].hasSuffix("`") else { return nil }
    var lines = cells[0].matches(of: /`([^`]*)`/).map { String($0.1) }
    if !cells[0].contains("alone:") {
      lines.insert("conversation: 1", at: 0)
      let hasConnections = lines.contains { $0.hasPrefix("connections:") }
      if !hasConnections { lines.append("connections: [{steps: [{send: x}]}]") }
    }
    self.init(
      line: line, text: lines.joined(separator: "\n"),
      error: String(cells[1].dropFirst().dropLast()))
  }
}
