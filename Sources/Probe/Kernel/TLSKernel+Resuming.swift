import Addressing
import TLS

/// Sessions that clients resume, and the few connections that are listened to for one. A server has none: its tickets
/// hold all that it needs.
extension TLSKernel where Base: ~Copyable {
  /// What a client's handshake under way resumes, and with whom it is.
  struct Attempt {
    let endpoint: SocketAddress
    var session: TLSSession?
  }

  /// A connection of TLS 1.3 that keeps its `Handshake` until it has overheard a session.
  struct Listener {
    let endpoint: SocketAddress
    let handshake: Handshake
  }

  /// The session that a client's new handshake is to resume; nil for a full handshake.
  @inline(never)
  mutating func sessionToResume(_ row: UInt32) -> TLSSession? {
    guard let endpoint = attempts[row]?.endpoint else { return nil }
    let session = sessions.next(for: endpoint)
    attempts[row]?.session = session
    return session
  }

  /// Whether the handshake of a row is to listen for a session. Mutating, as Swift copies the whole kernel for a method
  /// that changes nothing and is not inlined.
  mutating func wantsSession(_ row: UInt32) -> Bool {
    attempts[row].map { sessions.wants(from: $0.endpoint) } ?? false
  }

  /// A client's handshake is over: what it resumed is noted, and what it was given kept. Where a session may yet come,
  /// and is wanted, the connection is listened to.
  @inline(never)
  mutating func takeSession(_ row: UInt32, _ handshake: Handshake) {
    guard let attempt = attempts.removeValue(forKey: row) else { return }
    if let session = attempt.session {
      sessions.note(session, of: attempt.endpoint, isResumed: handshake.isResumed)
    }
    if let session = handshake.takeSession() {
      sessions.keep(session, of: attempt.endpoint)
    } else if stages[row] == .open, handshake.listensForSession,
      sessions.wants(from: attempt.endpoint)
    {
      sessions.beginListening(to: attempt.endpoint)
      listeners[row] = Listener(endpoint: attempt.endpoint, handshake: handshake)
    }
  }

  /// A client's handshake has failed or was given up. A session over which either end has sent
  /// an alert is not tried again.
  @inline(never)
  mutating func forgetAttempt(_ row: UInt32, isRefused: Bool) {
    guard let attempt = attempts.removeValue(forKey: row), isRefused, let session = attempt.session
    else { return }
    sessions.forget(session, of: attempt.endpoint)
  }

  /// Shows ciphertext to the listener of a row, before the record layer opens it in place.
  @inline(never)
  mutating func overhear(_ row: UInt32, _ ciphertext: UnsafeRawBufferPointer) {
    guard let listener = listeners[row] else { return }
    let isMoreWanted = unsafe listener.handshake.overhear(ciphertext)
    let session = listener.handshake.takeSession()
    if !isMoreWanted { stopListening(row) }
    if let session { sessions.keep(session, of: listener.endpoint) }
  }

  mutating func stopListening(_ row: UInt32) {
    guard let listener = listeners.removeValue(forKey: row) else { return }
    sessions.endListening(to: listener.endpoint)
  }
}
