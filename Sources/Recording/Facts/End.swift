/// The side of a connection that a fact belongs to; `host` for the machine itself.
package enum End: String, Sendable, Hashable, CaseIterable {
  case client, server, host
}
