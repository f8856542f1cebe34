package import Protocols

/// What both ends of WebSockets say when they open one, and how they keep it.
package struct WebSocketTerms: Sendable {
  /// What a client asks, with a gap for its key; nil of a server.
  package var request: WebSocketHandshake.Message?
  /// What a client offers and a server has, the preferred one first.
  package var subprotocols: [String]
  /// Nanoseconds between two pings of a client's connection; nil for none.
  package var pingInterval: UInt64?
  /// Of what kind the messages are whose kind is not known otherwise.
  package var kind: MessageKind

  package init(
    request: WebSocketHandshake.Message?, subprotocols: [String] = [], pingInterval: UInt64? = nil,
    kind: MessageKind = .text
  ) {
    self.request = request
    self.subprotocols = subprotocols
    self.pingInterval = pingInterval
    self.kind = kind
  }

}
