package import Messages

/// What the two ends speak over their connections.
package enum PlanProtocol: Sendable, Equatable {
  /// No protocol: a message is the bytes that the plan gives it.
  case raw
  case http(HTTPSettings)
  case webSocket(WebSocketSettings)
  case mqtt(MQTTSettings)

  package var isHTTP: Bool { if case .http = self { true } else { false } }
  package var isMQTT: Bool { if case .mqtt = self { true } else { false } }
}

/// What all requests of a plan have in common.
package struct HTTPSettings: Sendable, Equatable {
  /// The value of `Host`; nil for the plan's first target, or the server's first endpoint.
  package var host: String?
  package var headers: [HTTPRequest.Header]

  package init(host: String? = nil, headers: [HTTPRequest.Header] = []) {
    self.host = host
    self.headers = headers
  }
}
