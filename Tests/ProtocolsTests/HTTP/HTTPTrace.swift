import Protocols
import Testing

/// What a reader tells of bytes that come in pieces, one line an event, with pieces of the same thing joined.
struct HTTPTrace: Equatable {
  private(set) var lines: [String] = []
  /// Bytes behind `upgraded`.
  private(set) var rest: [UInt8] = []
  private(set) var keyBytes = 0
  private var isJoinable = ""

  init(
    _ role: HTTPReader.Role, _ bytes: [UInt8], cuts: [Int] = [], closes: Bool = false,
    method: HTTPMethod = .get, asked: (name: String, value: String) = ("", "")
  ) {
    var reader = HTTPReader(role)
    var start = 0
    for end in cuts + [bytes.count] {
      // A copy of its own, so that a sanitizer sees a read behind its end.
      take(Array(bytes[start..<end]), &reader, method, asked)
      start = end
    }
    if closes, let event = reader.close() { tell(event, []) }
  }

  private mutating func take(
    _ piece: [UInt8], _ reader: inout HTTPReader, _ method: HTTPMethod,
    _ asked: (name: String, value: String)
  ) {
    unsafe Array(asked.name.utf8).withUnsafeBytes { name in
      unsafe Array(asked.value.utf8).withUnsafeBytes { value in
        let question = unsafe HTTPQuestion(method: method, name: name, value: value)
        var rest = piece[...]
        // No more events than bytes and a few: a reader that goes round and round is found.
        for _ in 0...(2 * piece.count + 4) {
          let bytes = Array(rest)
          let step = unsafe bytes.withUnsafeBytes { unsafe reader.next($0, question) }
          guard (0...bytes.count).contains(step.used) else {
            Issue.record("\(step.used) bytes used of \(bytes.count)")
            return
          }
          rest = rest.dropFirst(step.used)
          if step.event == .more {
            self.rest += rest
            return
          }
          tell(step.event, bytes)
        }
        Issue.record("It never says that it needs more")
      }
    }
  }

  private mutating func tell(_ event: HTTPReader.Event, _ bytes: [UInt8]) {
    switch event {
    case .more: break
    case .method(let method): add("method \(method)")
    case .status(let code): add("status \(code)")
    case .target(let range): join("target ", bytes[range])
    case .key(let range):
      keyBytes += range.count
      join("key ", bytes[range])
    case .body(let range): join("body ", bytes[range])
    case .head(let head): add("head\(Self.words(head))")
    case .end(let keepsOpen): add(keepsOpen ? "end" : "end close")
    case .upgraded: add("upgraded")
    case .malformed(let fault): add("malformed \(fault)")
    }
  }

  private mutating func add(_ line: String) {
    lines.append(line)
    isJoinable = ""
  }

  private mutating func join(_ word: String, _ bytes: ArraySlice<UInt8>) {
    if bytes.isEmpty { Issue.record("A piece of no bytes") }
    let text = bytes.map { $0 < 0x7F ? String(UnicodeScalar($0)) : "<\($0)>" }.joined()
    if isJoinable == word {
      lines[lines.count - 1] += text
    } else {
      add(word + text)
      isJoinable = word
    }
  }

  private static func words(_ head: HTTPHead) -> String {
    let facts: [(String, Bool)] = [
      ("1.0", head.contains(.isVersion10)), ("close", head.contains(.close)),
      ("keep-alive", head.contains(.keepAlive)), ("upgrade", head.contains(.upgrade)),
      ("websocket", head.contains(.toWebSocket)), ("expects", head.contains(.expectsContinue)),
      ("extensions", head.contains(.hasExtensions)), ("protocol", head.contains(.hasProtocol)),
      ("key", head.hasWebSocketKey), ("13", head.hasWebSocketVersion),
      ("asked", head.hasAskedValue), ("open", head.contains(.keepsOpen)),
      ("body", head.contains(.hasBody)),
    ]
    return facts.filter(\.1).map { " " + $0.0 }.joined()
  }

  static func == (left: HTTPTrace, right: HTTPTrace) -> Bool {
    left.lines == right.lines && left.rest == right.rest
  }
}

/// Bytes, what a reader has to tell of them, and how it is asked.
struct HTTPCase: CustomTestStringConvertible, Sendable {
  var text: String
  var told: [String]
  var closes = false
  var method = HTTPMethod.get
  var name = ""
  var value = ""

  init(
    _ text: String, _ told: [String], closes: Bool = false, method: HTTPMethod = .get,
    name: String = "", value: String = ""
  ) {
    self.text = text
    self.told = told
    self.closes = closes
    self.method = method
    self.name = name
    self.value = value
  }

  var testDescription: String { text.prefix(60).debugDescription }

  func trace(_ role: HTTPReader.Role, cuts: [Int] = []) -> HTTPTrace {
    HTTPTrace(
      role, Array(text.utf8), cuts: cuts, closes: closes, method: method, asked: (name, value))
  }

  /// Expects it of the whole, of every cut in two, and byte by byte.
  func check(_ role: HTTPReader.Role) {
    let whole = trace(role)
    #expect(whole.lines == told, "\(text.debugDescription)")
    let count = text.utf8.count
    for cut in cutsInTwo(of: count) where trace(role, cuts: [cut]) != whole {
      Issue.record("Cut at \(cut), it is another: \(text.debugDescription)")
    }
    #expect(trace(role, cuts: Array(0..<count)) == whole)
  }
}

/// Every place in so many bytes; of very many, those near either end and some between.
func cutsInTwo(of count: Int) -> [Int] {
  count <= 1000
    ? Array(0...count)
    : Array(0...40) + Array(stride(from: 50, to: count - 30, by: count / 9))
      + Array(count - 30...count)
}
