import Protocols

/// The messages that one side of a connection sent in HTTP/1.x, by their places in its bytes. It ends with the first
/// bytes that are no HTTP, so that it is empty for any other protocol.
struct HTTPTranscript {
  struct Message: Equatable {
    /// The method of a request; nil for a response.
    var method: HTTPMethod?
    var fields: [Field] = []
    /// The body, where no chunked coding cuts it into pieces; nil where there is none.
    var body: Range<Int>?
    /// Whether all of it has come.
    var isWhole = false
  }

  struct Field: Equatable {
    /// In lower case.
    var name: String
    /// Without white space before it. Up to the end of all bytes where the line does not end.
    var value: Range<Int>
  }

  private(set) var messages: [Message] = []

  init(requests bytes: [UInt8]) {
    read(bytes, HTTPReader(.server), methods: [])
  }

  /// - Parameter requests: what the client sent. It decides which responses have a body.
  init(responses bytes: [UInt8], to requests: HTTPTranscript) {
    read(bytes, HTTPReader(.client), methods: requests.messages.compactMap(\.method))
  }

  private mutating func read(_ bytes: [UInt8], _ reader: HTTPReader, methods: [HTTPMethod]) {
    var reader = reader
    var answered = 0
    var place = 0
    var start = 0
    var (hasHead, isChunked) = (false, false)
    var message: Message?
    while true {
      let question = HTTPQuestion(method: answered < methods.count ? methods[answered] : .get)
      let step = unsafe bytes.withUnsafeBytes { all in
        unsafe reader.next(UnsafeRawBufferPointer(rebasing: all[place...]), question)
      }
      let before = place
      place += step.used
      switch step.event {
      case .method(let method): (message, hasHead) = (Message(method: method), false)
      case .status: (message, hasHead) = (Message(), false)
      case .target, .key: break
      case .head:
        hasHead = true
        message?.fields = Self.fields(in: bytes, start..<place)
        isChunked = message?.fields.contains { $0.name == "transfer-encoding" } ?? false
        // A response of 1xx has no end of its own, and another one follows it.
        if reader.isIdle {
          message?.isWhole = true
          if let message { messages.append(message) }
          (message, start) = (nil, place)
        }
      case .body(let piece):
        guard !isChunked else { break }
        let first = message?.body?.lowerBound ?? before + piece.lowerBound
        message?.body = first..<before + piece.upperBound
      case .end:
        answered += 1
        message?.isWhole = true
        if let message { messages.append(message) }
        (message, start) = (nil, place)
      case .more, .upgraded, .malformed:
        guard var message else { return }
        if !hasHead {
          // The first words of other protocols may look like those of a request.
          guard message.method == nil, step.event == .more else { return }
          message.fields = Self.fields(in: bytes, start..<bytes.count)
        }
        messages.append(message)
        return
      }
    }
  }

  private static let lineFeed = UInt8(ascii: "\n")
  private static let carriageReturn = UInt8(ascii: "\r")

  private static func isSpace(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t")
  }

  /// The header lines of a head, its first line left out.
  private static func fields(in bytes: [UInt8], _ head: Range<Int>) -> [Field] {
    var fields: [Field] = []
    var lines = bytes[head].split(separator: lineFeed)[...]
    // RFC 9112, 2.2: empty lines may come before the first one.
    lines = lines.drop { $0.elementsEqual([carriageReturn]) }.dropFirst()
    for line in lines {
      guard let colon = line.firstIndex(of: UInt8(ascii: ":")), colon > line.startIndex,
        !isSpace(line[line.startIndex])
      else { continue }
      let value = line[(colon + 1)...].drop(while: isSpace)
      let end = value.firstIndex(of: carriageReturn) ?? value.endIndex
      fields.append(
        Field(
          name: String(decoding: line[..<colon], as: UTF8.self).lowercased(),
          value: value.startIndex..<end))
    }
    return fields
  }
}
