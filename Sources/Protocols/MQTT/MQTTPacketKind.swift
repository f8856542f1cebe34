/// The versions of the standard. The raw value is the protocol level in CONNECT (3.1.2.2).
package enum MQTTVersion: UInt8, BitwiseCopyable, Sendable, CaseIterable {
  case v311 = 4
  case v5 = 5
}

/// The end that reads.
package enum MQTTRole: BitwiseCopyable, Sendable {
  case client, server
}

package enum MQTTQoS: UInt8, BitwiseCopyable, Sendable, CaseIterable {
  case atMostOnce, atLeastOnce, exactlyOnce
}

/// The types of packets, with their numbers (3.1.1: 2.2.1; 5.0: 2.1.2).
package enum MQTTPacketKind: UInt8, BitwiseCopyable, Sendable, CaseIterable {
  case connect = 1
  case connack, publish, puback, pubrec, pubrel, pubcomp, subscribe, suback, unsubscribe, unsuback
  case pingreq, pingresp, disconnect, auth

  /// The low four bits of the first byte, as the standard prescribes them (3.1.1: 2.2.2; 5.0: 2.1.3). Nil
  /// for PUBLISH, where these bits are DUP, QoS and RETAIN.
  package var flags: UInt8? {
    switch self {
    case .publish: nil
    case .pubrel, .subscribe, .unsubscribe: 0b0010
    default: 0
    }
  }

  /// The first byte of a packet whose flags are prescribed.
  package var header: UInt8 { rawValue << 4 | (flags ?? 0) }

  /// Whether such a packet may be sent to this end, in at least one version.
  func isSent(to role: MQTTRole) -> Bool {
    switch self {
    case .connect, .subscribe, .unsubscribe, .pingreq: role == .server
    case .connack, .suback, .unsuback, .pingresp: role == .client
    case .publish, .puback, .pubrec, .pubrel, .pubcomp, .disconnect, .auth: true
    }
  }
}
