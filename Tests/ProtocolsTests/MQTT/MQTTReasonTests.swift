import Protocols
import Testing

/// The tables of codes, written as the standards have them.
@Suite struct MQTTReasonTests {
  /// 5.0, 2.4.
  private static let names: [UInt8: String] = [
    0x00: "Success", 0x04: "Disconnect with Will Message", 0x10: "No matching subscribers",
    0x11: "No subscription existed", 0x18: "Continue authentication", 0x19: "Re-authenticate",
    0x80: "Unspecified error", 0x81: "Malformed Packet", 0x82: "Protocol Error",
    0x83: "Implementation specific error", 0x84: "Unsupported Protocol Version",
    0x85: "Client Identifier not valid", 0x86: "Bad User Name or Password",
    0x87: "Not authorized", 0x88: "Server unavailable", 0x89: "Server busy", 0x8A: "Banned",
    0x8B: "Server shutting down", 0x8C: "Bad authentication method", 0x8D: "Keep Alive timeout",
    0x8E: "Session taken over", 0x8F: "Topic Filter invalid", 0x90: "Topic Name invalid",
    0x91: "Packet Identifier in use", 0x92: "Packet Identifier not found",
    0x93: "Receive Maximum exceeded", 0x94: "Topic Alias invalid", 0x95: "Packet too large",
    0x96: "Message rate too high", 0x97: "Quota exceeded", 0x98: "Administrative action",
    0x99: "Payload format invalid", 0x9A: "Retain not supported", 0x9B: "QoS not supported",
    0x9C: "Use another server", 0x9D: "Server moved",
    0x9E: "Shared Subscriptions not supported", 0x9F: "Connection rate exceeded",
    0xA0: "Maximum connect time", 0xA1: "Subscription Identifiers not supported",
    0xA2: "Wildcard Subscriptions not supported",
  ]

  private static let codes: [(MQTTReason.Table, [UInt8])] = [
    (.connackOf311, [0, 1, 2, 3, 4, 5]), (.subackOf311, [0, 1, 2, 0x80]),
    (
      .connack,
      [
        0, 0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8A, 0x8C, 0x90, 0x95,
        0x97, 0x99, 0x9A, 0x9B, 0x9C, 0x9D, 0x9F,
      ]
    ),
    (.puback, [0, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99]),
    (.pubrec, [0, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99]),
    (.pubrel, [0, 0x92]), (.pubcomp, [0, 0x92]),
    (.suback, [0, 1, 2, 0x80, 0x83, 0x87, 0x8F, 0x91, 0x97, 0x9E, 0xA1, 0xA2]),
    (.unsuback, [0, 0x11, 0x80, 0x83, 0x87, 0x8F, 0x91]),
    (
      .disconnectFromServer,
      [
        0, 0x80, 0x81, 0x82, 0x83, 0x87, 0x89, 0x8B, 0x8C, 0x8D, 0x8E, 0x8F, 0x90, 0x93, 0x94,
        0x95, 0x96, 0x97, 0x98, 0x99, 0x9A, 0x9B, 0x9C, 0x9D, 0x9E, 0x9F, 0xA0, 0xA1, 0xA2,
      ]
    ),
    (
      .disconnectFromClient,
      [0, 4, 0x80, 0x81, 0x82, 0x83, 0x90, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99]
    ),
    (.authFromServer, [0, 0x18]), (.authFromClient, [0x18, 0x19]),
  ]

  @Test func `each table has its codes, with the standard's names, and no others`() {
    #expect(Self.codes.map(\.0) == MQTTReason.Table.allCases)
    for (table, codes) in Self.codes {
      for code in UInt8.min...UInt8.max {
        let reason = MQTTReason(table, code)
        #expect(reason.isListed == codes.contains(code), "\(reason)")
        #expect((reason.words != nil) == reason.isListed)
        guard reason.isListed, table != .connackOf311, table != .subackOf311 else { continue }
        let name =
          switch (table, code) {
          case (.suback, 0...2): "Granted QoS \(code)"
          case (.disconnectFromServer, 0), (.disconnectFromClient, 0): "Normal disconnection"
          default: Self.names[code]
          }
        #expect(reason.words == name)
        #expect(reason.isFailure == (code >= 0x80))
      }
    }
  }

  @Test func `3.1.1 has words of its own`() {
    let refused = [
      "unacceptable protocol version", "identifier rejected", "Server unavailable",
      "bad user name or password", "not authorized",
    ]
    #expect(MQTTReason(.connackOf311, 0).words == "Connection Accepted")
    #expect(!MQTTReason(.connackOf311, 0).isFailure)
    for (index, words) in refused.enumerated() {
      let reason = MQTTReason(.connackOf311, UInt8(index + 1))
      #expect(reason.words == "Connection Refused, \(words)")
      #expect(reason.isFailure)
    }
    #expect(MQTTReason(.subackOf311, 2).words == "Success - Maximum QoS 2")
    #expect(MQTTReason(.subackOf311, 0x80).words == "Failure")
  }

  @Test func `every rule has words, a section and a code that DISCONNECT or CONNACK has`() {
    var words: Set<String> = []
    for rule in MQTTMalformation.allCases {
      #expect(words.insert(rule.words).inserted)
      #expect(rule.sections.v311 != nil || rule.sections.v5 != nil)
      #expect(
        MQTTReason(.disconnectFromServer, rule.reasonCode).isListed
          || MQTTReason(.connack, rule.reasonCode).isListed)
      if let code = rule.connackCode(.v5) {
        #expect(MQTTReason(.connack, code).isListed, "\(rule)")
      }
    }
    #expect(MQTTMalformation.protocolLevel.connackCode(.v311) == 1)
    #expect(MQTTMalformation.protocolLevel.connackCode(.v5) == 0x84)
    #expect(MQTTMalformation.clientIdentifier.connackCode(.v311) == 2)
    #expect(MQTTMalformation.utf8.connackCode(.v311) == nil)
    #expect(MQTTMalformation.trailingBytes.connackCode(.v5) == 0x81)
    #expect(MQTTMalformation.packetTooLarge.reasonCode == 0x95)
  }
}
