/// The end of a connection that something belongs to; `host` for the machine itself.
package enum End: String, Sendable, Hashable, CaseIterable {
  case client, server, host
}
