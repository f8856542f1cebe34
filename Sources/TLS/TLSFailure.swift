/// Why a handshake has failed, or why a connection has failed after its handshake.
package enum TLSFailure: Equatable, Sendable {
  /// What the library found wrong with the other end's certificate: its number (X509_V_ERR) and text.
  package struct Verification: Equatable, Sendable {
    package var code: Int32
    package var text: String
  }

  case alertReceived(Alert)
  /// This end gave up because of what the other end did, and sent this alert.
  case alertSent(Alert, reason: String)
  case certificate(Verification)
  case noCommonCipher
  case noCommonVersion
  /// No protocol (ALPN) that both ends offer.
  case noCommonProtocol
  /// The server asked for a certificate and got none.
  case noClientCertificate
  /// The other end closed before the handshake was over.
  case closed
  /// The first bytes that came, at most 16: they are not TLS.
  case notTLS([UInt8])
  /// Any other failure, in OpenSSL's words.
  case library(String)
  /// OpenSSL got no memory: the other end is not to blame.
  case outOfMemory
}

extension TLSFailure {
  /// The alert by which the peer gave up; nil where it sent none.
  package var alertReceived: Alert? {
    if case .alertReceived(let alert) = self { alert } else { nil }
  }

  /// The alert that the failure itself says was sent. Other failures may have had one sent as well
  /// (`Handshake.sentAlert`).
  package var alertSent: Alert? { if case .alertSent(let alert, _) = self { alert } else { nil } }
}

extension TLSFailure: CustomStringConvertible {
  package var description: String {
    switch self {
    case .alertReceived(let alert): "the peer sent \(alert)"
    case .alertSent(let alert, let reason): "\(reason); sent \(alert)"
    case .certificate(let found): "certificate: \(found.text) (\(found.code))"
    case .noCommonCipher: "no cipher that both ends offer"
    case .noCommonVersion: "no TLS version that both ends offer"
    case .noCommonProtocol: "no application protocol that both ends offer"
    case .noClientCertificate: "the client showed no certificate"
    case .closed: "closed in mid-handshake"
    case .notTLS(let bytes): "not TLS: \(Self.text(of: bytes))"
    case .library(let reason): reason
    case .outOfMemory: "out of memory"
    }
  }

  /// Bytes as a quoted text: what cannot be printed is escaped.
  private static func text(of bytes: [UInt8]) -> String {
    var text = "\""
    for byte in bytes {
      switch byte {
      case 0x22, 0x5C: text += "\\" + String(UnicodeScalar(byte))
      case 0x20..<0x7F: text += String(UnicodeScalar(byte))
      default: text += "\\x" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
      }
    }
    return text + "\""
  }
}
