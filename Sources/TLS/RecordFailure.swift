/// What is wrong with a record of the peer's. The connection is over, and the peer is owed `alert`.
package enum RecordFailure: Equatable, Sendable {
  /// Its tag is wrong: it was changed on its way, or is from another connection.
  case badMAC
  /// More bytes than a record may have: of ciphertext, or of plaintext where that alone is too long.
  case tooLong(Int)
  /// A record whose type says that it is not encrypted, such as 20, change_cipher_spec. None may come after a
  /// handshake. A peer that no longer speaks TLS looks like this, too.
  case unprotected(type: UInt8)
  /// A content type that does not exist, or that may not come here.
  case unexpectedContent(type: UInt8)
  /// A handshake message that may not come here, or a KeyUpdate with something behind it in its record.
  case unexpectedMessage(type: UInt8)
  case malformed(String)
  /// The peer has used up the record numbers of its key.
  case tooManyRecords
  /// An earlier record was refused, or brought this alert.
  case isOver(Alert)

  package var alert: Alert {
    switch self {
    case .badMAC: .badRecordMAC
    case .tooLong: .recordOverflow
    case .unprotected, .unexpectedContent, .unexpectedMessage: .unexpectedMessage
    case .malformed: .decodeError
    case .tooManyRecords: .internalError
    case .isOver(let alert): alert
    }
  }
}

extension RecordFailure: CustomStringConvertible {
  package var description: String {
    switch self {
    case .badMAC: "a record is not what the peer sealed"
    case .tooLong(let count): "a record of \(count) bytes"
    case .unprotected(20): "change_cipher_spec after the handshake"
    case .unprotected(let type): "a record of type \(type) without encryption"
    case .unexpectedContent(let type): "content of type \(type)"
    case .unexpectedMessage(let type): "a handshake message of type \(type)"
    case .malformed(let what): what
    case .tooManyRecords: "too many records with one key"
    case .isOver(let alert): "the connection was given up before: \(alert)"
    }
  }
}
