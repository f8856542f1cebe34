import Foundation
import Recording
import Testing
import WorkerLog

@testable import Plan

/// plans/plan.schema.json, by which editors complete plans and find slips of their own.
@Suite struct SchemaTests {
  /// A plan, and whether the schema has to take it.
  private struct Case {
    var name: String
    var text: String
    var isValid: Bool
  }

  @Test(.enabled(if: Validator.python != nil, "python3 has no jsonschema here"))
  func `takes what is a plan and finds what the page says that it finds`() throws {
    let cases = try pagePlans() + files() + words() + broken()
    #expect(cases.count > 350)
    let verdicts = try Validator.verdicts(on: cases.map { JSONText.of($0.text) })
    for (one, verdict) in zip(cases, verdicts) {
      #expect((verdict == "valid") == one.isValid, "\(one.name): \(verdict)\n\(one.text)")
    }
  }

  private func pagePlans() throws -> [Case] {
    let page = try PlanPage()
    return page.examples.map { Case(name: "line \($0.line)", text: $0.text, isValid: true) }
      + page.mistakes.filter { JSONText.isYAML($0.text) }.map {
        Case(name: "line \($0.line)", text: $0.text, isValid: $0.foundBy == "–")
      }
  }

  @Test func `what the page says that YAML finds is no YAML`() throws {
    for mistake in try PlanPage().mistakes {
      // Anchors and tags are YAML, but nothing of a plan.
      let isYAML = JSONText.isYAML(mistake.text) || mistake.foundBy == "–"
      #expect(isYAML == (mistake.foundBy != "YAML"), "line \(mistake.line)")
    }
  }

  /// The plans of the project.
  private func files() throws -> [Case] {
    let directory = PlanPage.root.appendingPathComponent("plans")
    let names = try FileManager.default.contentsOfDirectory(atPath: directory.path)
      .filter { $0.hasSuffix(".plan") }
    #expect(names.count >= 3)
    return try names.map { name in
      let url = directory.appendingPathComponent(name)
      return Case(name: name, text: try String(contentsOf: url, encoding: .utf8), isValid: true)
    }
  }

  /// Every word that a plan may choose from.
  private func words() -> [Case] {
    let thresholds = Metric.all.filter { $0 != .held }.map { metric in
      let value =
        switch metric.traits.quantity {
        case .count: "5k"
        case .rate: "5k/s"
        case .duration: "5us"
        case .share: "0.5%"
        case .size: "5KiB"
        }
      return "thresholds: [\(metric.name) >= \(value)]"
    }
    let operators = Threshold.Comparison.allCases.map {
      "thresholds: [failures\($0.rawValue)5 in ramp for 5s abort]"
    }
    let resources = Resource.allCases.map { "expect-limit: {resource: \($0.rawValue)}" }
    let calls = FailedCall.allCases.map(\.name).map { "expect-limit: {at: \($0)}" }
    let errnos = ErrnoRecord.names.map { "expect-limit: {errno: \($0)}" }
    let ends = End.allCases.map { "expect-limit: {end: \($0.rawValue)}" }
    let choices = Plan.OnLimit.allCases.map { "on-limit: \($0.rawValue)" }
    let all = thresholds + operators + resources + calls + errnos + ends + choices
    return all.map { Case(name: $0, text: PlanPage.complete($0), isValid: true) }
  }

  /// Wrong keys at every level, and wrong types.
  private func broken() -> [Case] {
    [
      "x: 1", "server: {listen: \"127.0.0.1:1\", x: 1}", "clients: {x: 1}",
      "clients: {sources: {interface: lo, x: 1}}", "messages: {m: {every: 1s, send: x, x: 1}}",
      "messages: {m: {every: 1s, send: x, expect: {x: 1}}}", "phases: [x: 1]",
      "phases: [ramp: {to: 1, x: 1}]", "phases: [hold: {for: 1s, x: 1}]",
      "phases: [churn: {rate: 1/s, lifetime: 1s, for: 1s, x: 1}]",
      "phases: [search: {from: 1, step: 1, x: 1}]", "phases: [pause: {for: 1s, x: 1}]",
      "phases: [close: {x: 1}]", "expect-limit: {x: 1}", "guard: {memory: 5%, x: 1}",
      "sampling: {every: 1s, x: 1}", "name: {}", "description: []", "variables: 1", "server: []",
      "target: {}", "clients: []", "messages: 1", "messages: {m: 1}", "phases: 1",
      "phases: [1]", "phases: [hold: []]", "thresholds: {}", "thresholds: [{}]",
      "on-limit: {}", "expect-limit: []", "guard: []", "sampling: 1s", "include: {}",
    ].map { part in
      let text = PlanPage.complete(part)
      // They are no plans for the reader either.
      #expect(!errors(text).isEmpty, "\(part)")
      return Case(name: part, text: text, isValid: false)
    }
  }

  // MARK: The schema itself

  private static func schema() throws -> [String: Any] {
    let data = try Data(contentsOf: Validator.schema)
    return try #require(JSONSerialization.jsonObject(with: data) as? [String: Any])
  }

  /// Every `properties` of the schema, with the path that leads there.
  private static func properties(
    of node: Any, at path: String = ""
  ) -> [(path: String, value: [String: Any])] {
    if let list = node as? [Any] { return list.flatMap { properties(of: $0, at: path) } }
    guard let object = node as? [String: Any] else { return [] }
    let own = (object["properties"] as? [String: Any] ?? [:]).map { key, value in
      (path: "\(path)/\(key)", value: value as? [String: Any] ?? [:])
    }
    return own
      + object.filter { $0.key != "examples" }.flatMap { properties(of: $1, at: "\(path)/\($0)") }
  }

  @Test func `describes every key and gives an example`() throws {
    let properties = Self.properties(of: try Self.schema())
    #expect(properties.count > 60)
    for (path, value) in properties {
      #expect((value["description"] as? String)?.hasSuffix(".") == true, "\(path)")
      #expect((value["examples"] as? [Any])?.isEmpty == false, "\(path)")
    }
  }

  @Test func `the page has an example for every key`() throws {
    let examples = try PlanPage().examples.map(\.text).joined()
    for (path, _) in Self.properties(of: try Self.schema()) {
      let key = path.split(separator: "/").last ?? ""
      #expect(examples.firstRange(of: "\(key):") != nil, "\(path)")
    }
  }

  @Test func `has the keys of a plan`() throws {
    let properties = try #require(try Self.schema()["properties"] as? [String: Any])
    #expect(Set(properties.keys) == Set(Reader.planKeys))
  }

  @Test(.enabled(if: Validator.python != nil, "python3 has no jsonschema here"))
  func `gives examples that are right`() throws {
    let schema = try Self.schema()
    let definitions = try #require(schema["$defs"])
    var count = 0
    for (path, value) in Self.properties(of: schema) {
      let examples = try (value["examples"] as? [Any] ?? []).map { example in
        let data = try JSONSerialization.data(
          withJSONObject: example, options: [.fragmentsAllowed])
        return String(decoding: data, as: UTF8.self)
      }
      var alone = value
      alone["$defs"] = definitions
      let verdicts = try Validator.verdicts(
        on: examples, schema: JSONSerialization.data(withJSONObject: alone))
      count += verdicts.count
      for verdict in verdicts { #expect(verdict == "valid", "\(path)") }
    }
    #expect(count > 80)
  }
}
