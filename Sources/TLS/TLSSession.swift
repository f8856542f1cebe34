internal import COpenSSL

/// What a client needs to resume: a ticket, or in TLS 1.2 a session ID, and the secret.
@safe
package final class TLSSession {
  let raw: OpaquePointer
  /// How many handshakes have resumed it.
  var timesResumed = 0

  /// A copy, as OpenSSL marks a connection's own session as not resumable when that connection fails.
  init?(copying raw: OpaquePointer) {
    guard let copy = unsafe SSL_SESSION_dup(raw) else { return nil }
    unsafe self.raw = copy
  }

  deinit { unsafe SSL_SESSION_free(raw) }

  /// Seconds for which the server said that it would take the ticket. 0 in TLS 1.3: it is to be discarded at once
  /// (RFC 8446, 4.6.1); in TLS 1.2: the server leaves the time to the client (RFC 5077, 3.3).
  package var lifetime: Int { unsafe Int(SSL_SESSION_get_ticket_lifetime_hint(raw)) }

  /// Bytes of the ticket; 0 for a session of TLS 1.2 that the server remembers by its ID.
  var ticketLength: Int {
    var ticket: UnsafePointer<UInt8>?
    var length = 0
    unsafe SSL_SESSION_get0_ticket(raw, &ticket, &length)
    return length
  }

  /// In TLS 1.3 every handshake may bring new tickets, in TLS 1.2 only a full one need bring a session.
  var isOfTLS13: Bool { unsafe SSL_SESSION_get_protocol_version(raw) == TLS1_3_VERSION }

  /// For tests of sessions that are old.
  func begin(secondsEarlier seconds: Int) {
    _ = unsafe SSL_SESSION_set_time(raw, SSL_SESSION_get_time(raw) - seconds)
  }

  /// Whether the server's time for it is over: OpenSSL would not even offer the session.
  var isExpired: Bool {
    let limit = unsafe Self.secondsGood(
      lifetime: lifetime, isOfTLS13: isOfTLS13, otherwise: Int(SSL_SESSION_get_timeout(raw)))
    return unsafe Int(runner_session_age(raw)) >= limit
  }

  /// For how many seconds a session is good.
  ///
  /// - Parameter usual: where the server leaves the time to the client.
  static func secondsGood(lifetime: Int, isOfTLS13: Bool, otherwise usual: Int) -> Int {
    isOfTLS13 || lifetime > 0 ? lifetime : usual
  }
}
