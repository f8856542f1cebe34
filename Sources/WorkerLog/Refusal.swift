/// Why a layer on top of TCP was refused, or has failed: what one end said, or what the other makes of it.
package struct Refusal: Sendable, Hashable {
  /// In words, on one line; text that a peer sent is quoted and escaped in them.
  package var words: String
  /// Nil where nobody said a number: the peer broke a rule, or was silent.
  package var code: RefusalCode?

  package init(_ words: String, code: RefusalCode? = nil) {
    self.words = words
    self.code = code
  }

  /// The words up to the first quotation mark. Behind it is what the peer said, which may differ each time, so only
  /// these tell kinds of refusals apart.
  package var ownWords: Substring { words.prefix { $0 != "\"" } }
}

/// The number that a protocol has for a refusal, such as HTTP's 503.
package struct RefusalCode: Sendable, Hashable {
  /// Whose table of numbers it is from.
  package enum Table: UInt8, Sendable, CaseIterable {
    /// Alerts (RFC 8446, section 6).
    case tls = 1
    /// Status codes (RFC 9110, section 15).
    case http
    /// Close codes (RFC 6455, section 7.4).
    case webSocket
    /// Return codes of CONNACK and SUBACK of MQTT 3.1.1, reason codes of 5.0.
    case mqtt
  }

  package var table: Table
  package var number: UInt16
  /// The type of the packet of MQTT that said it (5.0: 2.1.2); 0 with other protocols. The same number in another packet
  /// refuses something else.
  package var packet: UInt8
  /// Whether this end has said it to its peer; false where the peer has said it.
  package var isSent: Bool

  package init(_ table: Table, _ number: UInt16, packet: UInt8 = 0, isSent: Bool = false) {
    self.table = table
    self.number = number
    self.packet = packet
    self.isSent = isSent
  }
}

extension RefusalCode.Table {
  /// The protocol's name in reports.
  package var name: String {
    switch self {
    case .tls: "TLS"
    case .http: "HTTP"
    case .webSocket: "WebSocket"
    case .mqtt: "MQTT"
    }
  }
}
