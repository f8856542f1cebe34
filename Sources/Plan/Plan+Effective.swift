import Messages
import Recording

extension Plan {
  /// The plan as YAML with every default spelled out and every variable replaced. It reads as the
  /// same plan again.
  package var effective: String {
    var lines = ["name: \(scalar(name))"]
    if !description.isEmpty { lines.append("description: \(scalar(description))") }
    lines +=
      server?.yaml ?? ["target: [\(targets.map { scalar("\($0)") }.joined(separator: ", "))]"]
    lines += [
      "clients:",
      "  sources: \(sources)",
      "  ports: \(clients.ports.lowerBound)-\(clients.ports.upperBound)",
      "  processes: \(clients.processes.yaml)",
      "  connect-timeout: \(clients.connectTimeout.yaml)",
      "phases:",
    ]
    lines += phases.map { "  - \($0.yaml)" }
    if !thresholds.isEmpty {
      lines.append("thresholds:")
      lines += thresholds.map { "  - \(scalar($0.text))" }
    }
    lines.append("on-limit: \(onLimit.rawValue)")
    if let expectedLimit { lines.append("expect-limit: \(expectedLimit.yaml)") }
    lines += [
      "guard: \(memoryGuard.map { "{memory: \($0.yaml)}" } ?? "off")",
      "sampling: {every: \(sampling.every.yaml)}",
    ]
    return lines.joined(separator: "\n") + "\n"
  }

  private var sources: String {
    switch clients.sources {
    case .interface(let name): return "{interface: \(scalar(name))}"
    case .ranges(let ranges):
      let texts = ranges.map { scalar("\($0)") }
      return texts.count == 1 ? texts[0] : "[\(texts.joined(separator: ", "))]"
    }
  }
}

extension Server {
  fileprivate var yaml: [String] {
    [
      "server:",
      "  listen: \(scalar(listen))",
      "  processes: \(processes.yaml)",
      "  reply: \(reply.yaml)",
      "  readiness: \(readiness.rawValue)",
      "  backlog: \(backlog)",
    ]
  }
}

extension ServerReply {
  fileprivate var yaml: String {
    switch self {
    case .echo: "echo"
    case .discard: "discard"
    case .send(let bytes): "{send: \(scalar(String(decoding: bytes, as: UTF8.self)))}"
    case .push(let every, let bytes):
      "{push: {every: \(Duration.nanoseconds(Int64(every)).yaml), "
        + "send: \(scalar(String(decoding: bytes, as: UTF8.self)))}}"
    }
  }
}

extension ExpectedLimit {
  fileprivate var yaml: String {
    let parts = [
      errno.map { "errno: \($0)" }, at.map { "at: \(scalar($0))" },
      end.map { "end: \($0.rawValue)" }, resource.map { "resource: \($0.rawValue)" },
      connections.map { "connections: \($0.lowerBound)..\($0.upperBound)" },
    ]
    return "{\(parts.compactMap(\.self).joined(separator: ", "))}"
  }
}

extension Phase {
  fileprivate var yaml: String {
    switch kind {
    case .ramp(let goal, let pace): "ramp: {to: \(goal)\(pace.yaml)}"
    case .hold(let span): "hold: {for: \(span.yaml)}"
    case .churn(let churn):
      "churn: {rate: \(plain(churn.rate))/s, lifetime: \(churn.lifetime.yaml), "
        + "for: \(churn.span.yaml), with: \(churn.with.rawValue)}"
    case .search(let search):
      "search: {from: \(search.from), step: \(search.step), to: \(search.most)"
        + "\(search.pace.yaml), confirm: \(search.confirm.yaml)}"
    case .pause(let span): "pause: \(span.yaml)"
    case .close(let pace, let with): "close: {with: \(with.rawValue)\(pace.yaml)}"
    }
  }
}

extension Phase.Pace {
  fileprivate var yaml: String {
    switch self {
    case .unpaced: ""
    case .rate(let rate): ", rate: \(plain(rate))/s"
    case .over(let span): ", over: \(span.yaml)"
    }
  }
}

extension Processes {
  fileprivate var yaml: String {
    switch self {
    case .auto: "auto"
    case .count(let count): "\(count)"
    }
  }
}

extension MemoryGuard {
  fileprivate var yaml: String {
    switch self {
    case .share(let share): "\(plain(share, shiftedBy: 2))%"
    case .bytes(let bytes): "\(bytes)B"
    }
  }
}

extension Duration {
  /// In the largest unit that it is a whole number of.
  fileprivate var yaml: String {
    let nanoseconds = components.seconds * 1_000_000_000 + components.attoseconds / 1_000_000_000
    for (unit, size) in [("h", 3_600_000_000_000), ("m", 60_000_000_000), ("s", 1_000_000_000)]
    where nanoseconds % Int64(size) == 0 { return "\(nanoseconds / Int64(size))\(unit)" }
    let (whole, rest) = nanoseconds.quotientAndRemainder(dividingBy: 1_000_000)
    guard rest > 0 else { return "\(whole)ms" }
    let fraction = String(rest)
    return "\(whole).\(String(repeating: "0", count: 6 - fraction.count))\(fraction)ms"
  }
}

/// A double in full, without an exponent, so that it reads as the same double again.
private func plain(_ value: Double, shiftedBy places: Int = 0) -> String {
  let parts = "\(value)".split(separator: "e")
  let exponent = (parts.count == 2 ? Int(parts[1]) ?? 0 : 0) + places
  let mantissa = parts[0].split(separator: ".", omittingEmptySubsequences: false)
  let fraction = mantissa.count == 2 && mantissa[1] != "0" ? mantissa[1] : ""
  var digits = String(mantissa[0] + fraction)
  var point = mantissa[0].count + exponent
  if point <= 0 {
    digits = String(repeating: "0", count: 1 - point) + digits
    point = 1
  }
  digits += String(repeating: "0", count: max(0, point - digits.count))
  let whole = digits.prefix(point).drop { $0 == "0" }
  let rest = digits.dropFirst(point)
  return (whole.isEmpty ? "0" : whole) + (rest.isEmpty ? "" : "." + rest)
}

/// A scalar that YAML and the variables leave as it is: bare where that is safe beyond doubt.
private func scalar(_ text: String) -> String {
  let isBare = text.unicodeScalars.allSatisfy { scalar in
    switch scalar {
    case "a"..."z", "A"..."Z", "0"..."9", "-", "_", ".", "/", ":", " ", "<", ">", "=", "!", "%":
      true
    default: false
    }
  }
  let isWordFirst = text.utf8.first.map { $0 >= 0x30 && $0 != 0x3A && !(0x3C...0x3E).contains($0) }
  let isWordLast = text.last != ":" && text.last != " "
  return isBare && isWordFirst == true && isWordLast && !text.contains(": ")
    ? text : "\"\(escaped(text))\""
}

private func escaped(_ text: String) -> String {
  var escaped = ""
  for scalar in text.replacing("${", with: "$${").unicodeScalars {
    switch scalar {
    case "\"": escaped += "\\\""
    case "\\": escaped += "\\\\"
    case "\n": escaped += "\\n"
    case "\t": escaped += "\\t"
    case _ where !scalar.isASCII || scalar.value < 0x20 || scalar.value == 0x7F:
      let digits = String(scalar.value, radix: 16)
      escaped += "\\U" + String(repeating: "0", count: 8 - digits.count) + digits
    default: escaped.unicodeScalars.append(scalar)
    }
  }
  return escaped
}
