import Recording

/// A JSON value. Its objects keep the order of their keys, unlike those of Foundation's encoder.
enum JSON {
  case null
  case bool(Bool)
  case integer(Int)
  case number(Double)
  case text(String)
  case array([JSON])
  case object(JSONFields)

  /// The value as JSON text, on one line.
  var encoded: String {
    switch self {
    case .null: "null"
    case .bool(let value): value ? "true" : "false"
    case .integer(let value): String(value)
    case .number(let value): Self.number(value)
    case .text(let value): Self.quoted(value)
    case .array(let values): "[" + values.map(\.encoded).joined(separator: ", ") + "]"
    case .object(let fields):
      "{"
        + zip(fields.names, fields.values).map { Self.quoted($0) + ": " + $1.encoded }
        .joined(separator: ", ") + "}"
    }
  }

  /// Infinity and NaN become null, because JSON has no words for them.
  private static func number(_ value: Double) -> String {
    value.isFinite ? value.plain : "null"
  }

  /// Escapes characters that could do harm on a terminal or in a log. Nothing is replaced, so
  /// nothing is lost.
  private static func quoted(_ text: String) -> String {
    var quoted = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": quoted += "\\\""
      case "\\": quoted += "\\\\"
      case "\n": quoted += "\\n"
      case "\r": quoted += "\\r"
      case "\t": quoted += "\\t"
      case _ where scalar.isHostile:
        let digits = String(scalar.value, radix: 16)
        quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: quoted.unicodeScalars.append(scalar)
      }
    }
    return quoted + "\""
  }
}

extension JSON {
  static func integer(_ value: Int?) -> JSON { value.map(JSON.integer) ?? .null }
  static func number(_ value: Double?) -> JSON { value.map(JSON.number) ?? .null }
  static func text(_ value: String?) -> JSON { value.map(JSON.text) ?? .null }
}

/// The fields of an object, in their order.
struct JSONFields: ExpressibleByDictionaryLiteral {
  let names: [String]
  let values: [JSON]

  init(names: [String], values: [JSON]) {
    (self.names, self.values) = (names, values)
  }

  init(dictionaryLiteral fields: (String, JSON)...) {
    self.init(names: fields.map(\.0), values: fields.map(\.1))
  }

  static func + (left: Self, right: Self) -> Self {
    Self(names: left.names + right.names, values: left.values + right.values)
  }
}
