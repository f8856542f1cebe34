internal import COpenSSL

/// A certification authority for one run: only those who are given its certificate trust what it
/// issues.
package struct RunAuthority: Sendable {
  /// PEM.
  package let certificate: [UInt8]
  private let key: [UInt8]

  /// Seconds since 1970.
  package typealias Time = Int64

  /// - Parameter now: the authority's certificate is valid from an hour before, since clocks differ, to a year
  ///   after.
  package init(now: Time) throws(TLSError) {
    let key = try unsafe Self.makeKey()
    defer { unsafe EVP_PKEY_free(key) }
    let certificate = try unsafe Self.make(
      subject: "runner authority", key: key, validity: Self.aYear(from: now))
    defer { unsafe X509_free(certificate) }
    try unsafe Self.extend(
      certificate, issuer: certificate,
      [
        (NID_basic_constraints, "critical,CA:TRUE"),
        (NID_key_usage, "critical,keyCertSign,cRLSign"),
        (NID_subject_key_identifier, "hash"),
      ])
    try unsafe Self.sign(certificate, by: key)
    self.certificate = try unsafe PEM.text { unsafe PEM_write_bio_X509($0, certificate) }
    self.key = try unsafe Self.text(of: key)
  }

  /// A certificate for all these names, with a new P-256 key; good for servers and clients.
  package func issue(to names: [ServerName], now: Time) throws(TLSError) -> TLSIdentity {
    try issue(to: names, validity: Self.aYear(from: now))
  }

  package func issue(
    to names: [ServerName], validity: ClosedRange<Time>
  ) throws(TLSError) -> TLSIdentity {
    let key = try unsafe Self.makeKey()
    defer { unsafe EVP_PKEY_free(key) }
    let certificate = try unsafe Self.make(subject: "runner", key: key, validity: validity)
    defer { unsafe X509_free(certificate) }
    let authorityKey = try unsafe PEM.key(.memory(self.key))
    defer { unsafe EVP_PKEY_free(authorityKey) }
    try unsafe PEM.forEachCertificate(.memory(self.certificate), as: .authority) {
      (issuer) throws(TLSError) in
      guard unsafe X509_set_issuer_name(certificate, X509_get_subject_name(issuer)) == 1 else {
        throw libraryError("X509_set_issuer_name")
      }
      try unsafe Self.extend(
        certificate, issuer: issuer,
        [
          (NID_basic_constraints, "critical,CA:FALSE"),
          (NID_key_usage, "critical,digitalSignature"),
          (NID_ext_key_usage, "serverAuth,clientAuth"),
          (NID_subject_key_identifier, "hash"),
          (NID_authority_key_identifier, "keyid"),
        ])
    }
    try unsafe Self.add(names, to: certificate)
    try unsafe Self.sign(certificate, by: authorityKey)
    return TLSIdentity(
      certificate: .memory(try unsafe PEM.text { unsafe PEM_write_bio_X509($0, certificate) }),
      key: .memory(try unsafe Self.text(of: key)))
  }

  /// Longer than any run. That does no harm: the authority's key is never written down.
  private static func aYear(from now: Time) -> ClosedRange<Time> { now - 3600...now + 365 * 86_400 }

  private static func makeKey() throws(TLSError) -> OpaquePointer {
    ErrorQueue.clear()
    guard let key = unsafe runner_make_p256_key() else { throw libraryError("EVP_EC_gen") }
    return unsafe key
  }

  private static func text(of key: OpaquePointer) throws(TLSError) -> [UInt8] {
    try unsafe PEM.text { unsafe PEM_write_bio_PrivateKey($0, key, nil, nil, 0, nil, nil) }
  }

  /// A certificate that has no extensions and no signature yet, and names itself as its issuer.
  private static func make(
    subject: String, key: OpaquePointer, validity: ClosedRange<Time>
  ) throws(TLSError) -> OpaquePointer {
    ErrorQueue.clear()
    guard let certificate = unsafe X509_new() else { throw libraryError("X509_new") }
    let name = unsafe X509_get_subject_name(certificate)
    guard
      unsafe X509_set_version(certificate, 2) == 1,  // version 3
      unsafe ASN1_INTEGER_set_uint64(
        X509_get_serialNumber(certificate), UInt64.random(in: 1...UInt64.max >> 1)) == 1,
      unsafe ASN1_TIME_set(X509_getm_notBefore(certificate), time_t(validity.lowerBound)) != nil,
      unsafe ASN1_TIME_set(X509_getm_notAfter(certificate), time_t(validity.upperBound)) != nil,
      unsafe X509_NAME_add_entry_by_NID(
        name, NID_commonName, V_ASN1_UTF8STRING, Array(subject.utf8), Int32(subject.utf8.count), -1,
        0) == 1,
      unsafe X509_set_issuer_name(certificate, name) == 1,
      unsafe X509_set_pubkey(certificate, key) == 1
    else {
      unsafe X509_free(certificate)
      throw libraryError("X509")
    }
    return unsafe certificate
  }

  private static func extend(
    _ certificate: OpaquePointer, issuer: OpaquePointer, _ extensions: [(Int32, String)]
  ) throws(TLSError) {
    var context = unsafe X509V3_CTX()
    unsafe X509V3_set_ctx(&context, issuer, certificate, nil, nil, 0)
    for (number, value) in extensions {
      ErrorQueue.clear()
      guard let made = unsafe X509V3_EXT_conf_nid(nil, &context, number, value) else {
        throw libraryError("X509V3_EXT_conf_nid")
      }
      defer { unsafe X509_EXTENSION_free(made) }
      guard unsafe X509_add_ext(certificate, made, -1) == 1 else {
        throw libraryError("X509_add_ext")
      }
    }
  }

  /// Puts names into the certificate one by one. OpenSSL's parser, which takes all of them as one text, would
  /// split a name that has a comma.
  private static func add(_ names: [ServerName], to certificate: OpaquePointer) throws(TLSError) {
    guard !names.isEmpty else { return }
    ErrorQueue.clear()
    guard let list = unsafe OPENSSL_sk_new_null() else { throw libraryError("GENERAL_NAMES_new") }
    defer { unsafe GENERAL_NAMES_free(list) }
    for name in names {
      guard let entry = unsafe GENERAL_NAME_new() else { throw libraryError("GENERAL_NAME_new") }
      switch name {
      case .dns(let text):
        let bytes = Array(text.utf8)
        guard let value = unsafe ASN1_STRING_type_new(V_ASN1_IA5STRING) else {
          unsafe GENERAL_NAME_free(entry)
          throw libraryError("ASN1_STRING_type_new")
        }
        _ = unsafe ASN1_STRING_set(value, bytes, Int32(clamping: bytes.count))
        unsafe GENERAL_NAME_set0_value(entry, GEN_DNS, value)
      case .address(let address):
        guard let value = unsafe a2i_IPADDRESS("\(address)") else {
          unsafe GENERAL_NAME_free(entry)
          throw .setting("address", value: "\(address)", reason: ErrorQueue.takeReason())
        }
        unsafe GENERAL_NAME_set0_value(entry, GEN_IPADD, value)
      }
      guard unsafe OPENSSL_sk_push(list, UnsafeRawPointer(entry)) > 0 else {
        unsafe GENERAL_NAME_free(entry)
        throw libraryError("OPENSSL_sk_push")
      }
    }
    guard
      unsafe X509_add1_ext_i2d(
        certificate, NID_subject_alt_name, UnsafeMutableRawPointer(list), 0, 0) == 1
    else { throw libraryError("X509_add1_ext_i2d") }
  }

  private static func sign(
    _ certificate: OpaquePointer, by key: OpaquePointer
  ) throws(TLSError) {
    ErrorQueue.clear()
    guard unsafe X509_sign(certificate, key, EVP_sha256()) > 0 else {
      throw libraryError("X509_sign")
    }
  }
}
