import Protocols
import Testing

/// What a reader tells of frames that come in pieces, one line an event, with pieces of the same thing joined.
struct WebSocketTrace: Equatable {
  private(set) var lines: [String] = []
  private(set) var pieces: [[UInt8]] = []
  private var isJoinable = ""

  init(
    _ role: WebSocketReader.Role, _ bytes: [UInt8], cuts: [Int] = [], mostMessage: UInt32 = .max
  ) {
    var reader = WebSocketReader(role)
    var start = 0
    for end in cuts + [bytes.count] {
      var rest = bytes[start..<end]
      start = end
      var turns = 0
      while true {
        var copy = Array(rest)
        let step = unsafe copy.withUnsafeMutableBytes {
          unsafe reader.next($0, mostMessage: mostMessage)
        }
        turns += 1
        guard (0...copy.count).contains(step.used), turns < 2 * bytes.count + 9 else {
          Issue.record("\(step.used) bytes used of \(copy.count) in turn \(turns)")
          return
        }
        // What is not used must come again as it was, or come never.
        if step.event != .more { tell(step.event, copy) }
        rest = rest.dropFirst(step.used)
        if step.event == .more {
          #expect(rest.isEmpty)
          break
        }
        if case .malformed = step.event { continue }
        if !Array(rest).elementsEqual(copy[step.used...]), !lines.isEmpty { changed = true }
      }
    }
    if changed, lines.last?.hasPrefix("malformed invalid") != true {
      Issue.record("Bytes that were not used were changed")
    }
  }

  /// Whether bytes behind those that were used were changed, which only a text that is none may do.
  private var changed = false

  private mutating func tell(_ event: WebSocketReader.Event, _ bytes: [UInt8]) {
    switch event {
    case .more: break
    case .message(let kind): add("\(kind)")
    case .data(let range): join("data", bytes[range])
    case .messageEnd: add("end")
    case .ping(let count): add("ping \(count)")
    case .pong(let count): add("pong \(count)")
    case .payload(let range): join("payload", bytes[range])
    case .controlEnd: add("control end")
    case .close(let code): add("close \(code)")
    case .reason(let range): join("reason", bytes[range])
    case .closeEnd: add("closed")
    case .malformed(let fault): add("malformed \(fault)")
    }
  }

  private mutating func add(_ line: String) {
    lines.append(line)
    pieces.append([])
    isJoinable = ""
  }

  private mutating func join(_ word: String, _ bytes: ArraySlice<UInt8>) {
    if bytes.isEmpty { Issue.record("A piece of no bytes") }
    if isJoinable != word {
      add(word)
      isJoinable = word
    }
    pieces[pieces.count - 1] += bytes
  }

  /// The lines, with the bytes of pieces as text.
  var told: [String] {
    zip(lines, pieces).map { line, piece in
      piece.isEmpty ? line : line + " " + String(decoding: piece, as: UTF8.self)
    }
  }

  static func == (left: WebSocketTrace, right: WebSocketTrace) -> Bool {
    left.lines == right.lines && left.pieces == right.pieces
  }

  /// Expects it of the whole, of every cut in two, and byte by byte.
  static func check(
    _ role: WebSocketReader.Role, _ bytes: [UInt8], _ told: [String], mostMessage: UInt32 = .max
  ) {
    let whole = WebSocketTrace(role, bytes, mostMessage: mostMessage)
    #expect(whole.told == told)
    for cut in cutsInTwo(of: bytes.count) {
      let cutOnce = WebSocketTrace(role, bytes, cuts: [cut], mostMessage: mostMessage)
      if cutOnce != whole { Issue.record("Cut at \(cut), it is another: \(told)") }
    }
    let bytewise = WebSocketTrace(
      role, bytes, cuts: Array(0..<bytes.count), mostMessage: mostMessage)
    #expect(bytewise == whole)
  }
}

/// A frame as a test writes it, right or wrong.
struct TestFrame {
  var first: UInt8
  var payload: [UInt8] = []
  var key: [UInt8]?
  /// Instead of the shortest length.
  var length: [UInt8]?

  init(_ first: UInt8, _ payload: [UInt8] = [], key: [UInt8]? = nil, length: [UInt8]? = nil) {
    self.first = first
    self.payload = payload
    self.key = key
    self.length = length
  }

  init(_ first: UInt8, _ text: String, key: [UInt8]? = nil) {
    self.init(first, Array(text.utf8), key: key)
  }

  /// Written by a way of its own, byte by byte, so that it can judge the product's.
  var bytes: [UInt8] {
    var length = self.length ?? Self.shortest(of: payload.count)
    guard let key else { return [first] + length + payload }
    length[0] |= 0x80
    return [first] + length + key + payload.enumerated().map { $1 ^ key[$0 % 4] }
  }

  private static func shortest(of count: Int) -> [UInt8] {
    if count < 126 { return [UInt8(count)] }
    if count < 65536 { return [126, UInt8(count >> 8), UInt8(count & 255)] }
    var bytes: [UInt8] = [127]
    for shift in stride(from: 56, through: 0, by: -8) { bytes.append(UInt8(count >> shift & 255)) }
    return bytes
  }
}
