import Messages
import Recording

extension Plan {
  /// The plan as YAML with its defaults spelled out, every variable replaced and every include
  /// merged. Parts that a plan may lack, such as `tls` and `messages`, are left out where it lacks
  /// them. The YAML reads as the same plan again; that takes the plan's `attachments` where a
  /// message comes from a file.
  package var effective: String {
    var lines = ["name: \(yamlScalar(name))"]
    if !description.isEmpty { lines.append("description: \(yamlScalar(description))") }
    lines +=
      server.map { $0.yaml(tls) } ?? [
        "target: [\(targets.map { yamlScalar("\($0)") }.joined(separator: ", "))]"
      ]
    lines += [
      "clients:",
      "  sources: \(sources)",
      "  ports: \(clients.ports.yaml)",
      "  processes: \(clients.processes.yaml)",
      "  connect-timeout: \(clients.connectTimeout.yaml)",
      "  retries: \(clients.retries)",
    ]
    if let reconnect = clients.reconnect { lines.append("  reconnect: {\(reconnect.yaml)}") }
    if let tls { lines.append("tls: \(tls.yaml)") }
    if self.protocol != .raw { lines.append("protocol: \(self.protocol.yaml)") }
    if !data.isEmpty {
      let files = data.map { "\(yamlKey($0.name)): \(yamlScalar($0.path))" }
      lines.append("data: {\(files.joined(separator: ", "))}")
    }
    if !patterns.isEmpty {
      lines.append("messages:")
      lines += patterns.map { $0.yaml(attachments, self.protocol) }
    }
    lines.append("phases:")
    lines += phases.map { "  - \($0.yaml(tolerating: tolerance))" }
    if !thresholds.isEmpty {
      lines.append("thresholds:")
      lines += thresholds.map { "  - \(yamlScalar($0.text))" }
    }
    lines.append("on-limit: \(onLimit.rawValue)")
    lines.append("tolerate: \(yamlNumber(tolerance, shiftedBy: 2))%")
    if let expectedLimit { lines.append("expect-limit: \(expectedLimit.yaml)") }
    lines += [
      "guard: \(memoryGuard.map { "{memory: \($0.yaml)}" } ?? "off")",
      "sampling: {every: \(sampling.every.yaml)}",
    ]
    return lines.joined(separator: "\n") + "\n"
  }

  private var sources: String {
    switch clients.sources {
    case .interface(let name): return "{interface: \(yamlScalar(name))}"
    case .ranges(let ranges):
      let texts = ranges.map { yamlScalar("\($0)") }
      return texts.count == 1 ? texts[0] : "[\(texts.joined(separator: ", "))]"
    }
  }
}

extension PlanProtocol {
  fileprivate var yaml: String {
    switch self {
    case .raw: "raw"
    case .http(let settings):
      settings == HTTPSettings() ? "http" : "{http: {\(settings.parts.joined(separator: ", "))}}"
    case .webSocket(let settings):
      settings.parts.isEmpty
        ? "websocket" : "{websocket: {\(settings.parts.joined(separator: ", "))}}"
    case .mqtt(let settings):
      settings.parts.isEmpty ? "mqtt" : "{mqtt: {\(settings.parts.joined(separator: ", "))}}"
    }
  }
}

extension HTTPSettings {
  fileprivate var parts: [String] {
    (host.map { ["host: \(yamlScalar($0))"] } ?? [])
      + (headers.isEmpty ? [] : ["headers: \(headers.yaml)"])
  }
}

extension [HTTPRequest.Header] {
  var yaml: String {
    "{\(map { "\(yamlKey($0.name)): \(yamlScalar($0.value))" }.joined(separator: ", "))}"
  }
}

extension Server {
  fileprivate func yaml(_ tls: PlanTLS?) -> [String] {
    [
      "server:",
      "  listen: \(yamlScalar(listen))",
      "  processes: \(processes.yaml)",
      "  reply: \(reply.yaml)",
      "  readiness: \(readiness.rawValue)",
      "  backlog: \(backlog)",
    ] + (tls?.serverYAML.map { ["  tls: \($0)"] } ?? [])
  }
}

extension ExpectedLimit {
  package var yaml: String {
    let parts = [
      errno.map { "errno: \($0)" }, at.map { "at: \(yamlScalar($0))" },
      end.map { "end: \($0.rawValue)" }, resource.map { "resource: \($0.rawValue)" },
      connections.map { "connections: \($0.lowerBound)..\($0.upperBound)" },
    ]
    return "{\(parts.compactMap(\.self).joined(separator: ", "))}"
  }
}

extension Clients.Ports {
  fileprivate var yaml: String {
    switch self {
    case .auto: "auto"
    case .range(let range): "\(range.lowerBound)-\(range.upperBound)"
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
    case .share(let share): "\(yamlNumber(share, shiftedBy: 2))%"
    case .bytes(let bytes): "\(bytes)B"
    }
  }
}
