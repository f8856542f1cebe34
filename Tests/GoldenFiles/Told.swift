/// A value with all that it holds, in one line: "PhaseRecord(name: ramp, established: 1000)". What is
/// nil or empty is left out, and what has an order of its own by chance is sorted.
package func told(_ value: Any) -> String {
  if let text = value as? any StringProtocol { return String(text) }
  let mirror = Mirror(reflecting: value)
  switch mirror.displayStyle {
  case .optional:
    return mirror.children.first.map { told($0.value) } ?? ""
  case .collection:
    return list(mirror.children.map { told($0.value) })
  case .set:
    return list(mirror.children.map { told($0.value) }.sorted())
  case .dictionary:
    return list(
      mirror.children.map { pair in
        Mirror(reflecting: pair.value).children.map { told($0.value) }.joined(separator: "=")
      }.sorted())
  case .struct, .class, .tuple:
    // Numbers and the like have nothing to look into, or nothing that says more.
    if mirror.children.isEmpty || value is any Numeric { return "\(value)" }
    return name(of: mirror) + "(" + parts(mirror.children).joined(separator: ", ") + ")"
  case .enum:
    guard let child = mirror.children.first else { return "\(value)" }
    let inner = told(child.value)
    return (child.label ?? "") + (inner.hasPrefix("(") ? inner : "(\(inner))")
  default:
    return "\(value)"
  }
}

private func list(_ elements: [String]) -> String {
  elements.isEmpty ? "" : "[" + elements.joined(separator: "; ") + "]"
}

private func name(of mirror: Mirror) -> String {
  mirror.displayStyle == .tuple ? "" : "\(mirror.subjectType)"
}

private func parts(_ children: Mirror.Children) -> [String] {
  children.compactMap { child in
    let text = told(child.value)
    if text.isEmpty { return nil }
    guard let label = child.label, !label.hasPrefix(".") else { return text }
    return "\(label): \(text)"
  }
}

/// How many bytes lines have, and a sum of them, for what would be too long to keep.
package func digest(_ lines: [String]) -> String {
  let bytes = lines.joined(separator: "\n").utf8
  return "\(bytes.count) bytes, \(bytes.reduce(0 as UInt32) { $0 &* 31 &+ UInt32($1) })"
}
