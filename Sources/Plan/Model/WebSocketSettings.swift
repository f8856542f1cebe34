package import Messages
import Protocols

/// How a plan's WebSockets are opened and kept, and what their messages are.
package struct WebSocketSettings: Sendable, Equatable {
  /// The shortest time between two pings.
  package static let leastPing = Duration.milliseconds(100)

  package var path = "/"
  /// The value of `Host`; nil for the plan's first target, or the server's first endpoint.
  package var host: String?
  package var headers: [HTTPRequest.Header] = []
  /// The subprotocols that clients offer, the preferred one first.
  package var subprotocols: [String] = []
  /// The time between two pings of a connection; nil for none.
  package var ping: Duration?
  /// Whether all messages are binary, those of the server as well.
  package var isBinary = false

  package init() {}

  /// The HTTP request that asks for the upgrade, up to the key, which is the last of it but for the ends of two lines.
  ///
  /// - Parameter host: the value of `Host` where the plan has none.
  package func request(host: String, _ data: [DataTable]) throws -> MessageTemplate {
    var fields = headers
    if !subprotocols.isEmpty {
      fields.append(
        .init(name: "Sec-WebSocket-Protocol", value: subprotocols.joined(separator: ", ")))
    }
    fields += [
      .init(name: "Upgrade", value: "websocket"), .init(name: "Connection", value: "Upgrade"),
      .init(name: "Sec-WebSocket-Version", value: "13"),
    ]
    let request = HTTPRequest(method: "GET", path: path, headers: fields, body: nil)
    let whole = try request.template(HTTPSettings(), host: self.host ?? host, DataTables(data))
    // The key comes in the place of the empty line at the head's end.
    guard case .bytes(let end)? = whole.parts.last else { return whole }
    let key = Array("Sec-WebSocket-Key: ".utf8)
    return MessageTemplate(parts: whole.parts.dropLast() + [.bytes(end.dropLast(2) + key)])
  }
}

extension WebSocketSettings {
  /// The entries of the mapping that a plan would write, without those that have their default value.
  var parts: [String] {
    [
      path == "/" ? nil : "path: \(yamlScalar(path))",
      host.map { "host: \(yamlScalar($0))" },
      headers.isEmpty ? nil : "headers: \(headers.yaml)",
      subprotocols.isEmpty
        ? nil : "subprotocols: [\(subprotocols.map(yamlScalar).joined(separator: ", "))]",
      ping.map { "ping: \($0.yaml)" },
      isBinary ? "binary: true" : nil,
    ].compactMap(\.self)
  }
}
