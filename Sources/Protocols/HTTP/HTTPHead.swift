/// What the headers of one message say, as far as somebody needs to know.
package struct HTTPHead: OptionSet, BitwiseCopyable, Sendable {
  package let rawValue: UInt32

  package init(rawValue: UInt32) { self.rawValue = rawValue }

  private init(bit: UInt32) { rawValue = 1 << bit }

  /// The message is of HTTP/1.0.
  package static var isVersion10: HTTPHead { HTTPHead(bit: 0) }
  /// Options of `Connection`.
  package static var close: HTTPHead { HTTPHead(bit: 1) }
  package static var keepAlive: HTTPHead { HTTPHead(bit: 2) }
  package static var upgrade: HTTPHead { HTTPHead(bit: 3) }
  /// `Upgrade` names websocket.
  package static var toWebSocket: HTTPHead { HTTPHead(bit: 4) }
  /// The client waits for 100 (Continue) before it sends the body. Never of HTTP/1.0.
  package static var expectsContinue: HTTPHead { HTTPHead(bit: 5) }
  /// There is a `Sec-WebSocket-Extensions`, a `Sec-WebSocket-Protocol`.
  package static var hasExtensions: HTTPHead { HTTPHead(bit: 6) }
  package static var hasProtocol: HTTPHead { HTTPHead(bit: 7) }
  /// The connection can take another message behind this one (RFC 9112, 9.3).
  package static var keepsOpen: HTTPHead { HTTPHead(bit: 8) }
  /// There is a body, though it may be empty. Never of a response that has none, such as that to HEAD.
  package static var hasBody: HTTPHead { HTTPHead(bit: 9) }

  static var hasHost: HTTPHead { HTTPHead(bit: 10) }
  static var hasLength: HTTPHead { HTTPHead(bit: 11) }
  static var hasTransferEncoding: HTTPHead { HTTPHead(bit: 12) }
  static var hasOtherCoding: HTTPHead { HTTPHead(bit: 13) }
  static var hasChunked: HTTPHead { HTTPHead(bit: 14) }
  static var endsWithChunked: HTTPHead { HTTPHead(bit: 15) }
  static var hasKey: HTTPHead { HTTPHead(bit: 16) }
  static var hasWrongKey: HTTPHead { HTTPHead(bit: 17) }
  static var isWebSocket13: HTTPHead { HTTPHead(bit: 18) }
  static var isOtherWebSocket: HTTPHead { HTTPHead(bit: 19) }
  static var hasAskedField: HTTPHead { HTTPHead(bit: 20) }
  static var hasOtherValue: HTTPHead { HTTPHead(bit: 21) }
  /// The field that is read now is the one that `HTTPQuestion` asks for.
  static var isAsked: HTTPHead { HTTPHead(bit: 22) }
  /// The fields that are read now are those behind a chunked body.
  static var isTrailer: HTTPHead { HTTPHead(bit: 23) }
  /// The message is a request.
  static var isRequest: HTTPHead { HTTPHead(bit: 24) }

  /// There is exactly one header of the name that was asked for, and it has the value.
  package var hasAskedValue: Bool { contains(.hasAskedField) && isDisjoint(with: .hasOtherValue) }

  /// There is exactly one `Sec-WebSocket-Key`, of 24 characters that are base64 of 16 bytes.
  package var hasWebSocketKey: Bool { contains(.hasKey) && isDisjoint(with: .hasWrongKey) }

  /// `Sec-WebSocket-Version` is 13.
  package var hasWebSocketVersion: Bool {
    contains(.isWebSocket13) && isDisjoint(with: .isOtherWebSocket)
  }
}
