internal import COpenSSL

/// Connections whose handshake is done and gave no `RecordState`, such as those of TLS 1.2: OpenSSL reads and
/// writes for them as long as they last.
extension Handshake {
  package enum Reading: Equatable, Sendable {
    case data(Int)
    /// All that has come was read; more has to come first.
    case wants
    /// The peer has said that it sends nothing more.
    case closed
    case failed(TLSFailure)
  }

  /// Takes plaintext of a connection that is done and has no `RecordState`.
  package func read(into buffer: UnsafeMutableRawBufferPointer) -> Reading {
    switch state {
    case .wants: return .wants
    case .failed(let failure): return .failed(failure)
    case .done(_?): return .closed
    case .done(nil): break
    }
    guard buffer.count > 0 else { return .wants }
    ErrorQueue.clear()
    let count = unsafe SSL_read(raw, buffer.baseAddress, Int32(clamping: buffer.count))
    if count > 0 { return .data(Int(count)) }
    switch unsafe SSL_get_error(raw, count) {
    case SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE: return .wants
    case SSL_ERROR_ZERO_RETURN: return .closed
    default:
      let failure = failure()
      state = .failed(failure)
      return .failed(failure)
    }
  }

  /// Turns plaintext into output (`takeOutput`), on a connection that is done and has no `RecordState`.
  ///
  /// - Returns: false on any other connection, and where OpenSSL refuses to write.
  package func write(_ bytes: UnsafeRawBufferPointer) -> Bool {
    guard case .done(nil) = state else { return false }
    var rest = unsafe bytes
    while rest.count > 0 {
      ErrorQueue.clear()
      let count = unsafe Int(SSL_write(raw, rest.baseAddress, Int32(clamping: rest.count)))
      guard count > 0 else { return false }
      unsafe rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count))
    }
    return true
  }

  /// Tells the peer that nothing more comes, on a connection that is done and has no `RecordState`.
  package func close() {
    guard case .done(nil) = state else { return }
    ErrorQueue.clear()
    _ = unsafe SSL_shutdown(raw)
  }
}
