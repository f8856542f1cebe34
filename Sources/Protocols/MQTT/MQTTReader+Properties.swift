/// Reading the properties of 5.0 (2.2.2).
extension MQTTReader {
  mutating func tookPropertyLength() -> MQTTEvent? {
    if number > remaining { return fail(.propertyLength) }
    propertiesLeft = number
    seen = 0
    return go(to: .property)
  }

  mutating func took(property byte: UInt8) -> MQTTEvent? {
    guard let property = MQTTProperty(rawValue: byte) else { return fail(.unknownProperty) }
    guard isAllowed(property) else { return fail(.propertyNotAllowed) }
    // A PUBLISH may match several subscriptions, and then names each of them (3.3.2.3.8).
    if seen & property.bit != 0, property != .subscriptionIdentifier || kind != .publish {
      return fail(.repeatedProperty)
    }
    seen |= property.bit
    self.property = property
    switch property.form {
    case .number: return go(to: .propertyNumber)
    case .variableByteInteger: return go(to: .propertyInteger)
    case .text(let field): return begin(field)
    case .pair: return begin(.userPropertyName)
    }
  }

  /// Whether the packet, or the will, that is being read may have this property.
  private func isAllowed(_ property: MQTTProperty) -> Bool {
    guard let kind else { return false }
    let owner: MQTTProperty.Owners = traits.contains(.isOfWill) ? .will : .init(kind)
    guard property.owners.contains(owner) else { return false }
    switch (kind, property) {
    case (.publish, .subscriptionIdentifier), (.disconnect, .serverReference):
      return role == .client
    case (.disconnect, .sessionExpiryInterval): return role == .server
    default: return true
    }
  }

  mutating func tookNumber(_ limits: MQTTLimits) -> MQTTEvent? {
    let value = number
    guard property.takes(value) else { return fail(.propertyValue) }
    if property == .topicAlias, value > limits.topicAliases { return fail(.topicAlias) }
    _ = go(to: .property)
    return .value(property, value)
  }

  mutating func endedProperties() -> MQTTEvent? {
    guard let kind else { return nil }
    switch kind {
    case .connect:
      if traits.contains(.isOfWill) { return begin(.willTopic) }
      if seen & bits(.authenticationData, .authenticationMethod) == bits(.authenticationData) {
        return fail(.authenticationMethod)
      }
      return begin(.clientIdentifier)
    case .publish:
      if traits.contains(.isTopicEmpty), seen & MQTTProperty.topicAlias.bit == 0 {
        return fail(.emptyTopic)
      }
      return go(to: .payload)
    case .subscribe, .unsubscribe: return begin(.topicFilter)
    case .suback, .unsuback: return go(to: .codeOfFilter)
    case .auth:
      if seen & MQTTProperty.authenticationMethod.bit == 0 { return fail(.authenticationMethod) }
      return finish()
    default: return finish()
    }
  }

  /// The bits of one property, or of two.
  private func bits(_ one: MQTTProperty, _ other: MQTTProperty = .userProperty) -> UInt16 {
    one.bit | other.bit
  }
}
