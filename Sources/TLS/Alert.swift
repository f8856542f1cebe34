/// An alert of TLS: as a rule, why an end gives a connection up. Source: RFC 8446, section 6, and the
/// numbers that RFC 5246, 6066 and 7301 have besides.
package struct Alert: RawRepresentable, BitwiseCopyable, Sendable, Hashable {
  package var rawValue: UInt8

  package init(rawValue: UInt8) { self.rawValue = rawValue }

  package static let closeNotify = Alert(rawValue: 0)
  package static let unexpectedMessage = Alert(rawValue: 10)
  package static let badRecordMAC = Alert(rawValue: 20)
  package static let recordOverflow = Alert(rawValue: 22)
  package static let handshakeFailure = Alert(rawValue: 40)
  package static let certificateExpired = Alert(rawValue: 45)
  package static let illegalParameter = Alert(rawValue: 47)
  package static let unknownCA = Alert(rawValue: 48)
  package static let decodeError = Alert(rawValue: 50)
  package static let protocolVersion = Alert(rawValue: 70)
  package static let internalError = Alert(rawValue: 80)
  package static let userCanceled = Alert(rawValue: 90)
  package static let certificateRequired = Alert(rawValue: 116)
  package static let noApplicationProtocol = Alert(rawValue: 120)

  /// The name in these RFCs; nil for a number that none of them defines.
  package var name: String? {
    switch rawValue {
    case 0: "close_notify"
    case 10: "unexpected_message"
    case 20: "bad_record_mac"
    case 21: "decryption_failed"
    case 22: "record_overflow"
    case 30: "decompression_failure"
    case 40: "handshake_failure"
    case 41: "no_certificate"
    case 42: "bad_certificate"
    case 43: "unsupported_certificate"
    case 44: "certificate_revoked"
    case 45: "certificate_expired"
    case 46: "certificate_unknown"
    case 47: "illegal_parameter"
    case 48: "unknown_ca"
    case 49: "access_denied"
    case 50: "decode_error"
    case 51: "decrypt_error"
    case 60: "export_restriction"
    case 70: "protocol_version"
    case 71: "insufficient_security"
    case 80: "internal_error"
    case 86: "inappropriate_fallback"
    case 90: "user_canceled"
    case 100: "no_renegotiation"
    case 109: "missing_extension"
    case 110: "unsupported_extension"
    case 111: "certificate_unobtainable"
    case 112: "unrecognized_name"
    case 113: "bad_certificate_status_response"
    case 114: "bad_certificate_hash_value"
    case 115: "unknown_psk_identity"
    case 116: "certificate_required"
    case 120: "no_application_protocol"
    default: nil
    }
  }
}

extension Alert {
  /// The alert that the bytes begin with, in words: `a TLS alert: protocol_version (70)`. Nil where they begin
  /// with something else.
  package static func words(of bytes: [UInt8]) -> String? {
    // The head of a record: its type, a version from SSL 3 to TLS 1.3, and the length of an alert that is not
    // encrypted.
    guard bytes.count >= 5, bytes[0] == 21, bytes[1] == 3, bytes[2] <= 4, bytes[3...4] == [0, 2]
    else { return nil }
    return bytes.count < 7 ? "a TLS alert" : "a TLS alert: \(Alert(rawValue: bytes[6]))"
  }
}

extension Alert: CustomStringConvertible {
  /// `unknown_ca (48)`, or `alert 200`.
  package var description: String { name.map { "\($0) (\(rawValue))" } ?? "alert \(rawValue)" }
}
