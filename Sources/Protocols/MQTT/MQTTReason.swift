/// A reason code, or a return code of 3.1.1, together with the standard's table that explains it.
package struct MQTTReason: BitwiseCopyable, Sendable, Hashable {
  package enum Table: UInt8, BitwiseCopyable, Sendable, CaseIterable {
    /// 3.1.1: table 3.1, and the codes in 3.9.3.
    case connackOf311, subackOf311
    /// 5.0: tables in 3.2.2.2, 3.4.2.1, 3.5.2.1, 3.6.2.1, 3.7.2.1, 3.9.3 and 3.11.3.
    case connack, puback, pubrec, pubrel, pubcomp, suback, unsuback
    /// 5.0: tables in 3.14.2.1 and 3.15.2.1, split by the end that sends the packet.
    case disconnectFromServer, disconnectFromClient, authFromServer, authFromClient
  }

  package var table: Table
  package var code: UInt8

  package init(_ table: Table, _ code: UInt8) {
    self.table = table
    self.code = code
  }

  package var isFailure: Bool { table == .connackOf311 ? code != 0 : code >= 0x80 }

  /// Whether the table has the code.
  package var isListed: Bool {
    switch table {
    case .connackOf311: code <= 5
    case .subackOf311: code <= 2 || code == 0x80
    case .connack:
      switch code {
      case 0, 0x80...0x8A, 0x8C, 0x90, 0x95, 0x97, 0x99...0x9D, 0x9F: true
      default: false
      }
    case .puback, .pubrec:
      switch code {
      case 0, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99: true
      default: false
      }
    case .pubrel, .pubcomp: code == 0 || code == 0x92
    case .suback:
      switch code {
      case 0...2, 0x80, 0x83, 0x87, 0x8F, 0x91, 0x97, 0x9E, 0xA1, 0xA2: true
      default: false
      }
    case .unsuback:
      switch code {
      case 0, 0x11, 0x80, 0x83, 0x87, 0x8F, 0x91: true
      default: false
      }
    case .disconnectFromServer:
      switch code {
      // For DISCONNECT, 0x8C is in the table of 2.4, but not in that of 3.14.2.1.
      case 0, 0x80...0x83, 0x87, 0x89, 0x8B...0x90, 0x93...0xA2: true
      default: false
      }
    case .disconnectFromClient:
      switch code {
      case 0, 4, 0x80...0x83, 0x90, 0x93...0x99: true
      default: false
      }
    case .authFromServer: code == 0 || code == 0x18
    case .authFromClient: code == 0x18 || code == 0x19
    }
  }

  /// The standard's name of the code; nil where the table has no such code.
  package var words: String? {
    guard isListed else { return nil }
    switch (table, code) {
    case (.connackOf311, _): return connectReturn
    case (.subackOf311, 0x80): return "Failure"
    case (.subackOf311, 0): return "Success - Maximum QoS 0"
    case (.subackOf311, 1): return "Success - Maximum QoS 1"
    case (.subackOf311, _): return "Success - Maximum QoS 2"
    case (.suback, 0): return "Granted QoS 0"
    case (.suback, 1): return "Granted QoS 1"
    case (.suback, 2): return "Granted QoS 2"
    case (.disconnectFromServer, 0), (.disconnectFromClient, 0): return "Normal disconnection"
    default: return name
    }
  }

  /// As table 3.1 of 3.1.1 has them.
  private var connectReturn: String {
    switch code {
    case 0: "Connection Accepted"
    case 1: "Connection Refused, unacceptable protocol version"
    case 2: "Connection Refused, identifier rejected"
    case 3: "Connection Refused, Server unavailable"
    case 4: "Connection Refused, bad user name or password"
    default: "Connection Refused, not authorized"
    }
  }

  /// As the table of all codes has them (5.0: 2.4).
  private var name: String? {
    switch code {
    case 0x00: "Success"
    case 0x04: "Disconnect with Will Message"
    case 0x10: "No matching subscribers"
    case 0x11: "No subscription existed"
    case 0x18: "Continue authentication"
    case 0x19: "Re-authenticate"
    case 0x80: "Unspecified error"
    case 0x81: "Malformed Packet"
    case 0x82: "Protocol Error"
    case 0x83: "Implementation specific error"
    case 0x84: "Unsupported Protocol Version"
    case 0x85: "Client Identifier not valid"
    case 0x86: "Bad User Name or Password"
    case 0x87: "Not authorized"
    case 0x88: "Server unavailable"
    case 0x89: "Server busy"
    case 0x8A: "Banned"
    case 0x8B: "Server shutting down"
    case 0x8C: "Bad authentication method"
    case 0x8D: "Keep Alive timeout"
    case 0x8E: "Session taken over"
    case 0x8F: "Topic Filter invalid"
    case 0x90: "Topic Name invalid"
    case 0x91: "Packet Identifier in use"
    case 0x92: "Packet Identifier not found"
    case 0x93: "Receive Maximum exceeded"
    case 0x94: "Topic Alias invalid"
    case 0x95: "Packet too large"
    case 0x96: "Message rate too high"
    case 0x97: "Quota exceeded"
    case 0x98: "Administrative action"
    case 0x99: "Payload format invalid"
    case 0x9A: "Retain not supported"
    case 0x9B: "QoS not supported"
    case 0x9C: "Use another server"
    case 0x9D: "Server moved"
    case 0x9E: "Shared Subscriptions not supported"
    case 0x9F: "Connection rate exceeded"
    case 0xA0: "Maximum connect time"
    case 0xA1: "Subscription Identifiers not supported"
    case 0xA2: "Wildcard Subscriptions not supported"
    default: nil
    }
  }
}
