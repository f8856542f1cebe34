/// Reading the values of headers. A value that nobody needs is only checked for control characters.
extension HTTPReader {
  /// The `place` of a word that white space has followed: the word may not go on.
  private static var behindWord: UInt8 { 255 }

  /// Takes the next byte of a value, or the CR after it. Of a key, and of a value that nobody needs, takes
  /// all bytes that are here.
  mutating func takeValue(
    _ bytes: UnsafeRawBufferPointer, _ index: inout Int, _ question: HTTPQuestion
  ) -> Event? {
    if field == .key, let piece = unsafe takeKey(bytes, &index, question) { return piece }
    let byte = unsafe bytes[index]
    index &+= 1
    if let fault = countByte() { return fail(fault) }
    if byte == HTTPByte.carriageReturn {
      state = .lineEnd
      return nil
    }
    guard HTTPByte.isText(byte) else {
      return fail(byte == HTTPByte.lineFeed ? .lineEnd : .fieldValue)
    }
    if let fault = takeText(byte, question) { return fail(fault) }
    if field == .other, head.isDisjoint(with: .isAsked) { unsafe passOver(bytes, &index) }
    return nil
  }

  /// Takes one byte of a value. `takeKey` takes those bytes that belong to a key: of its header, only
  /// others come here.
  mutating func takeText(_ byte: UInt8, _ question: HTTPQuestion) -> HTTPFault? {
    if head.contains(.isAsked) { compare(byte, question) }
    switch field {
    case .contentLength: return takeLength(byte)
    case .host: return takeHost(byte)
    case .connection, .transferEncoding, .upgrade, .expect, .version: return takeToken(byte)
    case .key:
      if !HTTPByte.isSpace(byte) || place != 0 && place != 24 {
        head.insert(.hasWrongKey)
        field = .other
      }
    case .extensions, .protocol, .other: break
    }
    return nil
  }

  /// Skips bytes that a value may have (`HTTPByte.isText`), until the line is as long as it may be.
  @inline(__always)
  mutating func passOver(_ bytes: UnsafeRawBufferPointer, _ index: inout Int) {
    let end = min(bytes.count, index &+ (Self.mostLine &- Int(lineBytes)))
    let start = index
    while end &- index >= 8,
      unsafe HTTPByte.areText(bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self))
    {
      index &+= 8
    }
    while index < end, unsafe HTTPByte.isText(bytes[index]) { index &+= 1 }
    lineBytes &+= UInt16(truncatingIfNeeded: index &- start)
  }

  /// Takes the bytes of a `Sec-WebSocket-Key` that are here; nil where the next byte is none of them.
  private mutating func takeKey(
    _ bytes: UnsafeRawBufferPointer, _ index: inout Int, _ question: HTTPQuestion
  ) -> Event? {
    let start = index
    while index < bytes.count, Int(lineBytes) < Self.mostLine,
      unsafe HTTPByte.isKeyByte(bytes[index], at: place)
    {
      if head.contains(.isAsked) { unsafe compare(bytes[index], question) }
      place &+= 1
      lineBytes &+= 1
      index &+= 1
    }
    return index > start ? .key(start..<index) : nil
  }

  /// Compares one more byte of a value with the value of the question.
  private mutating func compare(_ byte: UInt8, _ question: HTTPQuestion) {
    if question.hasValue(byte, at: askedPlace) {
      askedPlace &+= 1
    } else if !HTTPByte.isSpace(byte)
      || askedPlace != 0 && !question.isValue(ofCount: askedPlace)
    {
      head.insert(.hasOtherValue)
    }
  }

  /// A line has begun that does not continue the value before it, so that value has ended.
  mutating func endField(_ question: HTTPQuestion) -> HTTPFault? {
    if head.contains(.isAsked) {
      if !question.isValue(ofCount: askedPlace) { head.insert(.hasOtherValue) }
      head.remove(.isAsked)
    }
    let ended = field
    field = .other
    switch ended {
    case .contentLength: return place == 0 ? .contentLength : nil
    case .key:
      if place != 24 { head.insert(.hasWrongKey) }
      return nil
    case .connection, .transferEncoding, .upgrade, .expect, .version: return endToken(of: ended)
    default: return nil
    }
  }

  /// Takes one byte of a Content-Length: digits, with white space around them. A list of equal numbers is
  /// refused like any other list, as RFC 9110, 8.6, allows.
  private mutating func takeLength(_ byte: UInt8) -> HTTPFault? {
    if HTTPByte.isSpace(byte) {
      if place > 0 { place = Self.behindWord }
      return nil
    }
    guard HTTPByte.isDigit(byte), place != Self.behindWord else { return .contentLength }
    place = 1
    let (tens, isTooLarge) = number.multipliedReportingOverflow(by: 10)
    let (sum, isTooLargeToo) = tens.addingReportingOverflow(UInt64(byte &- 0x30))
    if isTooLarge || isTooLargeToo || sum > UInt64(Int64.max) { return .contentLengthTooLarge }
    number = sum
    return nil
  }

  /// Takes one byte of a Host: a host with an optional port, with white space around it.
  private mutating func takeHost(_ byte: UInt8) -> HTTPFault? {
    if HTTPByte.isSpace(byte) {
      if place > 0 { place = Self.behindWord }
      return nil
    }
    guard HTTPByte.isHostByte(byte), place != Self.behindWord else { return .host }
    place = 1
    return nil
  }

  /// Takes one byte of a list of tokens.
  private mutating func takeToken(_ byte: UInt8) -> HTTPFault? {
    if byte == UInt8(ascii: ",") {
      defer {
        place = 0
        matches = HTTPWords.tokens(of: field)
      }
      return endToken(of: field)
    }
    if HTTPByte.isSpace(byte) {
      if place > 0, place != Self.behindWord {
        matches = HTTPWords.ended(matches, at: place, HTTPWords.token)
        place = Self.behindWord
      }
      return nil
    }
    // A comma in a parameter's quotation marks would be taken for one between two codings.
    if field == .transferEncoding, byte == UInt8(ascii: "\"") { return .transferEncoding }
    if place == Self.behindWord {
      matches = 0
    } else {
      matches = HTTPWords.narrowed(
        matches, at: place, by: HTTPByte.lowered(byte), HTTPWords.token)
      // `place` stops one below `behindWord`. Every known token is shorter.
      place = min(place + 1, Self.behindWord - 1)
    }
    return nil
  }

  /// An element of a list has ended. An empty element means nothing (RFC 9110, 5.6.1).
  private mutating func endToken(of field: HTTPWords.Field) -> HTTPFault? {
    if place == 0 { return nil }
    let token =
      place == Self.behindWord
      ? matches : HTTPWords.ended(matches, at: place, HTTPWords.token)
    switch token {
    case HTTPWords.Token.close: head.insert(.close)
    case HTTPWords.Token.keepAlive: head.insert(.keepAlive)
    case HTTPWords.Token.upgrade: head.insert(.upgrade)
    case HTTPWords.Token.webSocket: head.insert(.toWebSocket)
    case HTTPWords.Token.continues: head.insert(.expectsContinue)
    case HTTPWords.Token.thirteen: head.insert(.isWebSocket13)
    case HTTPWords.Token.chunked:
      guard head.insert(.hasChunked).inserted else { return .chunkedTwice }
      head.insert(.endsWithChunked)
    default:
      if field == .version { head.insert(.isOtherWebSocket) }
      if field == .transferEncoding {
        head.insert(.hasOtherCoding)
        head.remove(.endsWithChunked)
      }
    }
    return nil
  }
}
