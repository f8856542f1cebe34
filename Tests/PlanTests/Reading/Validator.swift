import Foundation

@testable import Plan

/// A JSON Schema validator that is not ours: Python's, from Debian's python3-jsonschema.
enum Validator {
  static let schema = PlanPage.root.appendingPathComponent("plans/plan.schema.json")

  /// Debian's own interpreter, or another that has the module; nil where none has it.
  static let python: String? = ["/usr/bin/python3", "/usr/local/bin/python3"].first { path in
    FileManager.default.isExecutableFile(atPath: path)
      && (try? run(path, "from jsonschema import Draft202012Validator", [])) != nil
  }

  private static let script = """
    import json, sys
    from jsonschema import Draft202012Validator
    schema = json.load(open(sys.argv[1]))
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    for line in open(sys.argv[2], encoding="utf-8"):
        error = next(validator.iter_errors(json.loads(line)), None)
        print("valid" if error is None else ascii(error.message)[:300])
    """

  struct Failed: Error {
    let status: Int32
  }

  /// What is said of each JSON text: "valid", or what is wrong with it.
  static func verdicts(on texts: [String], schema data: Data? = nil) throws -> [String] {
    guard let python else { return [] }
    let directory = try TemporaryDirectory()
    let instances = directory.url.appendingPathComponent("instances")
    try Data(texts.map { $0 + "\n" }.joined().utf8).write(to: instances)
    var schema = schema
    if let data {
      schema = directory.url.appendingPathComponent("schema")
      try data.write(to: schema)
    }
    let output = try run(python, script, [schema.path, instances.path])
    return output.split(separator: "\n").map(String.init)
  }

  private static func run(
    _ python: String, _ script: String, _ arguments: [String]
  ) throws -> String {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: python)
    process.arguments = ["-c", script] + arguments
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = FileHandle.nullDevice
    try process.run()
    let data = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { throw Failed(status: process.terminationStatus) }
    return String(decoding: data, as: UTF8.self)
  }
}

/// A plan as an editor's YAML reader hands it to a schema: JSON, with the types of YAML 1.2.
enum JSONText {
  static func isYAML(_ text: String) -> Bool {
    let document = Document(text, source: SourceText(text))
    return document.root != nil && document.diagnostics.isEmpty
  }

  static func of(_ text: String) -> String {
    guard let root = Document(text, source: SourceText(text)).root else { return "null" }
    return json(root)
  }

  private static func json(_ item: Item) -> String {
    switch item.value {
    case .scalar(let text): scalar(text)
    case .list(let items): "[\(items.map(json).joined(separator: ", "))]"
    case .map(let fields):
      "{\(fields.map { "\(quoted($0.key)): \(json($0.item))" }.joined(separator: ", "))}"
    case .broken: "null"
    }
  }

  /// The core schema (YAML 1.2.2, section 10.3.2). Quotes are forgotten by now; where they matter
  /// a plan takes both.
  private static func scalar(_ text: String) -> String {
    switch text {
    case "true", "True", "TRUE": return "true"
    case "false", "False", "FALSE": return "false"
    case "null", "Null", "NULL", "~": return "null"
    default:
      let isNumber = text.wholeMatch(of: /-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?/) != nil
      return isNumber ? text : quoted(text)
    }
  }

  private static func quoted(_ text: String) -> String {
    var json = "\""
    for unit in text.utf16 {
      let digits = String(unit, radix: 16)
      json +=
        (0x20..<0x7F).contains(unit) && unit != 0x22 && unit != 0x5C
        ? String(decoding: [UInt8(unit)], as: UTF8.self)
        : "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
    }
    return json + "\""
  }
}
