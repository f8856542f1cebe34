/// The code with which a peer closes a WebSocket (RFC 6455, 7.4.1, and IANA's registry of close
/// codes).
package struct WebSocketCloseCode: Equatable, Sendable {
  package var rawValue: UInt16

  package init(_ rawValue: UInt16) { self.rawValue = rawValue }

  /// Whether the code reports no fault: the peer has finished, or goes away, or gave no code.
  package var isUsual: Bool {
    switch rawValue {
    case 1000, 1001, WebSocketReader.noCode: true
    default: false
    }
  }

  /// What the code means; nil for a code that has no words here.
  package var meaning: String? {
    switch rawValue {
    case 1000: "normal closure"
    case 1001: "going away"
    case 1002: "protocol error"
    case 1003: "unsupported data"
    case 1007: "invalid payload"
    case 1008: "policy violation"
    case 1009: "message too big"
    case 1010: "extension missing"
    case 1011: "internal error"
    case 1012: "service restart"
    case 1013: "try again later"
    case 1014: "bad gateway"
    case 3000: "unauthorized"
    case 3003: "forbidden"
    case 3008: "timeout"
    default: nil
    }
  }
}

extension WebSocketCloseCode: CustomStringConvertible {
  /// The code with its meaning: "1013 (try again later)".
  package var description: String { "\(rawValue)" + (meaning.map { " (\($0))" } ?? "") }
}
