/// Reads HTTP/1.1 (RFC 9112) as it comes, in pieces of any size: the responses to a client, or the
/// requests to a server.
///
/// The caller hands over what it has, takes the event, and hands over again what was not used, until the event is
/// `more`. How the bytes were cut changes nothing but how pieces are cut. The machine keeps no bytes and has a
/// fixed size, since each of many connections has one. Where the RFC leaves it to a recipient whether to
/// put up with something, it is refused if two recipients could see different messages in it.
package struct HTTPReader: BitwiseCopyable, Sendable {
  package enum Role: Sendable {
    /// Reads responses.
    case client
    /// Reads requests.
    case server
  }

  /// Ranges are those of the bytes that were handed over.
  package enum Event: Sendable, Equatable {
    /// All that is here was used, but for what follows `upgraded`.
    case more
    /// A request begins. Its target follows.
    case method(HTTPMethod)
    /// A piece of a request's target.
    case target(Range<Int>)
    /// A response begins. With 1xx its `head` is all of it, unless that is followed by `upgraded`.
    case status(UInt16)
    /// A piece of a request's first `Sec-WebSocket-Key`; all pieces together have at most 24 bytes,
    /// and `HTTPHead.hasWebSocketKey` says whether these are a key.
    case key(Range<Int>)
    /// All headers have come.
    case head(HTTPHead)
    /// A piece of the body, without what chunks put around it.
    case body(Range<Int>)
    /// The message is whole. Where the connection does not stay open, whatever follows is passed over.
    case end(keepsOpen: Bool)
    /// What follows is no HTTP: the response was 101, or 2xx to CONNECT. Nothing more is used: a further look
    /// says `more` and uses nothing.
    case upgraded
    /// The message breaks a rule. Whatever follows is passed over.
    case malformed(HTTPFault)
  }

  package struct Step: Sendable, Equatable {
    package var event: Event
    /// How many bytes were used, from the first one on.
    package var used: Int
  }

  /// The longest line, without its LF. RFC 9112, 3, wants 8,000 bytes at least.
  package static var mostLine: Int { 16384 }
  /// The most bytes in all lines before a body, or behind one.
  package static var mostHead: Int { 48 * 1024 }
  package static var mostFields: Int { 128 }
  /// The longest line before a chunk, extensions included.
  package static var mostChunkLine: Int { 1024 }

  enum State: UInt8 {
    case start, blankLine, method, targetStart, scheme, target, authority, asterisk
    case version, versionEnd
    case statusCode, statusEnd, reason, startLineEnd
    case lineStart, name, value, lineEnd, headEnd
    case body, bodyUntilClose
    case chunkSize, chunkSpace, chunkExtension, chunkLineEnd, chunk, chunkEnd, chunkEndLine
    case ended, upgrading, upgraded, closed
  }

  /// What a response's status code says of its body.
  enum Kind: UInt8 {
    case usual, interim, switching, success, bodiless
  }

  /// While the first line is read, the status code; then the Content-Length, and what of the body, or of its
  /// chunk, is to come.
  var remaining: UInt64 = 0
  var head: HTTPHead = []
  /// Bytes in lines of the head that have ended, and in the line that has not.
  var headBytes: UInt16 = 0
  var lineBytes: UInt16 = 0
  /// The words that may be meant by what comes; see `HTTPWords`.
  var matches: UInt16 = 0
  var state = State.start
  var field = HTTPWords.Field.other
  /// Of a server the method (`HTTPMethod`), of a client the `Kind` of response.
  var kind: UInt8 = 0
  var fields: UInt8 = 0
  /// Bytes of the current word or value so far, as far as that matters where it is read.
  var place: UInt8 = 0
  /// Bytes of the value that was asked for, as far as they are the same.
  var askedPlace: UInt8 = 0

  package init(_ role: Role) {
    if role == .server { head = .isRequest }
  }

  var isServer: Bool { head.contains(.isRequest) }

  /// Whether no message is under way, so that the connection may close, or have its next request.
  package var isIdle: Bool { state == .start && lineBytes == 0 }

  package mutating func next(
    _ bytes: UnsafeRawBufferPointer, _ question: HTTPQuestion = HTTPQuestion()
  ) -> Step {
    var index = 0
    while true {
      switch state {
      case .ended:
        let keepsOpen = head.contains(.keepsOpen)
        begin()
        if !keepsOpen { state = .closed }
        return Step(event: .end(keepsOpen: keepsOpen), used: index)
      case .upgrading:
        state = .upgraded
        return Step(event: .upgraded, used: index)
      case .upgraded: return Step(event: .more, used: index)
      case .closed: return Step(event: .more, used: bytes.count)
      default: break
      }
      guard index < bytes.count else { return Step(event: .more, used: index) }
      let event =
        switch state {
        case .body, .bodyUntilClose, .chunk: takeBody(bytes.count, &index)
        case .targetStart, .scheme, .target, .authority, .asterisk: unsafe takeTarget(bytes, &index)
        case .value: unsafe takeValue(bytes, &index, question)
        case .name where matches == 0: unsafe passOverName(bytes, &index, question)
        default: unsafe take(bytes[index], &index, question)
        }
      if let event { return Step(event: event, used: index) }
    }
  }

  /// The peer has closed: the end of a body that goes up to there, the fault of a message that does not,
  /// nil where none is under way.
  package mutating func close() -> Event? {
    defer { state = .closed }
    switch state {
    case .start where lineBytes == 0: return nil
    case .upgrading, .upgraded, .closed: return nil
    case .ended, .bodyUntilClose: return .end(keepsOpen: false)
    default: return .malformed(.endedEarly)
    }
  }

  /// Forgets the message that was read.
  mutating func begin() {
    remaining = 0
    head.formIntersection(.isRequest)
    headBytes = 0
    lineBytes = 0
    state = .start
    field = .other
    fields = 0
  }

  mutating func fail(_ fault: HTTPFault) -> Event {
    state = .closed
    return .malformed(fault)
  }

  /// Takes one byte of what is no body.
  private mutating func take(
    _ byte: UInt8, _ index: inout Int, _ question: HTTPQuestion
  ) -> Event? {
    index &+= 1
    if let fault = countByte() { return fail(fault) }
    switch state {
    case .lineStart, .name, .lineEnd, .headEnd: return takeField(byte, question)
    case .chunkSize, .chunkSpace, .chunkExtension, .chunkLineEnd, .chunkEnd, .chunkEndLine:
      return takeChunkLine(byte)
    default: return takeStartLine(byte)
    }
  }

  /// Counts one more byte of a line, unless it is one too many.
  @inline(__always)
  mutating func countByte() -> HTTPFault? {
    if Int(lineBytes) >= Self.mostLine { return lineTooLong }
    lineBytes &+= 1
    return nil
  }

  private var lineTooLong: HTTPFault {
    switch state {
    case .lineStart, .name, .value, .lineEnd, .headEnd: .fieldLineTooLong
    default: .startLineTooLong
    }
  }

  /// Ends a line of the head.
  mutating func endLine() -> HTTPFault? {
    guard Int(headBytes) + Int(lineBytes) <= Self.mostHead else { return .headTooLong }
    headBytes &+= lineBytes
    lineBytes = 0
    state = .lineStart
    return nil
  }
}
