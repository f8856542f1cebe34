internal import COpenSSL

/// What all connections of one end have in common: trust, certificate, versions, ciphers.
///
/// Made once, before workers are forked, and its settings never change. All workers of a server then have the same
/// ticket keys, so a session that one of them began is resumed by any other. Its handshakes are those of one thread,
/// as the key log is switched on and off in their steps.
@safe
package final class TLSContext: @unchecked Sendable {
  let raw: OpaquePointer
  package let isServer: Bool
  /// Of a client: the server name that a handshake asks for where it is given none of its own.
  let serverName: ServerName?
  let verifiesServer: Bool
  let keepsSessions: Bool
  /// The application protocols as ALPN writes them: each with its length before it, in one byte.
  private let protocols: [UInt8]

  package init(client settings: ClientSettings) throws(TLSError) {
    if let name = settings.serverName { try name.check() }
    let protocols = try Self.wireFormat(settings.terms.protocols)
    unsafe raw = try Self.make(TLS_client_method(), settings.terms)
    isServer = false
    serverName = settings.serverName
    verifiesServer = settings.trusted != nil
    keepsSessions = settings.keepsSessions
    self.protocols = protocols
    if let identity = settings.identity { try use(identity) }
    if let trusted = settings.trusted { try trust(trusted, mode: SSL_VERIFY_PEER) }
    // Zero means success here.
    guard
      unsafe protocols.isEmpty
        || SSL_CTX_set_alpn_protos(raw, protocols, UInt32(protocols.count)) == 0
    else { throw libraryError("SSL_CTX_set_alpn_protos") }
    if settings.keepsSessions {
      unsafe runner_ssl_set_session_cache(
        raw, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL)
      unsafe SSL_CTX_sess_set_new_cb(raw, takeSession)
    } else {
      unsafe runner_ssl_set_session_cache(raw, SSL_SESS_CACHE_OFF)
      unsafe runner_ssl_give_no_tickets(raw)
    }
  }

  package init(server settings: ServerSettings) throws(TLSError) {
    let protocols = try Self.wireFormat(settings.terms.protocols)
    unsafe raw = try Self.make(TLS_server_method(), settings.terms)
    isServer = true
    serverName = nil
    verifiesServer = false
    keepsSessions = false
    self.protocols = protocols
    try use(settings.identity)
    if let authorities = settings.clientAuthorities {
      try trust(authorities, mode: SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT)
    }
    // A ticket holds its whole session, so the server keeps no sessions, and its memory does not grow.
    unsafe runner_ssl_set_session_cache(raw, SSL_SESS_CACHE_OFF)
    if settings.tickets <= 0 { unsafe runner_ssl_give_no_tickets(raw) }
    guard unsafe SSL_CTX_set_num_tickets(raw, max(0, settings.tickets)) == 1 else {
      throw libraryError("SSL_CTX_set_num_tickets")
    }
    // Without a session ID context OpenSSL fails every handshake that would resume a session with a server that
    // verifies clients.
    let context = Array("runner".utf8)
    guard unsafe SSL_CTX_set_session_id_context(raw, context, UInt32(context.count)) == 1 else {
      throw libraryError("SSL_CTX_set_session_id_context")
    }
    if !protocols.isEmpty { unsafe SSL_CTX_set_alpn_select_cb(raw, selectProtocol, nil) }
  }

  deinit { unsafe SSL_CTX_free(raw) }

  // MARK: Settings

  private static func make(
    _ method: OpaquePointer?, _ terms: TLSTerms
  ) throws(TLSError) -> OpaquePointer {
    ErrorQueue.clear()
    guard let raw = unsafe SSL_CTX_new(method) else { throw libraryError("SSL_CTX_new") }
    do throws(TLSError) {
      try unsafe apply(terms, to: raw)
    } catch {
      unsafe SSL_CTX_free(raw)
      throw error
    }
    unsafe runner_ssl_release_buffers(raw)
    unsafe runner_ssl_refuse_renegotiation(raw)
    unsafe SSL_CTX_set_info_callback(raw, noteStep)
    return unsafe raw
  }

  private static func apply(_ terms: TLSTerms, to raw: OpaquePointer) throws(TLSError) {
    let versions = terms.versions
    guard
      unsafe runner_ssl_set_versions(
        raw, versions.lowerBound.rawValue, versions.upperBound.rawValue) == 1
    else { throw libraryError("SSL_CTX_set_min_proto_version") }
    if let ciphers = terms.ciphers {
      guard unsafe SSL_CTX_set_cipher_list(raw, ciphers) == 1 else {
        throw .setting("ciphers", value: ciphers, reason: ErrorQueue.takeReason())
      }
    }
    if let suites = terms.cipherSuites {
      guard unsafe !suites.isEmpty && SSL_CTX_set_ciphersuites(raw, suites) == 1 else {
        throw .setting("cipher suites", value: suites, reason: ErrorQueue.takeReason())
      }
    }
  }

  private static func wireFormat(_ protocols: [String]) throws(TLSError) -> [UInt8] {
    var bytes: [UInt8] = []
    for name in protocols {
      guard 1...255 ~= name.utf8.count else {
        throw .setting("protocol", value: name, reason: "takes 1 to 255 bytes")
      }
      bytes.append(UInt8(name.utf8.count))
      bytes += name.utf8
    }
    guard bytes.count <= 65_535 else {
      throw .setting(
        "protocols", value: protocols.joined(separator: ","), reason: "longer than 65,535 bytes")
    }
    return bytes
  }

  private func use(_ identity: TLSIdentity) throws(TLSError) {
    var isFirst = true
    try unsafe PEM.forEachCertificate(identity.certificate, as: .certificate) {
      (certificate) throws(TLSError) in
      let isTaken =
        unsafe isFirst
        ? SSL_CTX_use_certificate(raw, certificate) : runner_ssl_add_chain(raw, certificate)
      isFirst = false
      guard isTaken == 1 else {
        throw .material(
          .certificate, file: identity.certificate.file, reason: ErrorQueue.takeReason())
      }
    }
    let key = try unsafe PEM.key(identity.key)
    defer { unsafe EVP_PKEY_free(key) }
    // OpenSSL alone would accept a key of another type, because a certificate of that type may still follow.
    guard unsafe X509_check_private_key(SSL_CTX_get0_certificate(raw), key) == 1,
      unsafe SSL_CTX_use_PrivateKey(raw, key) == 1
    else {
      throw .material(.key, file: identity.key.file, reason: ErrorQueue.takeReason())
    }
  }

  private func trust(_ trusted: TrustedCertificates, mode: Int32) throws(TLSError) {
    switch trusted {
    case .system:
      ErrorQueue.clear()
      guard unsafe SSL_CTX_set_default_verify_paths(raw) == 1 else {
        throw libraryError("SSL_CTX_set_default_verify_paths")
      }
    case .these(let source):
      let store = unsafe SSL_CTX_get_cert_store(raw)
      // A certificate that is trusted need not be an authority's: a server's own may be given.
      unsafe X509_STORE_set_flags(store, UInt(X509_V_FLAG_PARTIAL_CHAIN))
      try unsafe PEM.forEachCertificate(source, as: .authority) { (certificate) throws(TLSError) in
        guard unsafe X509_STORE_add_cert(store, certificate) == 1,
          unsafe !isServer || SSL_CTX_add_client_CA(raw, certificate) == 1
        else { throw .material(.authority, file: source.file, reason: ErrorQueue.takeReason()) }
      }
    }
    unsafe SSL_CTX_set_verify(raw, mode, nil)
  }

  // MARK: Called by OpenSSL

  /// Has OpenSSL log secrets from the end of ServerHello on. What it logs before are the secrets of the handshake itself:
  /// nobody needs them, and a line of the log takes as long as some microseconds, since each byte is printed by itself.
  func logSecrets(behind state: OSSL_HANDSHAKE_STATE) {
    switch state {
    case TLS_ST_BEFORE, TLS_ST_CW_CLNT_HELLO, TLS_ST_SR_CLNT_HELLO, TLS_ST_SW_SRVR_HELLO:
      unsafe SSL_CTX_set_keylog_callback(raw, nil)
    default: unsafe SSL_CTX_set_keylog_callback(raw, takeSecret)
    }
  }

  /// Chooses the first of the server's protocols that the client offers, too. Where there is none, the handshake
  /// fails with an alert.
  fileprivate func select(
    _ chosen: UnsafeMutablePointer<UnsafePointer<UInt8>?>,
    _ length: UnsafeMutablePointer<UInt8>, from offered: UnsafeBufferPointer<UInt8>
  ) -> Int32 {
    var own = 0
    while own < protocols.count {
      let end = own + 1 + Int(protocols[own])
      var other = 0
      while other < offered.count {
        let otherEnd = unsafe other + 1 + Int(offered[other])
        guard otherEnd <= offered.count else { return SSL_TLSEXT_ERR_ALERT_FATAL }
        if unsafe protocols[own..<end].elementsEqual(offered[other..<otherEnd]) {
          unsafe length.pointee = offered[other]
          unsafe chosen.pointee = offered.baseAddress! + other + 1
          return SSL_TLSEXT_ERR_OK
        }
        other = otherEnd
      }
      own = end
    }
    return SSL_TLSEXT_ERR_ALERT_FATAL
  }
}

extension ServerName {
  func check() throws(TLSError) {
    guard case .dns(let name) = self else { return }
    guard 1...255 ~= name.utf8.count, name.utf8.allSatisfy({ 0x21...0x7E ~= $0 }) else {
      throw .setting(
        "server name", value: name, reason: "takes 1 to 255 printable characters of ASCII")
    }
    // To OpenSSL a name with a dot in front means any name that ends so.
    guard name.first != "." else {
      throw .setting(
        "server name", value: name, reason: "takes a name that does not begin with a dot")
    }
  }
}

private func selectProtocol(
  _ connection: OpaquePointer?, _ chosen: UnsafeMutablePointer<UnsafePointer<UInt8>?>?,
  _ length: UnsafeMutablePointer<UInt8>?, _ offered: UnsafePointer<UInt8>?, _ count: UInt32,
  _: UnsafeMutableRawPointer?
) -> Int32 {
  guard let handshake = unsafe Handshake.owner(of: connection), let chosen = unsafe chosen,
    let length = unsafe length
  else { return SSL_TLSEXT_ERR_ALERT_FATAL }
  return unsafe handshake.context.select(
    chosen, length, from: UnsafeBufferPointer(start: offered, count: Int(count)))
}

private func takeSecret(_ connection: OpaquePointer?, _ line: UnsafePointer<CChar>?) {
  guard let handshake = unsafe Handshake.owner(of: connection), let line = unsafe line else {
    return
  }
  unsafe handshake.takeSecret(line)
}

/// Called before every message of a handshake, and with every alert.
private func noteStep(_ connection: OpaquePointer?, _ event: Int32, _ value: Int32) {
  guard let handshake = unsafe Handshake.owner(of: connection) else { return }
  if event & SSL_CB_LOOP != 0 {
    unsafe handshake.context.logSecrets(behind: SSL_get_state(connection))
  } else if event & SSL_CB_WRITE_ALERT == SSL_CB_WRITE_ALERT, value >> 8 == 2 {
    // `value` has the alert's number in its lowest byte and the alert's level in the next: 2 is fatal.
    handshake.takeSent(Alert(rawValue: UInt8(value & 0xFF)))
  }
}

/// Returns 0, as OpenSSL keeps its session: what is kept here is a copy.
private func takeSession(_ connection: OpaquePointer?, _ session: OpaquePointer?) -> Int32 {
  guard let handshake = unsafe Handshake.owner(of: connection), let session = unsafe session else {
    return 0
  }
  unsafe handshake.takeSession(session)
  return 0
}
