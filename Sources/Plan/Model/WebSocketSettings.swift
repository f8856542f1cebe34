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
    var fields = headers.map { HTTPWriter.Field($0.name, $0.value) }
    if !subprotocols.isEmpty {
      fields.append(.init("Sec-WebSocket-Protocol", subprotocols.joined(separator: ", ")))
    }
    let request = try WebSocketHandshake.request(
      target: path, host: self.host ?? host, fields: fields)
    return try TemplateText.parse(
      String(decoding: request.bytes[..<request.gap.lowerBound], as: UTF8.self), DataTables(data))
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
