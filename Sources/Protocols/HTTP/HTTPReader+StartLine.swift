/// Reading the first line of a message: "GET / HTTP/1.1", "HTTP/1.1 200 OK".
extension HTTPReader {
  /// Takes one byte of a first line, but none of a target.
  mutating func takeStartLine(_ byte: UInt8) -> Event? {
    switch state {
    case .start:
      guard isServer else {
        place = 0
        state = .version
        return takeVersion(byte)
      }
      // One empty line before a request is passed over (RFC 9112, 2.2).
      if byte == HTTPByte.carriageReturn, headBytes == 0 {
        state = .blankLine
        return nil
      }
      place = 0
      matches = (1 << UInt16(HTTPMethod.other.rawValue)) - 1
      state = .method
      return takeMethod(byte)
    case .blankLine:
      guard byte == HTTPByte.lineFeed else { return fail(.lineEnd) }
      headBytes = 2
      lineBytes = 0
      state = .start
      return nil
    case .method: return takeMethod(byte)
    case .version: return takeVersion(byte)
    case .versionEnd:
      if isServer {
        guard byte == HTTPByte.carriageReturn else {
          return fail(byte == HTTPByte.lineFeed ? .lineEnd : .version)
        }
        state = .startLineEnd
      } else {
        guard byte == HTTPByte.space else { return fail(.version) }
        place = 0
        state = .statusCode
      }
      return nil
    case .statusCode:
      guard HTTPByte.isDigit(byte), place > 0 || byte != UInt8(ascii: "0") else {
        return fail(.statusCode)
      }
      number = number &* 10 &+ UInt64(byte &- 0x30)
      place &+= 1
      if place == 3 { state = .statusEnd }
      return nil
    case .statusEnd, .reason:
      if byte == HTTPByte.carriageReturn {
        state = .startLineEnd
      } else if byte == HTTPByte.lineFeed {
        return fail(.lineEnd)
      } else if state == .statusEnd {
        guard byte == HTTPByte.space else { return fail(.statusCode) }
        state = .reason
      } else {
        guard HTTPByte.isText(byte) else { return fail(.reason) }
      }
      return nil
    default:
      guard byte == HTTPByte.lineFeed else { return fail(.lineEnd) }
      if let fault = endLine() { return fail(fault) }
      return isServer ? nil : endStatusLine()
    }
  }

  /// The status line has ended: tells the code, and keeps what it says of the body.
  private mutating func endStatusLine() -> Event {
    let code = UInt16(truncatingIfNeeded: number)
    let rule: BodyRule =
      switch code {
      case 101: .switching
      case 100..<200: .interim
      case 204, 304: .bodiless
      case 200..<300: .success
      default: .usual
      }
    methodOrBodyRule = rule.rawValue
    number = 0
    return .status(code)
  }

  private mutating func takeMethod(_ byte: UInt8) -> Event? {
    if byte == HTTPByte.space, place > 0 {
      let known = HTTPWords.ended(matches, at: place, HTTPMethod.text)
      let method = HTTPMethod(rawValue: UInt8(known.trailingZeroBitCount)) ?? .other
      methodOrBodyRule = method.rawValue
      state = .targetStart
      return .method(method)
    }
    guard HTTPByte.isTokenByte(byte) else { return fail(.method) }
    matches = HTTPWords.narrowed(matches, at: place, by: byte, HTTPMethod.text)
    place = place == 255 ? 255 : place + 1
    return nil
  }

  /// Takes bytes of a request's target, up to its end. It has one of the four forms of RFC 9112, 3.2;
  /// the method and the first byte tell which.
  mutating func takeTarget(_ bytes: UnsafeRawBufferPointer, _ index: inout Int) -> Event? {
    let start = index
    while index < bytes.count {
      let byte = unsafe bytes[index]
      let isEnd = byte == HTTPByte.space && state != .targetStart && state != .scheme
      let following = isEnd ? .version : stateOfTarget(behind: byte)
      let isFull = Int(lineBytes) >= Self.mostLine
      guard let following, !isEnd, !isFull else {
        // The bytes before this one are a piece of their own, which the caller gets first.
        if index > start { break }
        if isFull { return fail(.startLineTooLong) }
        guard let following else { return fail(.target) }
        index &+= 1
        lineBytes &+= 1
        place = 0
        state = following
        return nil
      }
      state = following
      lineBytes &+= 1
      index &+= 1
    }
    return .target(start..<index)
  }

  /// The state after one more byte of a target; nil where the target may not have this byte here.
  private func stateOfTarget(behind byte: UInt8) -> State? {
    switch state {
    case .targetStart:
      if methodOrBodyRule == HTTPMethod.connect.rawValue {
        return HTTPByte.isHostByte(byte) ? .authority : nil
      }
      if byte == UInt8(ascii: "/") { return .target }
      if byte == UInt8(ascii: "*") {
        return methodOrBodyRule == HTTPMethod.options.rawValue ? .asterisk : nil
      }
      return HTTPByte.isLetter(byte) ? .scheme : nil
    case .scheme:
      if byte == UInt8(ascii: ":") { return .target }
      return HTTPByte.isSchemeByte(byte) ? .scheme : nil
    case .authority: return HTTPByte.isHostByte(byte) ? .authority : nil
    case .asterisk: return nil
    default: return HTTPByte.isTargetByte(byte) ? .target : nil
    }
  }

  /// Takes one byte of "HTTP/1.x"; `place` says which.
  private mutating func takeVersion(_ byte: UInt8) -> Event? {
    let isRight: Bool
    switch place {
    case 0: isRight = byte == UInt8(ascii: "H")
    case 1, 2: isRight = byte == UInt8(ascii: "T")
    case 3: isRight = byte == UInt8(ascii: "P")
    case 4: isRight = byte == UInt8(ascii: "/")
    case 5:
      isRight = HTTPByte.isDigit(byte)
      if isRight, byte != UInt8(ascii: "1") { return fail(.unknownVersion) }
    case 6: isRight = byte == UInt8(ascii: ".")
    default:
      isRight = HTTPByte.isDigit(byte)
      if byte == UInt8(ascii: "0") { head.insert(.isVersion10) }
      state = .versionEnd
    }
    place &+= 1
    return isRight ? nil : fail(.version)
  }
}
