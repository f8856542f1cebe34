/// The contents of a SUBSCRIBE packet (3.8).
package struct MQTTSubscribe: Sendable, Equatable {
  package struct Subscription: Sendable, Equatable {
    package var topicFilter: MQTTContent
    package var options: MQTTSubscriptionOptions

    package init(_ topicFilter: MQTTContent, _ options: MQTTSubscriptionOptions) {
      self.topicFilter = topicFilter
      self.options = options
    }
  }

  package var version: MQTTVersion
  package var subscriptions: [Subscription]

  package init(_ version: MQTTVersion, _ subscriptions: [Subscription]) {
    self.version = version
    self.subscriptions = subscriptions
  }

  /// - Throws: the rule that the packet would break. Texts that are still to be filled in are not
  ///   checked.
  package func packet() throws(MQTTMalformation) -> MQTTPacket {
    if subscriptions.isEmpty { throw .noTopicFilter }
    var packet = MQTTPacket(header: MQTTPacketKind.subscribe.header)
    packet.appendIdentifier()
    if version == .v5 { packet.append(properties: []) }
    for (number, subscription) in subscriptions.enumerated() {
      let (filter, options) = (subscription.topicFilter, subscription.options)
      if options.retainHandling > 2 { throw .subscriptionOptions }
      if version == .v5, options.isNoLocal, case .bytes(let bytes) = filter,
        bytes.starts(with: "$share/".utf8)
      {
        throw .noLocalOnShare
      }
      try packet.append(filter, .topicFilter, number: number, version)
      packet.append([options.byte(version)])
    }
    return try packet.checked()
  }
}

/// The contents of an UNSUBSCRIBE packet (3.10).
package struct MQTTUnsubscribe: Sendable, Equatable {
  package var version: MQTTVersion
  package var topicFilters: [MQTTContent]

  package init(_ version: MQTTVersion, _ topicFilters: [MQTTContent]) {
    self.version = version
    self.topicFilters = topicFilters
  }

  /// - Throws: the rule that the packet would break. Texts that are still to be filled in are not
  ///   checked.
  package func packet() throws(MQTTMalformation) -> MQTTPacket {
    if topicFilters.isEmpty { throw .noTopicFilter }
    var packet = MQTTPacket(header: MQTTPacketKind.unsubscribe.header)
    packet.appendIdentifier()
    if version == .v5 { packet.append(properties: []) }
    for (number, filter) in topicFilters.enumerated() {
      try packet.append(filter, .topicFilter, number: number, version)
    }
    return try packet.checked()
  }
}
