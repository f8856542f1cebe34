package import Messages
package import Protocols

/// How clients of MQTT open their connections and keep them, and what a server does with messages. All but `passesOn` is
/// the client's.
package struct MQTTTerms: Sendable {
  /// A server learns it from each connection.
  package var version: MQTTVersion
  package var clientIdentifier: MessageTemplate
  package var userName: MessageTemplate?
  package var password: MessageTemplate?
  /// In seconds; 0 turns it off.
  package var keepAlive: UInt16
  /// Whether a client begins without an earlier session (Clean Session, Clean Start).
  package var isClean: Bool
  /// Topic filters, which a client asks for in this order.
  package var subscriptions: [MessageTemplate]
  /// What the messages of each pattern are published as, in the order of the patterns.
  package var publications: [MessagePublication]
  /// Whether a server sends a message back on a connection that has subscribed to its topic.
  package var passesOn: Bool

  package init(
    version: MQTTVersion = .v311, clientIdentifier: MessageTemplate = MessageTemplate(parts: []),
    userName: MessageTemplate? = nil, password: MessageTemplate? = nil, keepAlive: UInt16 = 60,
    isClean: Bool = true, subscriptions: [MessageTemplate] = [],
    publications: [MessagePublication] = [],
    passesOn: Bool = true
  ) {
    self.version = version
    self.clientIdentifier = clientIdentifier
    self.userName = userName
    self.password = password
    self.keepAlive = keepAlive
    self.isClean = isClean
    self.subscriptions = subscriptions
    self.publications = publications
    self.passesOn = passesOn
  }
}
