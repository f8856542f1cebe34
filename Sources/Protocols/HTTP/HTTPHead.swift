/// What the first line and the headers of one message say, as far as callers or `HTTPReader` need it.
package struct HTTPHead: OptionSet, BitwiseCopyable, Sendable {
  package let rawValue: UInt32

  package init(rawValue: UInt32) { self.rawValue = rawValue }

  private init(bit: UInt32) { rawValue = 1 << bit }

  /// The message is of HTTP/1.0.
  package static var isVersion10: HTTPHead { HTTPHead(bit: 0) }
  /// `Connection` names close.
  package static var close: HTTPHead { HTTPHead(bit: 1) }
  /// `Connection` names keep-alive.
  package static var keepAlive: HTTPHead { HTTPHead(bit: 2) }
  /// `Connection` names upgrade.
  package static var upgrade: HTTPHead { HTTPHead(bit: 3) }
  /// `Upgrade` names websocket.
  package static var toWebSocket: HTTPHead { HTTPHead(bit: 4) }
  /// The client waits for 100 (Continue) before it sends the body. Never set for HTTP/1.0.
  package static var expectsContinue: HTTPHead { HTTPHead(bit: 5) }
  /// There is a `Sec-WebSocket-Extensions`.
  package static var hasExtensions: HTTPHead { HTTPHead(bit: 6) }
  /// There is a `Sec-WebSocket-Protocol`.
  package static var hasProtocol: HTTPHead { HTTPHead(bit: 7) }
  /// Another message may follow this one on the connection (RFC 9112, 9.3).
  package static var keepsOpen: HTTPHead { HTTPHead(bit: 8) }
  /// There is a body, though it may be empty. Never set for a response that cannot have one, such as
  /// that to HEAD.
  package static var hasBody: HTTPHead { HTTPHead(bit: 9) }

  static var hasHost: HTTPHead { HTTPHead(bit: 10) }
  static var hasLength: HTTPHead { HTTPHead(bit: 11) }
  static var hasTransferEncoding: HTTPHead { HTTPHead(bit: 12) }
  /// `Transfer-Encoding` names a coding other than chunked.
  static var hasOtherCoding: HTTPHead { HTTPHead(bit: 13) }
  static var hasChunked: HTTPHead { HTTPHead(bit: 14) }
  /// The last coding so far is chunked.
  static var endsWithChunked: HTTPHead { HTTPHead(bit: 15) }
  static var hasKey: HTTPHead { HTTPHead(bit: 16) }
  /// The `Sec-WebSocket-Key` is wrong, or there are several.
  static var hasWrongKey: HTTPHead { HTTPHead(bit: 17) }
  /// `Sec-WebSocket-Version` names 13.
  static var isWebSocket13: HTTPHead { HTTPHead(bit: 18) }
  /// `Sec-WebSocket-Version` names another version.
  static var isOtherWebSocket: HTTPHead { HTTPHead(bit: 19) }
  /// The header has come that `HTTPQuestion` asks for.
  static var hasAskedField: HTTPHead { HTTPHead(bit: 20) }
  /// That header has another value than the question's, or has come twice.
  static var hasOtherValue: HTTPHead { HTTPHead(bit: 21) }
  /// The header whose value is being read is the one that `HTTPQuestion` asks for.
  static var isAsked: HTTPHead { HTTPHead(bit: 22) }
  /// The header lines that are being read are trailers: they come after a chunked body.
  static var isTrailer: HTTPHead { HTTPHead(bit: 23) }
  /// The message is a request.
  static var isRequest: HTTPHead { HTTPHead(bit: 24) }

  /// There is exactly one header of the question's name (`HTTPQuestion`), and it has the question's
  /// value.
  package var hasAskedValue: Bool { contains(.hasAskedField) && isDisjoint(with: .hasOtherValue) }

  /// There is exactly one `Sec-WebSocket-Key`, and it is 22 characters of base64 and `==`, as 16 bytes
  /// are written. Bits of the last character that no byte needs are not looked at.
  package var hasWebSocketKey: Bool { contains(.hasKey) && isDisjoint(with: .hasWrongKey) }

  /// `Sec-WebSocket-Version` names 13 and no other version.
  package var hasWebSocketVersion: Bool {
    contains(.isWebSocket13) && isDisjoint(with: .isOtherWebSocket)
  }
}
