import Plan
import Protocols

/// What a server of somebody else says in a protocol. It serves as it should, and may refuse some of its connections.
package struct Speech: Sendable, Hashable {
  package enum Tongue: String, CaseIterable, Sendable {
    case http, webSocket, mqtt
    /// MQTT of version 5.
    case mqtt5

    /// The protocol of a plan's clients; nil where they send and expect bytes, or speak TLS, which no simulated server
    /// of somebody else does.
    init?(of plan: Plan) {
      guard plan.tls == nil else { return nil }
      switch plan.protocol {
      case .raw: return nil
      case .http: self = .http
      case .webSocket: self = .webSocket
      case .mqtt(let settings): self = settings.version == .v5 ? .mqtt5 : .mqtt
      }
    }
  }

  /// How the server refuses a connection.
  package enum Refusal: Sendable, Hashable {
    /// It answers the opening with this status of HTTP, or this code of CONNACK; without an opening, each request. Then
    /// it closes.
    case answers(UInt16)
    /// It ends the session with this close code, or with a DISCONNECT of this reason.
    case ends(UInt16)
    /// It answers the first bytes with some that are not of the protocol.
    case babbles
    /// It answers no ping.
    case ignoresPings
  }

  package var tongue: Tongue
  /// Nil where the server refuses nobody.
  package var refusal: Refusal?
  /// The first connection that is refused, in the order in which they are accepted, from 1; and then each `every`-th.
  package var first = 1
  package var every = 1
  /// How long after a connection was accepted its session is ended (`ends`), in nanoseconds.
  package var after: UInt64 = 0

  package init(_ tongue: Tongue, _ refusal: Refusal? = nil) {
    self.tongue = tongue
    self.refusal = refusal
  }

  /// What the server says as its reason where the protocol has room for words.
  package static let words = "come \"back\" later"
  static let babble = Array("SSH-2.0-somebody\r\n\r\n".utf8)

  func refuses(connection number: Int) -> Bool {
    refusal != nil && number >= first && (number - first).isMultiple(of: every)
  }
}
