internal import COpenSSL

/// The cipher suites of TLS 1.3 whose records `RecordLayer` can seal and open. Source: RFC 8446, appendix B.4.
package enum CipherSuite: UInt16, BitwiseCopyable, Sendable, CaseIterable {
  case aes128GCM = 0x1301
  case aes256GCM = 0x1302
  case chacha20Poly1305 = 0x1303

  package var name: String {
    switch self {
    case .aes128GCM: "TLS_AES_128_GCM_SHA256"
    case .aes256GCM: "TLS_AES_256_GCM_SHA384"
    case .chacha20Poly1305: "TLS_CHACHA20_POLY1305_SHA256"
    }
  }

  /// Bytes of a key.
  var keySize: Int { self == .aes128GCM ? 16 : 32 }
  /// Bytes of a traffic secret, as many as the suite's hash has.
  var secretSize: Int { self == .aes256GCM ? 48 : 32 }

  /// OpenSSL's name of the cipher, without the hash.
  var cipherName: String {
    switch self {
    case .aes128GCM: "AES-128-GCM"
    case .aes256GCM: "AES-256-GCM"
    case .chacha20Poly1305: "ChaCha20-Poly1305"
    }
  }
}
