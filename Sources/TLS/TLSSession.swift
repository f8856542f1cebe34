internal import COpenSSL

/// What a client needs to resume: a ticket and its secret. Good for any number of handshakes with
/// servers that do not remember which tickets were used.
@safe
package final class TLSSession {
  let raw: OpaquePointer

  /// - Parameter raw: a session whose reference this object takes over.
  init(taking raw: OpaquePointer) { unsafe self.raw = raw }

  deinit { unsafe SSL_SESSION_free(raw) }

  /// Seconds for which the server said that it would take the ticket; 0 where it said nothing.
  package var lifetime: Int { unsafe Int(SSL_SESSION_get_ticket_lifetime_hint(raw)) }
}

/// A store of sessions to resume, which no worker uses yet. When it is full, a new session replaces the oldest.
package struct SessionStore: ~Copyable {
  private var sessions: [TLSSession] = []
  private let capacity: Int
  private var oldest = 0
  private var next = 0

  package init(capacity: Int) { self.capacity = max(1, capacity) }

  package var count: Int { sessions.count }

  package mutating func keep(_ session: TLSSession) {
    guard sessions.count == capacity else {
      sessions.append(session)
      return
    }
    sessions[oldest] = session
    oldest = (oldest + 1) % capacity
  }

  /// The sessions one after the other, again from the first after the last; all stay in the store.
  package mutating func nextInTurn() -> TLSSession? {
    guard !sessions.isEmpty else { return nil }
    next = next < sessions.count ? next : 0
    defer { next += 1 }
    return sessions[next]
  }
}
