/// The rule of RFC 6455, or the limit of this end, that a peer broke with what it sent over a
/// WebSocket.
package enum WebSocketFault: UInt8, Sendable, CaseIterable {
  case reservedBits, reservedOpcode
  case fragmentedControl, longControl
  case notMasked, masked
  case longLengthOfShort, lengthTooLarge
  case nothingToContinue, messageInMessage
  case messageTooLong
  case invalidText, invalidReason
  case closeOfOneByte, closeCode

  /// What the peer did, to follow the words "the peer".
  package var words: String {
    switch self {
    case .reservedBits: "set a reserved bit, and no extension was agreed on"
    case .reservedOpcode: "sent a frame of a reserved opcode"
    case .fragmentedControl: "sent a control frame in fragments"
    case .longControl: "sent a control frame of more than 125 bytes"
    case .notMasked: "is a client and sent a frame without a mask"
    case .masked: "is a server and sent a frame with a mask"
    case .longLengthOfShort: "wrote a length in more bytes than it needs"
    case .lengthTooLarge: "sent a length of more than 63 bits"
    case .nothingToContinue: "went on with a message that it had not begun"
    case .messageInMessage: "began a message before it had ended the one before"
    case .messageTooLong: "sent a longer message than is taken here"
    case .invalidText: "sent a text that is no UTF-8"
    case .invalidReason: "closed with a reason that is no UTF-8"
    case .closeOfOneByte: "closed with half a code"
    case .closeCode: "closed with a code that nobody may send"
    }
  }

  /// The section that has the rule.
  package var section: String {
    switch self {
    case .reservedBits, .reservedOpcode, .longLengthOfShort, .lengthTooLarge: "RFC 6455, 5.2"
    case .notMasked, .masked: "RFC 6455, 5.1"
    case .nothingToContinue, .messageInMessage: "RFC 6455, 5.4"
    case .fragmentedControl, .longControl: "RFC 6455, 5.5"
    case .closeOfOneByte, .invalidReason: "RFC 6455, 5.5.1"
    case .closeCode: "RFC 6455, 7.4"
    case .invalidText: "RFC 6455, 8.1"
    case .messageTooLong: "RFC 6455, 10.4"
    }
  }

  /// The code with which this end closes because of the fault (RFC 6455, 7.4.1).
  package var closeCode: UInt16 {
    switch self {
    case .invalidText, .invalidReason: 1007
    case .messageTooLong: 1009
    default: 1002
    }
  }
}
