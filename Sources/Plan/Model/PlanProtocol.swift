package import Messages

/// What the two ends speak over their connections.
package enum PlanProtocol: Sendable, Equatable {
  /// Bytes as the plan's messages have them.
  case raw
  case http(HTTPSettings)
  case webSocket(WebSocketSettings)

  package var isHTTP: Bool { if case .http = self { true } else { false } }
}

/// What all requests of a plan have in common.
package struct HTTPSettings: Sendable, Equatable {
  /// What `Host` says; nil for the plan's first target, or its server.
  package var host: String?
  package var headers: [HTTPRequest.Header]

  package init(host: String? = nil, headers: [HTTPRequest.Header] = []) {
    self.host = host
    self.headers = headers
  }
}
