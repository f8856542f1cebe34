internal import COpenSSL

/// A handshake under way: bytes in, bytes out.
///
/// The caller feeds what has come (`receive`), sends what is to go (`takeOutput`), and looks at the
/// state. A connection of TLS 1.3 goes on as a `RecordState`. The object is then of no more use once its
/// output and its `surplus` are taken, unless it is to `overhear` a session. Where `done` has no
/// `RecordState`, which is always so with TLS 1.2, the connection stays with this object (`read`, `write`,
/// `close`).
@safe
package final class Handshake {
  package enum State {
    case wants
    case done(RecordState?)
    case failed(TLSFailure)
  }

  package let context: TLSContext
  package internal(set) var state = State.wants
  let raw: OpaquePointer
  /// Ciphertext from the peer; belongs to `raw`.
  private let input: OpaquePointer
  /// Ciphertext for the peer.
  private let output: OpaquePointer
  /// Ciphertext that came behind a handshake of TLS 1.3: the first that the record layer has to open. During
  /// the handshake OpenSSL reads no further than the record that it needs, so it has opened nothing of this.
  package private(set) var surplus: [UInt8] = []

  /// The first bytes that have come, until they are known to be TLS.
  private var beginning: [UInt8] = []
  private var isTLS = false
  private var secrets = TrafficSecrets()
  /// The fatal alert that OpenSSL has sent the peer.
  package private(set) var sentAlert: Alert?
  private var session: TLSSession?
  /// Whether a session is looked for behind the handshake. To be set before the handshake is over, and only where the
  /// context keeps sessions.
  package var wantsSession: Bool
  /// How many more bytes of ciphertext `overhear` shows OpenSSL, while it looks for a session.
  private var bytesToOverhear = 0

  /// Begins a handshake; a client has output at once.
  ///
  /// - Parameters:
  ///   - name: the server name that a client asks for; nil for that of the context.
  ///   - session: what a client asks to resume. A server that does not know it does a full handshake.
  package init(
    _ context: TLSContext, to name: ServerName? = nil, resuming session: TLSSession? = nil
  ) throws(TLSError) {
    ErrorQueue.clear()
    guard let raw = unsafe SSL_new(context.raw) else { throw libraryError("SSL_new") }
    guard let input = unsafe BIO_new(BIO_s_mem()) else {
      unsafe SSL_free(raw)
      throw libraryError("BIO_new")
    }
    guard let output = unsafe BIO_new(BIO_s_mem()) else {
      unsafe BIO_free(input)
      unsafe SSL_free(raw)
      throw libraryError("BIO_new")
    }
    unsafe SSL_set_bio(raw, input, output)
    _ = unsafe BIO_up_ref(output)
    self.context = context
    wantsSession = context.keepsSessions
    unsafe (self.raw, self.input, self.output) = unsafe (raw, input, output)
    unsafe runner_ssl_set_owner(raw, Unmanaged.passUnretained(self).toOpaque())
    guard !context.isServer else {
      unsafe SSL_set_accept_state(raw)
      return
    }
    unsafe SSL_set_connect_state(raw)
    if let name = name ?? context.serverName { try set(name) }
    if let session {
      // OpenSSL marks a session of TLS 1.3 that was resumed as not resumable again. So it gets a copy.
      guard let copy = unsafe SSL_SESSION_dup(session.raw) else {
        throw libraryError("SSL_SESSION_dup")
      }
      defer { unsafe SSL_SESSION_free(copy) }
      guard unsafe SSL_set_session(raw, copy) == 1 else { throw libraryError("SSL_set_session") }
    }
    advance()
  }

  deinit {
    // If OpenSSL frees a connection that has sent no close_notify, it marks the session as not resumable.
    unsafe SSL_set_shutdown(raw, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN)
    unsafe SSL_free(raw)
    unsafe BIO_free(output)
  }

  private func set(_ name: ServerName) throws(TLSError) {
    try name.check()
    switch name {
    case .dns(let text):
      guard unsafe runner_ssl_set_name(raw, text) == 1,
        unsafe !context.verifiesServer || SSL_set1_host(raw, text) == 1
      else { throw .setting("server name", value: text, reason: ErrorQueue.takeReason()) }
    case .address(let address):
      guard
        unsafe !context.verifiesServer
          || X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(raw), "\(address)") == 1
      else {
        throw .setting("server address", value: "\(address)", reason: ErrorQueue.takeReason())
      }
    }
  }

  // MARK: Bytes

  /// Takes all bytes that the peer has sent. What comes after a handshake of TLS 1.3 goes to `surplus`, and where
  /// there is no `RecordState`, to OpenSSL for `read`.
  @discardableResult
  package func receive(_ bytes: UnsafeRawBufferPointer) -> State {
    switch state {
    case .failed: return state
    case .done(_?):
      unsafe surplus.append(contentsOf: bytes)
      _ = unsafe overhear(bytes)
      return state
    case .wants, .done(nil): break
    }
    if !isTLS {
      unsafe check(bytes)
      if case .failed = state { return state }
    }
    guard unsafe feed(bytes) else {
      state = .failed(.outOfMemory)
      return state
    }
    if case .wants = state { advance() }
    return state
  }

  /// How many bytes are to be sent.
  package var outputCount: Int { unsafe BIO_ctrl_pending(output) }

  /// Takes bytes to send, as many as fit; returns how many.
  package func takeOutput(into buffer: UnsafeMutableRawBufferPointer) -> Int {
    guard buffer.count > 0 else { return 0 }
    return unsafe max(0, Int(BIO_read(output, buffer.baseAddress, Int32(clamping: buffer.count))))
  }

  /// The peer sends nothing more: a failure while the handshake is under way.
  @discardableResult
  package func peerClosed() -> State {
    if case .wants = state { state = .failed(.closed) }
    return state
  }

  private func feed(_ bytes: UnsafeRawBufferPointer) -> Bool {
    var rest = unsafe bytes
    while rest.count > 0 {
      let count = unsafe Int(BIO_write(input, rest.baseAddress, Int32(clamping: rest.count)))
      guard count > 0 else { return false }
      unsafe rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count))
    }
    return true
  }

  /// Fails the handshake unless the first bytes are the head of a record with which one can begin: a
  /// handshake message or an alert, of SSL 3 or later, that is not empty and not too long.
  private func check(_ bytes: UnsafeRawBufferPointer) {
    unsafe beginning.append(contentsOf: bytes.prefix(16 - beginning.count))
    for (index, byte) in beginning.prefix(5).enumerated() {
      let isRight =
        switch index {
        case 0: byte == 22 || byte == 21
        case 1: byte == 3
        case 2: byte <= 4
        case 3: byte <= 0x48
        default: byte > 0 || beginning[3] > 0
        }
      guard isRight else {
        state = .failed(.notTLS(beginning))
        return
      }
    }
    if beginning.count >= 5 {
      isTLS = true
      beginning = []
    }
  }

  // MARK: State

  private func advance() {
    let before = outputCount
    ErrorQueue.clear()
    // OpenSSL calls back before each message, and not where the rest of one comes: another handshake may have switched
    // the log off meanwhile.
    unsafe context.logSecrets(behind: SSL_get_state(raw))
    let result = unsafe SSL_do_handshake(raw)
    if result == 1 { return finish(outputBefore: before) }
    switch unsafe SSL_get_error(raw, result) {
    case SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE: break
    case SSL_ERROR_ZERO_RETURN: state = .failed(.alertReceived(.closeNotify))
    default: state = .failed(failure())
    }
  }

  private func finish(outputBefore: Int) {
    guard unsafe SSL_version(raw) == TLS1_3_VERSION, let suite = cipherSuite,
      let client = secrets.client, let server = secrets.server,
      // OpenSSL has read nothing ahead: it reads no further than it must. What it had read would be lost.
      unsafe SSL_has_pending(raw) == 0
    else {
      state = .done(nil)
      return
    }
    takeSurplus()
    // In the step that ends its handshake a server sends tickets, sealed with its application key.
    let written = context.isServer ? recordsOfOutput(from: outputBefore) : 0
    state = .done(
      RecordState(
        suite: suite, isServer: context.isServer, client: client, server: server, written: written))
    secrets = TrafficSecrets()
    if wantsSession, context.keepsSessions {
      bytesToOverhear = 65_536
      // From now on the record layer answers the peer, so what OpenSSL would answer is thrown away.
      unsafe SSL_set0_wbio(raw, BIO_new(BIO_s_null()))
      if !surplus.isEmpty { _ = unsafe surplus.withUnsafeBytes { unsafe overhear($0) } }
    }
  }

  private func takeSurplus() {
    let count = unsafe BIO_ctrl_pending(input)
    guard count > 0 else { return }
    surplus = unsafe Array(unsafeUninitializedCapacity: count) { buffer, taken in
      unsafe taken = max(0, Int(BIO_read(input, buffer.baseAddress, Int32(clamping: count))))
    }
  }

  /// How many records the output has behind `place`.
  private func recordsOfOutput(from place: Int) -> UInt64 {
    var start: UnsafePointer<UInt8>?
    let count = unsafe runner_bio_contents(output, &start)
    let bytes = unsafe UnsafeBufferPointer(start: start, count: count)
    var (place, records) = (place, UInt64(0))
    while place + 5 <= bytes.count {
      place += unsafe 5 + Int(bytes[place + 3]) << 8 + Int(bytes[place + 4])
      records += 1
    }
    return records
  }

  func failure() -> TLSFailure {
    let (code, reason) = ErrorQueue.take()
    switch code {
    // SSL_AD_REASON_OFFSET and an alert's number: the peer has sent that alert.
    case let code? where 1000..<1256 ~= code:
      return .alertReceived(Alert(rawValue: UInt8(code - 1000)))
    case SSL_R_CERTIFICATE_VERIFY_FAILED:
      let found = unsafe SSL_get_verify_result(raw)
      return .certificate(
        TLSFailure.Verification(
          code: Int32(truncatingIfNeeded: found),
          text: unsafe String(cString: X509_verify_cert_error_string(found))))
    case SSL_R_NO_SHARED_CIPHER, SSL_R_NO_CIPHERS_AVAILABLE: return .noCommonCipher
    case SSL_R_UNSUPPORTED_PROTOCOL, SSL_R_VERSION_TOO_LOW, SSL_R_VERSION_TOO_HIGH,
      SSL_R_NO_PROTOCOLS_AVAILABLE, SSL_R_WRONG_SSL_VERSION:
      return .noCommonVersion
    case SSL_R_NO_APPLICATION_PROTOCOL: return .noCommonProtocol
    case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE: return .noClientCertificate
    default:
      if let sentAlert { return .alertSent(sentAlert, reason: reason) }
      return .library(reason)
    }
  }

  // MARK: What was agreed on

  /// The version that the ends have agreed on. Before that OpenSSL names the highest that it knows or offers.
  package var version: TLSVersion? { unsafe TLSVersion(rawValue: SSL_version(raw)) }

  /// The cipher suite in OpenSSL's words; nil before one is agreed on.
  package var cipherName: String? {
    guard let cipher = unsafe SSL_get_current_cipher(raw),
      let name = unsafe SSL_CIPHER_get_name(cipher)
    else { return nil }
    return unsafe String(cString: name)
  }

  package var isResumed: Bool { unsafe SSL_session_reused(raw) == 1 }

  /// The application protocol (ALPN); nil for none.
  package var applicationProtocol: String? {
    var bytes: UnsafePointer<UInt8>?
    var count: UInt32 = 0
    unsafe SSL_get0_alpn_selected(raw, &bytes, &count)
    guard let bytes = unsafe bytes, count > 0 else { return nil }
    return unsafe String(
      decoding: UnsafeBufferPointer(start: bytes, count: Int(count)), as: UTF8.self)
  }

  private var cipherSuite: CipherSuite? {
    guard let cipher = unsafe SSL_get_current_cipher(raw) else { return nil }
    return unsafe CipherSuite(rawValue: SSL_CIPHER_get_protocol_id(cipher))
  }

  // MARK: Sessions

  /// Takes the session that the server has given; nil where there is none, or none since the last call.
  package func takeSession() -> TLSSession? {
    defer { session = nil }
    return session
  }

  /// Whether `overhear` may yet find a session.
  package var listensForSession: Bool { bytesToOverhear > 0 && session == nil }

  /// Shows OpenSSL ciphertext that is the record layer's as well, before the record layer opens it in place:
  /// tickets come behind the handshake, and only OpenSSL can make sessions of them. To be called on connections
  /// whose session is wanted, for what comes after `surplus`: OpenSSL has seen that already.
  ///
  /// - Returns: whether OpenSSL is to see more. If not, there is a session, or there will be none.
  @discardableResult
  package func overhear(_ ciphertext: UnsafeRawBufferPointer) -> Bool {
    guard case .done(_?) = state, listensForSession else { return false }
    bytesToOverhear = max(0, bytesToOverhear - ciphertext.count)
    guard unsafe feed(ciphertext) else {
      bytesToOverhear = 0
      return false
    }
    ErrorQueue.clear()
    unsafe withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 1) { scratch in
      while session == nil {
        let count = unsafe SSL_read(raw, scratch.baseAddress, Int32(scratch.count))
        if count > 0 { continue }
        if unsafe SSL_get_error(raw, count) != SSL_ERROR_WANT_READ { bytesToOverhear = 0 }
        break
      }
    }
    return listensForSession
  }

  // MARK: Called by OpenSSL

  static func owner(of connection: OpaquePointer?) -> Handshake? {
    guard let connection = unsafe connection, let owner = unsafe runner_ssl_owner(connection) else {
      return nil
    }
    return unsafe Unmanaged<Handshake>.fromOpaque(owner).takeUnretainedValue()
  }

  func takeSecret(_ line: UnsafePointer<CChar>) { unsafe secrets.take(line) }

  func takeSent(_ alert: Alert) { sentAlert = alert }

  func takeSession(_ raw: OpaquePointer) { session = unsafe TLSSession(copying: raw) }
}
