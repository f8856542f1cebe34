/// Reads HTTP/1.1 (RFC 9112) as it comes, in pieces of any size: the responses to a client, or the
/// requests to a server.
///
/// The caller hands over what it has, takes the event, and hands over again what was not used, until the
/// event is `more`. The same events come however the bytes were cut; only the pieces of targets, keys and
/// bodies may be cut elsewhere. The reader keeps no bytes and has a fixed size, since each of many
/// connections has one. The RFC lets a recipient accept some malformed input. This reader refuses such
/// input where two recipients could read different messages from it.
package struct HTTPReader: BitwiseCopyable, Sendable {
  package enum Role: Sendable {
    /// Reads responses.
    case client
    /// Reads requests.
    case server
  }

  /// What was read. Ranges are places in the bytes that were handed over.
  package enum Event: Sendable, Equatable {
    /// All bytes were used, and more have to come. After `upgraded`, none were used.
    case more
    /// A request begins. Its target follows.
    case method(HTTPMethod)
    /// A piece of a request's target.
    case target(Range<Int>)
    /// A response begins. One of 1xx ends with its `head`, without an `end`; after the head of a 101 comes
    /// `upgraded`.
    case status(UInt16)
    /// A piece of a request's first `Sec-WebSocket-Key`. All pieces together have at most 24 bytes.
    /// `HTTPHead.hasWebSocketKey` says whether they are a valid key.
    case key(Range<Int>)
    /// All headers have come.
    case head(HTTPHead)
    /// A piece of the body, without the lines that chunked coding puts between its chunks.
    case body(Range<Int>)
    /// The message is whole. Where the connection does not stay open, the reader passes over whatever
    /// follows.
    case end(keepsOpen: Bool)
    /// What follows is no HTTP: the response was 101, or 2xx other than 204 to CONNECT. The reader uses
    /// nothing more: each further call returns `more`.
    case upgraded
    /// The message breaks a rule. The reader passes over whatever follows.
    case malformed(HTTPFault)
  }

  /// What one call of `next` came to.
  package struct Step: Sendable, Equatable {
    package var event: Event
    /// How many bytes were used, from the first one on.
    package var used: Int
  }

  /// The most bytes of a line, with its CR and LF. RFC 9112, 3, recommends at least 8,000 for a request
  /// line.
  package static var mostLine: Int { 16384 }
  /// The most bytes of all lines before a body together, and of all lines after a chunked one.
  package static var mostHead: Int { 48 * 1024 }
  /// The most header lines before a body, and the most trailers.
  package static var mostFields: Int { 128 }
  /// The most bytes of the line before a chunk, with its extensions, CR and LF.
  package static var mostChunkLine: Int { 1024 }

  /// What the next byte belongs to. In the last four states no byte is read.
  enum State: UInt8 {
    case start, blankLine, method, targetStart, scheme, target, authority, asterisk
    case version, versionEnd
    case statusCode, statusEnd, reason, startLineEnd
    case lineStart, name, value, lineEnd, headEnd
    case body, bodyUntilClose
    case chunkSize, chunkSpace, chunkExtension, chunkLineEnd, chunk, chunkEnd, chunkEndLine
    case ended, upgrading, upgraded, closed
  }

  /// What a response's status code says of its body, and of what follows its head.
  enum BodyRule: UInt8 {
    case usual, interim, switching, success, bodiless
  }

  /// The number that is being read: in a status line, the status code; among the headers, the Content-Length;
  /// before a chunk, its size. From then on `bytesLeft`. One field serves all, as each connection has a reader.
  var number: UInt64 = 0
  var head: HTTPHead = []
  /// Bytes of the head's lines that have ended.
  var headBytes: UInt16 = 0
  /// Bytes of the line that has not ended.
  var lineBytes: UInt16 = 0
  /// The words that the current word may still become; see `HTTPWords`.
  var matches: UInt16 = 0
  var state = State.start
  /// The header whose value is being read; `other` for one that nobody needs.
  var field = HTTPWords.Field.other
  /// A raw value: at a server of the request's `HTTPMethod`, at a client of the response's `BodyRule`.
  var methodOrBodyRule: UInt8 = 0
  /// Header lines, or trailers, whose names have come.
  var fields: UInt8 = 0
  /// Bytes of the current word so far. Where only the first byte matters, 1 from then on. In a value also
  /// `behindWord`.
  var place: UInt8 = 0
  /// How many bytes of the value equal the question's, from the first on.
  var askedPlace: UInt8 = 0

  package init(_ role: Role) {
    if role == .server { head = .isRequest }
  }

  var isServer: Bool { head.contains(.isRequest) }

  /// Bytes of the body, or of its chunk, that are still to come; once its length is read.
  @inline(__always)
  var bytesLeft: UInt64 {
    get { number }
    set { number = newValue }
  }

  /// Whether no message is under way, so that the connection may close, or carry its next message.
  package var isIdle: Bool { state == .start && lineBytes == 0 }

  /// Reads on, up to the next event. The question belongs to the message that is being read.
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

  /// Tells what it means that the peer has closed the connection. Returns the end of a body that goes up to
  /// the close, a fault where any other message is cut off, and nil where no message is under way.
  package mutating func close() -> Event? {
    defer { state = .closed }
    switch state {
    case .start where lineBytes == 0: return nil
    case .upgrading, .upgraded, .closed: return nil
    case .ended, .bodyUntilClose: return .end(keepsOpen: false)
    default: return .malformed(.endedEarly)
    }
  }

  /// Forgets the message that was read, and waits for the next one.
  mutating func begin() {
    number = 0
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

  /// Takes one byte that belongs neither to a body nor to a target nor to a value.
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

  /// Counts one more byte of a line; a fault where the line is full.
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

  /// Ends a line of the head, or of trailers; a fault where all lines together are too long.
  mutating func endLine() -> HTTPFault? {
    guard Int(headBytes) + Int(lineBytes) <= Self.mostHead else { return .headTooLong }
    headBytes &+= lineBytes
    lineBytes = 0
    state = .lineStart
    return nil
  }
}
