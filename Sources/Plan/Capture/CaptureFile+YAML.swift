import Messages

extension CaptureFile {
  /// The file's bytes. A plan that plays the file gets the same conversations, except that pauses
  /// are cut to whole microseconds. Connections without steps are left out: a plan refuses a file
  /// that has one. It also refuses a file without a connection.
  package var yaml: [UInt8] { Array((head + told.map(\.yaml).joined()).utf8) }

  /// The connections on which something happened.
  private var told: [Connection] { connections.filter { !$0.conversation.steps.isEmpty } }

  private var head: String {
    """
    conversation: \(version)
    captured: \(yamlScalar(captured))
    forward: \(yamlScalar(forward))
    connections:\(told.isEmpty ? " []" : "")

    """
  }

  /// The part of the file that a plan can read: at most `Plan.longestMessageFile` bytes of YAML.
  /// Has the first connections with steps whole, and the beginning of the first one that does not fit.
  package var playable: CaptureFile {
    var file = self
    file.connections = []
    var room = Plan.longestMessageFile - head.utf8.count
    for connection in told {
      let size = connection.yaml.utf8.count
      guard size <= room else {
        if let cut = connection.cut(to: room) { file.connections.append(cut) }
        break
      }
      file.connections.append(connection)
      room -= size
    }
    return file
  }
}

extension CaptureFile.Connection {
  fileprivate var yaml: String { head + conversation.steps.map(Self.yaml).joined() }

  private var head: String {
    "  - client: \(yamlScalar(conversation.client))\n"
      + (isTruncated ? "    truncated: true\n" : "")
      + "    steps:\n"
  }

  private static func yaml(_ step: RecordedConversation.Step) -> String {
    let microseconds = step.after / 1000
    let after = microseconds > 0 ? ", after: \(pause(microseconds))" : ""
    return "      - {\(step.action.yaml)\(after)}\n"
  }

  /// The beginning of the connection, in at most `mostBytes` of YAML and marked as truncated: its
  /// first steps whole, and a part of the first step that does not fit. Nil where not even a part
  /// of the first step fits.
  fileprivate func cut(to mostBytes: Int) -> Self? {
    var cut = self
    cut.isTruncated = true
    cut.conversation.steps = []
    var room = mostBytes - cut.head.utf8.count
    for step in conversation.steps {
      let size = Self.yaml(step).utf8.count
      guard size <= room else {
        if let part = step.shortened(where: { Self.yaml($0).utf8.count <= room }) {
          cut.conversation.steps.append(part)
        }
        break
      }
      cut.conversation.steps.append(step)
      room -= size
    }
    return cut.conversation.steps.isEmpty ? nil : cut
  }

  /// A pause as plans write durations: `400us`, `3ms`, `1.25ms`, `2s`.
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

extension RecordedConversation.Step {
  /// The step with the first half of its bytes, the first quarter, and so on: the longest of these
  /// for which `fits` is true. Nil when there is none.
  fileprivate func shortened(where fits: (Self) -> Bool) -> Self? {
    var step = self
    while true {
      switch step.action {
      case .send(let bytes) where bytes.count > 1:
        step.action = .send(Array(bytes.prefix(bytes.count / 2)))
      case .receive(let bytes, let anything) where bytes.count > 1:
        step.action = .receive(bytes, anything: anything, first: bytes.count / 2)
      default: return nil
      }
      // Nothing is left before what may be anything, and a step with nothing is none.
      if case .receive(let left, _) = step.action, left.isEmpty { return nil }
      if fits(step) { return step }
    }
  }
}

extension RecordedConversation.Action {
  /// The first bytes of what a server said, and not more than `count`: where they would end in a range, or right behind
  /// it, they end before it.
  fileprivate static func receive(_ bytes: [UInt8], anything: [Range<Int>], first count: Int)
    -> Self
  {
    let cut = anything.first { $0.lowerBound < count && count <= $0.upperBound }
    let count = cut?.lowerBound ?? count
    return .receive(
      Array(bytes.prefix(count)), anything: anything.filter { $0.upperBound < count })
  }

  fileprivate var yaml: String {
    switch self {
    case .send(let bytes): "send: \(payload(bytes))"
    case .receive(let bytes, let anything): "receive: \(payload(bytes, anything: anything))"
    case .close(let byClient): "close: \(byClient ? "client" : "server")"
    }
  }
}

/// The bytes as a YAML value: as text where they are printable UTF-8, else in base64 (RFC 4648).
private func payload(_ bytes: [UInt8]) -> String {
  if let text = String(validating: bytes, as: UTF8.self),
    text.unicodeScalars.allSatisfy(isPrintable)
  {
    return "\"\(escaped(text))\""
  }
  return "{base64: \"\(base64(bytes))\"}"
}

/// What a server said as a YAML value: a list, where a part of it may be anything.
private func payload(_ bytes: [UInt8], anything: [Range<Int>]) -> String {
  guard !anything.isEmpty else { return payload(bytes) }
  var items: [String] = []
  var place = 0
  for range in anything {
    if range.lowerBound > place { items.append(payload(Array(bytes[place..<range.lowerBound]))) }
    items.append("{any: \(payload(Array(bytes[range])))}")
    place = range.upperBound
  }
  items.append(payload(Array(bytes[place...])))
  return "[\(items.joined(separator: ", "))]"
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
