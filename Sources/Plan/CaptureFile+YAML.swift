import Messages

extension CaptureFile {
  /// The file's bytes. It reads as the same conversations again, but for fractions of a
  /// microsecond.
  package var yaml: [UInt8] {
    var text = """
      conversation: \(Self.version)
      captured: \(yamlScalar(captured))
      forward: \(yamlScalar(forward))
      connections:\(connections.isEmpty ? " []" : "")

      """
    for connection in connections { connection.write(to: &text) }
    return Array(text.utf8)
  }
}

extension CaptureFile.Connection {
  fileprivate func write(to text: inout String) {
    text += "  - client: \(yamlScalar(conversation.client))\n"
    if isTruncated { text += "    truncated: true\n" }
    text += "    steps:\(conversation.steps.isEmpty ? " []" : "")\n"
    for step in conversation.steps {
      text += "      - {\(step.action.yaml)"
      let microseconds = step.after / 1000
      if microseconds > 0 { text += ", after: \(Self.pause(microseconds))" }
      text += "}\n"
    }
  }

  /// `400us`, `3ms`, `1.25ms`, `2s`.
  private static func pause(_ microseconds: UInt64) -> String {
    if microseconds < 1000 { return "\(microseconds)us" }
    if microseconds % 1_000_000 == 0 { return "\(microseconds / 1_000_000)s" }
    let (whole, rest) = microseconds.quotientAndRemainder(dividingBy: 1000)
    guard rest > 0 else { return "\(whole)ms" }
    var fraction = "\(rest + 1000)".dropFirst()
    while fraction.last == "0" { fraction.removeLast() }
    return "\(whole).\(fraction)ms"
  }
}

extension RecordedConversation.Action {
  fileprivate var yaml: String {
    switch self {
    case .send(let bytes): "send: \(payload(bytes))"
    case .receive(let bytes): "receive: \(payload(bytes))"
    case .close(let byClient): "close: \(byClient ? "client" : "server")"
    }
  }
}

/// Text that can be read is written as text, anything else in base64 (RFC 4648).
private func payload(_ bytes: [UInt8]) -> String {
  if let text = String(validating: bytes, as: UTF8.self),
    text.unicodeScalars.allSatisfy(isPrintable)
  {
    return "\"\(escaped(text))\""
  }
  return "{base64: \"\(base64(bytes))\"}"
}

private func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
  switch scalar {
  case "\t", "\r", "\n", " "..."~": true
  case _ where scalar.isASCII: false
  default:
    switch scalar.properties.generalCategory {
    case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator,
      .paragraphSeparator:
      false
    default: true
    }
  }
}

private func escaped(_ text: String) -> String {
  var escaped = ""
  escaped.reserveCapacity(text.utf8.count)
  for scalar in text.unicodeScalars {
    switch scalar {
    case "\"": escaped += "\\\""
    case "\\": escaped += "\\\\"
    case "\n": escaped += "\\n"
    case "\r": escaped += "\\r"
    case "\t": escaped += "\\t"
    default: escaped.unicodeScalars.append(scalar)
    }
  }
  return escaped
}

private func base64(_ bytes: [UInt8]) -> String {
  let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
  var text: [UInt8] = []
  text.reserveCapacity((bytes.count + 2) / 3 * 4)
  for start in stride(from: 0, to: bytes.count, by: 3) {
    let group = bytes[start..<min(start + 3, bytes.count)]
    let bits = group.reduce(UInt32(0)) { $0 << 8 | UInt32($1) } << UInt32(8 * (3 - group.count))
    for place in 0..<4 {
      text.append(
        place <= group.count
          ? alphabet[Int(bits >> UInt32(18 - 6 * place) & 63)] : UInt8(ascii: "="))
    }
  }
  return String(decoding: text, as: UTF8.self)
}
