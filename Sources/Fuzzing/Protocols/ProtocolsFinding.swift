import Protocols

/// The input is what one end of a connection says; each reader of a protocol reads it. Whatever the input is, a
/// reader must use no more bytes than there are, come to an end, and tell the same events however the bytes are
/// cut.
func protocolsFinding(in bytes: [UInt8]) -> String? {
  for reader in AnyReader.allCases {
    let whole = ReaderTrace(of: bytes, by: reader, pieceSize: max(1, bytes.count))
    if let finding = whole.finding { return "\(reader): \(finding)" }
    for pieceSize in [1, 3] {
      let cut = ReaderTrace(of: bytes, by: reader, pieceSize: pieceSize)
      if let finding = cut.finding { return "\(reader), in pieces of \(pieceSize): \(finding)" }
      if let difference = cut.difference(from: whole) {
        return "\(reader), in pieces of \(pieceSize): \(difference)"
      }
    }
  }
  return nil
}

/// The readers of all protocols, in each of their roles.
private enum AnyReader: CaseIterable {
  case responses, responsesToHead, requests
  case framesOfServer, framesOfClient
  case packetsOfServer311, packetsOfServer5, packetsOfClient
}

/// The events that a reader tells of bytes that come in pieces. Events that bring one thing piece by piece, such
/// as a body, are joined.
private struct ReaderTrace {
  private struct Part: Equatable {
    /// The kind of the event.
    var word: String
    var bytes: [UInt8] = []
    var isPiece = false
  }

  /// What one step of a reader came to.
  private struct Look {
    var used: Int
    /// Nil where more bytes have to come.
    var part: Part?
  }

  private var parts: [Part] = []
  /// What is wrong with the reader itself; nil where nothing is.
  private(set) var finding: String?

  init(of bytes: [UInt8], by reader: AnyReader, pieceSize: Int) {
    var pieces: [[UInt8]] = []
    for start in stride(from: 0, to: bytes.count, by: pieceSize) {
      pieces.append(Array(bytes[start..<min(start + pieceSize, bytes.count)]))
    }
    switch reader {
    case .responses: readHTTP(pieces, HTTPReader(.client), .get)
    case .responsesToHead: readHTTP(pieces, HTTPReader(.client), .head)
    case .requests: readHTTP(pieces, HTTPReader(.server), .get)
    case .framesOfServer: readWebSocket(pieces, WebSocketReader(.client))
    case .framesOfClient: readWebSocket(pieces, WebSocketReader(.server))
    case .packetsOfServer311: readMQTT(pieces, MQTTReader(client: .v311))
    case .packetsOfServer5: readMQTT(pieces, MQTTReader(client: .v5))
    case .packetsOfClient: readMQTT(pieces, .server)
    }
  }

  func difference(from other: ReaderTrace) -> String? {
    guard parts != other.parts else { return nil }
    let place = zip(parts, other.parts).prefix { $0 == $1 }.count
    func told(_ parts: [Part]) -> String {
      place < parts.count ? "\(parts[place].word) \(parts[place].bytes)" : "nothing"
    }
    return "event \(place) is \(told(parts)), and \(told(other.parts)) in one"
  }

  private mutating func readHTTP(_ pieces: [[UInt8]], _ reader: HTTPReader, _ method: HTTPMethod) {
    var reader = reader
    var isUpgraded = false
    for piece in pieces {
      unsafe read(piece) { bytes in
        let step = unsafe reader.next(UnsafeRawBufferPointer(bytes), HTTPQuestion(method: method))
        let part: Part? =
          switch step.event {
          case .more: nil
          case .target(let range): unsafe Self.piece("target", bytes, range)
          case .key(let range): unsafe Self.piece("key", bytes, range)
          case .body(let range): unsafe Self.piece("body", bytes, range)
          case .method, .status, .head, .end, .upgraded, .malformed: Part(word: "\(step.event)")
          }
        isUpgraded = isUpgraded || step.event == .upgraded
        // What stands behind `upgraded` is not HTTP. The reader uses none of it, so it counts as used here.
        return Look(used: isUpgraded && part == nil ? bytes.count : step.used, part: part)
      }
    }
    if let event = reader.close() { add(Part(word: "\(event) at the close")) }
  }

  private mutating func readWebSocket(_ pieces: [[UInt8]], _ reader: WebSocketReader) {
    var reader = reader
    for piece in pieces {
      unsafe read(piece) { bytes in
        let step = unsafe reader.next(bytes, mostMessage: 10_000)
        let part: Part? =
          switch step.event {
          case .more: nil
          case .data(let range): unsafe Self.piece("data", bytes, range)
          case .payload(let range): unsafe Self.piece("payload", bytes, range)
          case .reason(let range): unsafe Self.piece("reason", bytes, range)
          case .message, .messageEnd, .ping, .pong, .controlEnd, .close, .closeEnd, .malformed:
            Part(word: "\(step.event)")
          }
        return Look(used: step.used, part: part)
      }
    }
  }

  private mutating func readMQTT(_ pieces: [[UInt8]], _ reader: MQTTReader) {
    var reader = reader
    for piece in pieces {
      unsafe read(piece) { bytes in
        let step = unsafe reader.next(UnsafeRawBufferPointer(bytes))
        let part: Part? =
          switch step.event {
          case .needsMore: nil
          case .piece(let field, let count):
            unsafe Self.piece("\(field)", bytes, step.used - count..<step.used)
          default: Part(word: "\(step.event)")
          }
        return Look(used: step.used, part: part)
      }
    }
    add(Part(word: reader.isBetweenPackets ? "between packets" : "in a packet"))
  }

  private static func piece(
    _ word: String, _ bytes: UnsafeMutableRawBufferPointer, _ range: Range<Int>
  ) -> Part? {
    unsafe Part(word: word, bytes: Array(bytes[range]), isPiece: true)
  }

  private mutating func read(
    _ piece: [UInt8], _ look: (UnsafeMutableRawBufferPointer) -> Look
  ) {
    guard finding == nil else { return }
    var rest = piece
    // The number of steps is bounded, to find a reader that goes round and round: each byte ends at most four
    // events, and bytes of earlier pieces may still owe a few.
    for _ in 0...4 * piece.count + 8 {
      // Each step has a buffer of its own, so that a sanitizer notices a read beyond its end.
      var bytes = rest
      let looked = unsafe bytes.withUnsafeMutableBytes { unsafe look($0) }
      guard (0...bytes.count).contains(looked.used) else {
        finding = "it used \(looked.used) bytes of \(bytes.count)"
        return
      }
      // Bytes that the step has not used come again as they were: readers may change those in the buffer.
      rest = Array(rest[looked.used...])
      guard let part = looked.part else {
        if !rest.isEmpty { finding = "it needs more, and \(rest.count) bytes are left" }
        return
      }
      add(part)
    }
    finding = "it never says that it needs more"
  }

  private mutating func add(_ part: Part) {
    if part.isPiece, part.bytes.isEmpty { finding = "a piece of \(part.word) has no bytes" }
    guard part.isPiece, let last = parts.last, last.isPiece, last.word == part.word else {
      return parts.append(part)
    }
    parts[parts.count - 1].bytes += part.bytes
  }
}
