/// The contents of a CONNECT packet (3.1).
package struct MQTTConnect: Sendable, Equatable {
  /// The message that the server is to publish when it loses the connection.
  package struct Will: Sendable, Equatable {
    package var topic: [UInt8]
    /// At most 65,535 bytes.
    package var payload: [UInt8]
    package var qos = MQTTQoS.atMostOnce
    package var isRetained = false

    package init(topic: [UInt8], payload: [UInt8]) {
      self.topic = topic
      self.payload = payload
    }
  }

  package var version: MQTTVersion
  package var clientIdentifier: MQTTContent
  package var userName: MQTTContent?
  package var password: MQTTContent?
  /// In seconds; 0 turns keep-alive off.
  package var keepAlive: UInt16 = 0
  /// Clean Session in 3.1.1, Clean Start in 5.0.
  package var isClean = true
  package var will: Will?
  // Properties of 5.0. One that is nil is left out. A packet of 3.1.1 has none of them.
  /// In seconds.
  package var sessionExpiry: UInt32?
  /// At least 1.
  package var receiveMaximum: UInt16?
  /// At least 1.
  package var maximumPacketSize: UInt32?
  package var topicAliasMaximum: UInt16?

  package init(_ version: MQTTVersion, clientIdentifier: MQTTContent) {
    self.version = version
    self.clientIdentifier = clientIdentifier
  }

  /// - Throws: the rule that the packet would break. Texts that are still to be filled in are not
  ///   checked.
  package func packet() throws(MQTTMalformation) -> MQTTPacket {
    if version == .v311 {
      if password != nil, userName == nil { throw .passwordWithoutUserName }
      if !isClean, clientIdentifier == .bytes([]) { throw .clientIdentifier }
    }
    var packet = MQTTPacket(header: MQTTPacketKind.connect.header)
    packet.append([0, 4] + Array("MQTT".utf8) + [version.rawValue, flags])
    packet.append(MQTTPacket.big(keepAlive))
    if version == .v5 { packet.append(properties: try properties()) }
    try packet.append(clientIdentifier, .clientIdentifier, version)
    if let will {
      if version == .v5 { packet.append(properties: []) }
      try packet.append(.bytes(will.topic), .willTopic, version)
      try packet.append(.bytes(will.payload), .willPayload, version)
    }
    if let userName { try packet.append(userName, .userName, version) }
    if let password { try packet.append(password, .password, version) }
    return try packet.checked()
  }

  private var flags: UInt8 {
    var flags: UInt8 = isClean ? 0b10 : 0
    if let will {
      flags |= 0b100 | will.qos.rawValue << 3 | (will.isRetained ? 0b10_0000 : 0)
    }
    if password != nil { flags |= 0b100_0000 }
    if userName != nil { flags |= 0b1000_0000 }
    return flags
  }

  private func properties() throws(MQTTMalformation) -> [UInt8] {
    if receiveMaximum == 0 || maximumPacketSize == 0 { throw .propertyValue }
    var bytes: [UInt8] = []
    if let sessionExpiry {
      bytes += [MQTTProperty.sessionExpiryInterval.rawValue] + MQTTPacket.big(sessionExpiry)
    }
    if let receiveMaximum {
      bytes += [MQTTProperty.receiveMaximum.rawValue] + MQTTPacket.big(receiveMaximum)
    }
    if let maximumPacketSize {
      bytes += [MQTTProperty.maximumPacketSize.rawValue] + MQTTPacket.big(maximumPacketSize)
    }
    if let topicAliasMaximum {
      bytes += [MQTTProperty.topicAliasMaximum.rawValue] + MQTTPacket.big(topicAliasMaximum)
    }
    return bytes
  }
}
