/// Reading header lines, and the trailers after a chunked body, up to the empty line.
extension HTTPReader {
  /// Takes one byte of a header line, but none of a value.
  mutating func takeField(_ byte: UInt8, _ question: HTTPQuestion) -> Event? {
    switch state {
    case .lineStart:
      if HTTPByte.isSpace(byte) { return takeFold(byte, question) }
      // Only now is it known that the header before has ended: white space here would continue it.
      if let fault = endField(question) { return fail(fault) }
      if byte == HTTPByte.carriageReturn {
        state = .headEnd
        return nil
      }
      place = 0
      matches = 0
      if head.isDisjoint(with: .isTrailer) {
        matches = HTTPWords.names(ofServer: isServer)
        if question.asksForField { matches |= HTTPWords.asked }
      }
      state = .name
      return takeName(byte, question)
    case .name: return takeName(byte, question)
    case .lineEnd:
      guard byte == HTTPByte.lineFeed else { return fail(.lineEnd) }
      if let fault = endLine() { return fail(fault) }
      return nil
    default:
      guard byte == HTTPByte.lineFeed else { return fail(.lineEnd) }
      if let fault = endLine() { return fail(fault) }
      if head.contains(.isTrailer) {
        state = .ended
        return nil
      }
      return endHead(question)
    }
  }

  /// Takes the white space with which a line continues the value of the line before (RFC 9112,
  /// 5.2). A client reads both as one value; a server refuses them.
  private mutating func takeFold(_ byte: UInt8, _ question: HTTPQuestion) -> Event? {
    if fields == 0 { return fail(.spaceBeforeFields) }
    if isServer { return fail(.foldedLine) }
    state = .value
    return takeText(byte, question).map { fail($0) }
  }

  /// Skips the rest of a name that nobody needs, and takes the byte after it: a colon, or a fault.
  mutating func passOverName(
    _ bytes: UnsafeRawBufferPointer, _ index: inout Int, _ question: HTTPQuestion
  ) -> Event? {
    let end = min(bytes.count, index &+ (Self.mostLine &- Int(lineBytes)))
    let start = index
    while index < end, unsafe HTTPByte.isTokenByte(bytes[index]) { index &+= 1 }
    lineBytes &+= UInt16(truncatingIfNeeded: index &- start)
    guard index < bytes.count else { return nil }
    let byte = unsafe bytes[index]
    index &+= 1
    if let fault = countByte() { return fail(fault) }
    return takeName(byte, question)
  }

  private mutating func takeName(_ byte: UInt8, _ question: HTTPQuestion) -> Event? {
    if byte == UInt8(ascii: ":"), place > 0 {
      if let fault = beginField(question) { return fail(fault) }
      return nil
    }
    guard HTTPByte.isTokenByte(byte) else { return fail(.fieldName) }
    if matches != 0 {
      let lowered = HTTPByte.lowered(byte)
      var kept = HTTPWords.narrowed(
        matches & ~HTTPWords.asked, at: place, by: lowered, HTTPWords.name)
      if matches & HTTPWords.asked != 0, question.hasName(lowered, at: place) {
        kept |= HTTPWords.asked
      }
      // Every name that is looked for is shorter than 256 bytes.
      matches = place == 255 ? 0 : kept
    }
    place = place == 255 ? 255 : place + 1
    return nil
  }

  /// The colon after a name has come: prepares for the value.
  private mutating func beginField(_ question: HTTPQuestion) -> HTTPFault? {
    if Int(fields) >= Self.mostFields { return .tooManyFields }
    fields &+= 1
    let known = HTTPWords.ended(matches & ~HTTPWords.asked, at: place, HTTPWords.name)
    field = HTTPWords.Field(rawValue: UInt8(known.trailingZeroBitCount)) ?? .other
    if matches & HTTPWords.asked != 0, question.isName(ofCount: place) {
      if head.contains(.hasAskedField) { head.insert(.hasOtherValue) }
      head.formUnion([.hasAskedField, .isAsked])
      askedPlace = 0
    }
    place = 0
    matches = HTTPWords.tokens(of: field)
    state = .value
    switch field {
    case .host:
      guard head.insert(.hasHost).inserted else { return .repeatedHost }
    case .contentLength:
      guard head.insert(.hasLength).inserted else { return .repeatedContentLength }
    case .transferEncoding: head.insert(.hasTransferEncoding)
    case .extensions:
      head.insert(.hasExtensions)
      field = .other
    case .protocol:
      head.insert(.hasProtocol)
      field = .other
    case .key:
      if !head.insert(.hasKey).inserted {
        // A second key is not read as one: its bytes would be taken for more of the first key.
        head.insert(.hasWrongKey)
        field = .other
      }
    default: break
    }
    return nil
  }

  /// All headers have come: decides what the body is (RFC 9112, 6.3).
  private mutating func endHead(_ question: HTTPQuestion) -> Event {
    if let fault = faultOfHead { return fail(fault) }
    let isVersion10 = head.contains(.isVersion10)
    if isVersion10 { head.remove(.expectsContinue) }
    if head.isDisjoint(with: .close), !isVersion10 || head.contains(.keepAlive) {
      head.insert(.keepsOpen)
    }
    if isServer {
      beginBody(goesUpToClose: false)
      return .head(head)
    }
    switch BodyRule(rawValue: methodOrBodyRule) {
    case .switching: state = .upgrading
    case .interim:
      let told = head
      begin()
      return .head(told)
    case .success where question.method == .connect: state = .upgrading
    case .bodiless: state = .ended
    default:
      if question.method == .head { state = .ended } else { beginBody(goesUpToClose: true) }
    }
    return .head(head)
  }

  /// What is wrong with the headers as a whole; nil where nothing is.
  private var faultOfHead: HTTPFault? {
    if isServer, head.isDisjoint(with: [.isVersion10, .hasHost]) { return .noHost }
    guard head.contains(.hasTransferEncoding) else { return nil }
    // A recipient that goes by Transfer-Encoding and one that does not would see different messages
    // (RFC 9112, 11.2).
    if head.contains(.isVersion10) { return .transferEncodingInVersion10 }
    if head.contains(.hasLength) { return .transferEncodingAndLength }
    if isServer {
      if head.isDisjoint(with: .endsWithChunked) { return .chunkedNotLast }
      if head.contains(.hasOtherCoding) { return .unknownTransferCoding }
    }
    return nil
  }

  /// - Parameter goesUpToClose: whether a body whose length no header says ends with the
  ///   connection. Else such a message has no body.
  private mutating func beginBody(goesUpToClose: Bool) {
    lineBytes = 0
    if head.contains(.endsWithChunked) {
      head.insert(.hasBody)
      beginChunk()
    } else if head.contains(.hasLength) {
      head.insert(.hasBody)
      state = bytesLeft == 0 ? .ended : .body
    } else if goesUpToClose {
      head.insert(.hasBody)
      head.remove(.keepsOpen)
      state = .bodyUntilClose
    } else {
      state = .ended
    }
  }
}
