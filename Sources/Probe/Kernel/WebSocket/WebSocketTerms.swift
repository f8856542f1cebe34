package import Messages
import Protocols

/// How the WebSockets of a plan, or of `serve`, are opened and kept, at either end.
package struct WebSocketTerms: Sendable {
  /// The client's opening request up to the key. A server makes no use of it.
  package var request: MessageTemplate?
  /// The subprotocols that a client offers and a server accepts, the preferred one first.
  package var subprotocols: [String]
  /// Nanoseconds between two pings of a client's connection; nil for none.
  package var pingInterval: UInt64?
  /// The kind of the messages that a server sends of its own: its fixed answer, or what it pushes.
  /// A client names the kind of each message (`Kernel.choose`). An echo has the kind of the message
  /// that it sends back.
  package var kind: MessageKind

  package init(
    request: MessageTemplate?, subprotocols: [String] = [], pingInterval: UInt64? = nil,
    kind: MessageKind = .text
  ) {
    self.request = request
    self.subprotocols = subprotocols
    self.pingInterval = pingInterval
    self.kind = kind
  }

}
