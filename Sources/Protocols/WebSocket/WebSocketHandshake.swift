/// The opening handshake of a WebSocket (RFC 6455, 4): what is written once, with a gap for what differs from
/// connection to connection, and what a head that was read lacks.
package enum WebSocketHandshake {
  /// Characters of a `Sec-WebSocket-Key` and a `Sec-WebSocket-Accept`.
  package static var keyCount: Int { 24 }
  package static var acceptCount: Int { 28 }

  /// The name of the field with the accept value, as `HTTPQuestion` wants it.
  package static var acceptName: StaticString { "sec-websocket-accept" }

  /// What a server appends to the key (RFC 6455, 1.3).
  private static var suffix: StaticString { "258EAFA5-E914-47DA-95CA-C5AB0DC85B11" }

  /// A message, and where in it the value goes that each connection has for itself.
  package struct Message: Sendable, Equatable {
    package let bytes: [UInt8]
    package let gap: Range<Int>
  }

  /// - Parameters:
  ///   - fields: more of them, such as `Origin` or `Sec-WebSocket-Protocol`.
  /// - Returns: with the gap for the key; see `writeKey`.
  package static func request(
    target: String, host: String, fields: [HTTPWriter.Field] = []
  ) throws(HTTPWriter.Invalid) -> Message {
    let upgrade: [HTTPWriter.Field] = [
      .init("Upgrade", "websocket"), .init("Connection", "Upgrade"),
      .init("Sec-WebSocket-Version", "13"),
      .init("Sec-WebSocket-Key", String(repeating: "A", count: keyCount)),
    ]
    try check(fields, apartFrom: upgrade)
    let bytes = try HTTPWriter.request(
      target: target, host: host, fields: fields + upgrade)
    return message(bytes, gap: keyCount)
  }

  /// - Returns: with the gap for the accept value; see `writeAccept`.
  package static func response(
    fields: [HTTPWriter.Field] = []
  ) throws(HTTPWriter.Invalid) -> Message {
    let upgrade: [HTTPWriter.Field] = [
      .init("Upgrade", "websocket"), .init("Connection", "Upgrade"),
      .init("Sec-WebSocket-Accept", String(repeating: "A", count: acceptCount)),
    ]
    try check(fields, apartFrom: upgrade)
    let bytes = try HTTPWriter.response(status: 101, fields: fields + upgrade)
    return message(bytes, gap: acceptCount)
  }

  /// The gap is right before the two line ends of the head.
  private static func message(_ bytes: [UInt8], gap: Int) -> Message {
    Message(bytes: bytes, gap: bytes.count - 4 - gap..<bytes.count - 4)
  }

  private static func check(
    _ fields: [HTTPWriter.Field], apartFrom upgrade: [HTTPWriter.Field]
  ) throws(HTTPWriter.Invalid) {
    for field in fields {
      if upgrade.contains(where: { $0.name.lowercased() == field.name.lowercased() }) {
        throw .fieldOfOurs(field.name)
      }
    }
  }

  /// Writes the key that 16 random bytes make.
  ///
  /// - Parameter key: has room for `keyCount`.
  package static func writeKey(
    of nonce: (UInt64, UInt64), into key: UnsafeMutableRawBufferPointer
  ) {
    var words: InlineArray<2, UInt64> = [nonce.0.bigEndian, nonce.1.bigEndian]
    unsafe withUnsafeBytes(of: &words) { bytes in unsafe Base64.write(bytes, into: key) }
  }

  /// Writes what a server answers to a key.
  ///
  /// - Parameters:
  ///   - key: `keyCount` bytes as they came; others are cut off or taken for zeros.
  ///   - accept: has room for `acceptCount`.
  package static func writeAccept(
    of key: UnsafeRawBufferPointer, into accept: UnsafeMutableRawBufferPointer
  ) {
    var text = InlineArray<60, UInt8>(repeating: 0)
    for place in 0..<min(key.count, keyCount) { text[place] = unsafe key[place] }
    for place in 0..<36 { text[keyCount + place] = unsafe suffix.utf8Start[place] }
    var digest = unsafe withUnsafeBytes(of: &text) { bytes in unsafe SHA1.digest(of: bytes) }
    for word in 0..<5 { digest[word] = digest[word].bigEndian }
    unsafe withUnsafeBytes(of: &digest) { bytes in unsafe Base64.write(bytes, into: accept) }
  }

  // MARK: What is missing

  package enum Fault: UInt8, Sendable, CaseIterable {
    case status, notGet, version10, upgrade, connection
    case key, version
    case accept, extensions, `protocol`

    /// What the head lacks or has, to be read behind "the handshake failed:".
    package var words: String {
      switch self {
      case .status: "the status code is not 101"
      case .notGet: "the method is not GET"
      case .version10: "it is of HTTP/1.0"
      case .upgrade: "there is no Upgrade to websocket"
      case .connection: "there is no Connection: Upgrade"
      case .key: "there is not one Sec-WebSocket-Key of 16 bytes"
      case .version: "the Sec-WebSocket-Version is not 13"
      case .accept: "there is not one Sec-WebSocket-Accept that belongs to the key"
      case .extensions: "there is an extension that was not asked for"
      case .protocol: "there is a protocol that was not asked for"
      }
    }

    /// The section with the rule.
    package var section: String {
      switch self {
      case .status, .accept, .extensions, .protocol: "RFC 6455, 4.1"
      case .notGet, .version10, .upgrade, .connection, .key, .version: "RFC 6455, 4.2.1"
      }
    }

    /// The status code with which a server refuses. With 426 goes `Sec-WebSocket-Version: 13`.
    package var status: UInt16 { self == .version ? 426 : 400 }
  }

  /// What is wrong with a request; nil where it can be answered by `response`.
  package static func fault(ofRequest method: HTTPMethod, _ head: HTTPHead) -> Fault? {
    if method != .get { return .notGet }
    if head.contains(.isVersion10) { return .version10 }
    if !head.contains(.toWebSocket) { return .upgrade }
    if !head.contains(.upgrade) { return .connection }
    if !head.hasWebSocketVersion { return .version }
    return head.hasWebSocketKey ? nil : .key
  }

  /// What is wrong with a response whose reader was asked for `acceptName`; nil where frames follow.
  ///
  /// - Parameter asksForProtocol: whether the request had a `Sec-WebSocket-Protocol`.
  package static func fault(
    ofResponse status: UInt16, _ head: HTTPHead, asksForProtocol: Bool = false
  ) -> Fault? {
    if status != 101 { return .status }
    if !head.contains(.toWebSocket) { return .upgrade }
    if !head.contains(.upgrade) { return .connection }
    if !head.hasAskedValue { return .accept }
    if head.contains(.hasExtensions) { return .extensions }
    return head.contains(.hasProtocol) && !asksForProtocol ? .protocol : nil
  }
}
