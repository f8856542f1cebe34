import Foundation
import Recording
import Testing

/// What is said of resources, and where it is said.
@Suite struct ResourceTests {
  private static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  private func text(_ path: String) throws -> String {
    try String(contentsOf: Self.root.appendingPathComponent(path), encoding: .utf8)
  }

  @Test func `the page of limits has the whole table`() throws {
    let page = try text("docs/limits.md")
    for resource in Resource.allCases {
      let row = "| `\(resource.rawValue)` | \(resource.words) | \(resource.wayOut ?? "–") |"
      #expect(page.contains(row), "\(row)")
    }
  }

  @Test func `the schema of plans knows each of them`() throws {
    let schema = try text("plans/plan.schema.json")
    for resource in Resource.allCases {
      #expect(schema.contains("\"\(resource.rawValue)\""), "\(resource)")
    }
  }
}
