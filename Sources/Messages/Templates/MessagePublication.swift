package import Protocols

/// Where a message of MQTT goes, and how.
package struct MessagePublication: Sendable, Equatable {
  package var topic: MessageTemplate
  package var qos: MQTTQoS
  package var isRetained: Bool

  package init(topic: MessageTemplate, qos: MQTTQoS, isRetained: Bool = false) {
    self.topic = topic
    self.qos = qos
    self.isRetained = isRetained
  }
}
