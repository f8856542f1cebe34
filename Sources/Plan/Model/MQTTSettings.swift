package import Messages
package import Protocols

/// How a plan's clients of MQTT connect and subscribe. Texts have placeholders, which each connection fills in.
package struct MQTTSettings: Sendable, Equatable {
  package static let keepAlives = 1...65_535

  /// Nil for none: the server gives one.
  package var clientIdentifier: String?
  package var userName: String?
  package var password: String?
  /// In seconds; 0 where it is off.
  package var keepAlive: UInt16 = 60
  package var isClean = true
  package var version = MQTTVersion.v311
  /// Topic filters, as a client asks for them.
  package var subscriptions: [String] = []

  package init() {}

  /// A text as connections fill it in. The reader of plans has looked at it.
  package static func template(_ text: String, _ data: [DataTable]) -> MessageTemplate {
    (try? TemplateText.parse(text, DataTables(data))) ?? MessageTemplate(parts: [])
  }
}

extension MQTTSettings {
  /// As a plan writes it, without the braces.
  var parts: [String] {
    [
      clientIdentifier.map { "client-id: \(yamlScalar($0))" },
      userName.map { "username: \(yamlScalar($0))" },
      password.map { "password: \(yamlScalar($0))" },
      keepAlive == 60 ? nil : "keep-alive: \(keepAlive == 0 ? "off" : "\(keepAlive)s")",
      isClean ? nil : "clean: false",
      version == .v5 ? "version: 5" : nil,
      subscriptions.isEmpty
        ? nil : "subscribe: [\(subscriptions.map(yamlScalar).joined(separator: ", "))]",
    ].compactMap(\.self)
  }
}
