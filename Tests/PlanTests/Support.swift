import Fuzzing
import Plan
import Testing

/// The smallest plan, to which a test adds what it is about.
let minimal = """
  server: {listen: "127.0.0.1:9000"}
  phases:
    - ramp: {to: 10}

  """

func read(
  _ text: String, overrides: [String: String] = [:], environment: [String: String] = [:]
) throws -> Plan {
  try Plan.read(text: text, file: "test.plan", overrides: overrides, environment: environment)
}

/// The errors of a plan as `line:column: message (hint)`; empty when it is valid.
func errors(
  _ text: String, overrides: [String: String] = [:], environment: [String: String] = [:],
  files: @escaping FileSource = Plan.attached([:])
) -> [String] {
  do {
    _ = try Plan.read(
      text: text, file: "test.plan", overrides: overrides, environment: environment,
      files: files)
    return []
  } catch {
    return error.diagnostics.map { diagnostic in
      let hint = diagnostic.hint.map { " (\($0))" } ?? ""
      return "\(diagnostic.line):\(diagnostic.column): \(diagnostic.message)\(hint)"
    }
  }
}

/// A plan that is broken in one way, and what is said about it.
struct Broken: Sendable, CustomTestStringConvertible {
  var name: String
  var text: String
  var error: String

  init(_ name: String, _ text: String, _ error: String) {
    self.name = name
    self.text = text
    self.error = error
  }

  var testDescription: String { name }
}
