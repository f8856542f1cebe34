/// The contents of a PUBLISH packet (3.3). Where QoS is not 0, the packet identifier is filled in
/// for each message.
package struct MQTTPublish: Sendable, Equatable {
  package var version: MQTTVersion
  package var topic: MQTTContent
  package var payload: MQTTContent
  package var qos = MQTTQoS.atMostOnce
  package var isRetained = false

  package init(_ version: MQTTVersion, topic: MQTTContent, payload: MQTTContent) {
    self.version = version
    self.topic = topic
    self.payload = payload
  }

  /// - Throws: the rule that the packet would break. Texts that are still to be filled in are not
  ///   checked.
  package func packet() throws(MQTTMalformation) -> MQTTPacket {
    var packet = MQTTPacket(header: MQTTPublishFacts(qos: qos, isRetained: isRetained).header)
    try packet.append(topic, .topic, version)
    if qos != .atMostOnce { packet.appendIdentifier() }
    if version == .v5 { packet.append(properties: []) }
    try packet.append(payload, .payload, version)
    return try packet.checked()
  }
}
