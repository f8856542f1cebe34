/// The opening handshake of a WebSocket (RFC 6455, 4). Makes the request and the response once, with a gap
/// for the value that differs per connection, and checks those that were read.
package enum WebSocketHandshake {
  /// How many characters a `Sec-WebSocket-Key` has.
  package static var keyCount: Int { 24 }
  /// How many characters a `Sec-WebSocket-Accept` has.
  package static var acceptCount: Int { 28 }

  /// The name of the header with the accept value, in lower case as `HTTPQuestion` needs it.
  package static var acceptName: StaticString { "sec-websocket-accept" }

  /// What a server appends to the key before it hashes both (RFC 6455, 1.3).
  private static var suffix: StaticString { "258EAFA5-E914-47DA-95CA-C5AB0DC85B11" }

  /// A request or a response, and the place in it for the value that each connection has for itself.
  package struct Message: Sendable, Equatable {
    package let bytes: [UInt8]
    package let gap: Range<Int>
  }

  /// A client's request.
  ///
  /// - Parameters:
  ///   - fields: further headers, such as `Origin` or `Sec-WebSocket-Protocol`.
  /// - Returns: the request, with a gap for the key; see `writeKey`.
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

  /// A server's response that accepts.
  ///
  /// - Returns: the response, with a gap for the accept value; see `writeAccept`.
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

  /// The gap is the value of the last header, right before the two line ends of the head.
  private static func message(_ bytes: [UInt8], gap: Int) -> Message {
    Message(bytes: bytes, gap: bytes.count - 4 - gap..<bytes.count - 4)
  }

  /// Refuses headers that the handshake writes itself.
  private static func check(
    _ fields: [HTTPWriter.Field], apartFrom upgrade: [HTTPWriter.Field]
  ) throws(HTTPWriter.Invalid) {
    for field in fields {
      if upgrade.contains(where: { $0.name.lowercased() == field.name.lowercased() }) {
        throw .fieldOfOurs(field.name)
      }
    }
  }

  /// Writes the key that these 16 random bytes make.
  ///
  /// - Parameter key: must have room for `keyCount` characters.
  package static func writeKey(
    of nonce: (UInt64, UInt64), into key: UnsafeMutableRawBufferPointer
  ) {
    var words: InlineArray<2, UInt64> = [nonce.0.bigEndian, nonce.1.bigEndian]
    unsafe withUnsafeBytes(of: &words) { bytes in unsafe Base64.write(bytes, into: key) }
  }

  /// Writes the accept value with which a server answers a key.
  ///
  /// - Parameters:
  ///   - key: the characters of the key as they came. Only the first `keyCount` are used; missing ones are
  ///     taken as zero bytes.
  ///   - accept: must have room for `acceptCount` characters.
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

  /// What is wrong with a request or a response of the handshake.
  package enum Fault: UInt8, Sendable, CaseIterable {
    case status, notGet, version10, upgrade, connection
    case key, version
    case accept, extensions, `protocol`

    /// The fault in words. "It" is the request.
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

    /// The section of RFC 6455 that has the rule.
    package var section: String {
      switch self {
      case .status, .accept, .extensions, .protocol: "RFC 6455, 4.1"
      case .notGet, .version10, .upgrade, .connection, .key, .version: "RFC 6455, 4.2.1"
      }
    }

    /// The status code with which a server refuses the request. A response of 426 must have the header
    /// `Sec-WebSocket-Version: 13`.
    package var status: UInt16 { self == .version ? 426 : 400 }
  }

  /// What is wrong with a request; nil where a server can accept it with `response`.
  package static func fault(ofRequest method: HTTPMethod, _ head: HTTPHead) -> Fault? {
    if method != .get { return .notGet }
    if head.contains(.isVersion10) { return .version10 }
    if !head.contains(.toWebSocket) { return .upgrade }
    if !head.contains(.upgrade) { return .connection }
    if !head.hasWebSocketVersion { return .version }
    return head.hasWebSocketKey ? nil : .key
  }

  /// What is wrong with a response; nil where it accepts, so that frames follow. Its reader must have been
  /// asked for `acceptName` (`HTTPQuestion`).
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
