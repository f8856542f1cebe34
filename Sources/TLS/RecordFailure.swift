/// What is wrong with a record of the peer's. The connection is over, and the peer is owed `alert`.
package enum RecordFailure: Equatable, Sendable {
  /// It was changed on its way, or is from another connection.
  case badMAC
  case tooLong(Int)
  /// A record that is not encrypted, by its type: 20 is change_cipher_spec. After a handshake none may
  /// come; a peer that talks no TLS any more looks like this, too.
  case unprotected(type: UInt8)
  /// A type of content that is none, or none that may come here.
  case unexpectedContent(type: UInt8)
  /// A handshake message that may not come here, or not in two pieces.
  case unexpectedMessage(type: UInt8)
  case malformed(String)
  /// More records than the key is good for.
  case tooManyRecords
  /// An earlier record was refused.
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
