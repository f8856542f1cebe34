import Linux
import Messages
import Protocols
import SystemPackage
import WorkerLog

/// The protocol of WebSockets (RFC 6455) for a `SessionKernel`, at either end.
struct WebSocketSession: Session, ~Copyable {
  static var call: FailedCall { .webSocket }
  static var bytesPerEnd: Int {
    MemoryLayout<WebSocketReader>.stride + MemoryLayout<UInt32>.stride
      + MemoryLayout<Incoming>.stride
  }

  /// What a control frame has brought.
  struct Control {
    enum Kind { case ping, pong, close }

    var kind: Kind
    var code: UInt16 = 0
    var payload: [UInt8] = []
  }

  let isServer: Bool
  let terms: WebSocketTerms
  static var introduces: Bool { true }

  /// A client's request up to the key.
  let request: MessageMaker
  /// A server's answer to a request, with a gap for the accept value.
  let response: WebSocketHandshake.Message?
  let readers: Column<WebSocketReader>
  /// The masking key of the message that a client sends; the column has no rows at a server.
  let keys: Column<UInt32>
  /// What is known of the message that is coming in.
  let incoming: Column<Incoming>
  /// Openings under way.
  var openings: [UInt32: WebSocketOpening] = [:]
  /// Control frames whose rest has not come.
  var incomplete: [UInt32: Control] = [:]
  var said: SaidBytes
  var random: RandomWords

  struct Incoming: BitwiseCopyable {
    var isBinary = false
    /// Whether a piece of the message was handed out.
    var goesOn = false

    var kind: MessageKind { isBinary ? .binary : .text }
  }

  /// - Parameters:
  ///   - descriptors: every descriptor is below this number.
  ///   - seed: as of `RandomWords`.
  init(
    _ terms: WebSocketTerms, isServer: Bool, descriptors: Int, seed: UInt64? = nil
  ) throws(Errno) {
    let readers = try Column<WebSocketReader>(count: descriptors)
    let keys = try Column<UInt32>(count: isServer ? 0 : descriptors)
    let incoming = try Column<Incoming>(count: descriptors)
    let random = try RandomWords(seed: seed)
    let request = try MessageMaker(terms.request.map { [$0] } ?? [])
    // Room for the request or, at a server, for the response; and for a few frames.
    let said = try SaidBytes(room: (terms.request?.longest ?? 0) + 1024)
    self.request = request
    self.terms = terms
    self.isServer = isServer
    // Cannot throw: only headers of a caller's are refused, and there are none.
    response = try? WebSocketHandshake.response()
    self.readers = readers
    self.keys = keys
    self.incoming = incoming
    self.random = random
    self.said = said
  }

  var pingInterval: UInt64? { isServer ? nil : terms.pingInterval }

  // MARK: Messages

  mutating func hear(
    _ row: UInt32, _ bytes: UnsafeMutableRawBufferPointer, into pieces: inout MessagePieceWriter
  ) -> SessionStep {
    var reader = readers[row]
    var message = incoming[row]
    defer {
      readers[row] = reader
      incoming[row] = message
    }
    var used = 0
    while true {
      let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: bytes[used...])
      let step = unsafe reader.next(rest)
      switch step.event {
      case .message(let kind): message = Incoming(isBinary: kind == .binary)
      case .data(let range):
        unsafe pieces.add(
          UnsafeRawBufferPointer(rebasing: rest[range]), message.kind, begins: !message.goesOn)
        message.goesOn = true
      case .messageEnd:
        pieces.endMessage(message.kind, begins: !message.goesOn)
        message = Incoming()
      case .more:
        pieces.endPiece()
        return SessionStep(event: .more, used: used + step.used)
      case .ping, .pong, .payload, .controlEnd, .close, .reason, .closeEnd, .malformed:
        if let event = unsafe hearControl(row, step.event, rest) {
          pieces.endPiece()
          return SessionStep(event: event, used: used + step.used)
        }
      }
      used += step.used
    }
  }

  mutating func beginMessage(
    _ row: UInt32, _ piece: MessagePiece, into room: UnsafeMutableRawBufferPointer
  ) -> Int? {
    let key = random.draw()
    keys[row] = key
    return unsafe WebSocketFrame.writeHeader(
      piece.kind == .binary ? .binary : .text, payload: piece.count, key: key, into: room)
  }

  mutating func write(
    _ row: UInt32, _ bytes: UnsafeRawBufferPointer, at offset: Int,
    into room: UnsafeMutableRawBufferPointer
  ) {
    var mask = WebSocketMask(key: keys[row], offset: offset)
    unsafe mask.apply(from: bytes, into: room)
  }

  mutating func writeHead(
    of piece: MessagePiece, into room: UnsafeMutableRawBufferPointer
  ) -> Int {
    let opcode: WebSocketFrame.Opcode =
      piece.begins ? piece.kind == .binary ? .binary : .text : .continuation
    return unsafe WebSocketFrame.writeHeader(
      opcode, payload: piece.count, isFinal: piece.ends, key: nil, into: room)
  }

  // MARK: Control frames

  /// Not inlined, as control frames are rare, and the dictionary counts references.
  @inline(never)
  private mutating func hearControl(
    _ row: UInt32, _ event: WebSocketReader.Event, _ bytes: UnsafeMutableRawBufferPointer
  ) -> SessionStep.Event? {
    switch event {
    case .ping: incomplete[row] = Control(kind: .ping)
    case .pong: incomplete[row] = Control(kind: .pong)
    case .close(let code): incomplete[row] = Control(kind: .close, code: code)
    case .payload(let range), .reason(let range):
      unsafe incomplete[row]?.payload.append(contentsOf: bytes[range])
    case .controlEnd, .closeEnd:
      guard let control = incomplete.removeValue(forKey: row) else { return nil }
      return heed(control)
    case .malformed(let fault):
      say(closeCode: fault.closeCode)
      return .failed(.said("the peer \(fault.words) (\(fault.section))"))
    case .more, .message, .data, .messageEnd: break
    }
    return nil
  }

  /// Does what a control frame asks for that has come whole; nil where the kernel need not know of it.
  private mutating func heed(_ control: Control) -> SessionStep.Event? {
    switch control.kind {
    case .ping:
      say(.pong, control.payload)
      return .answer
    case .pong:
      // Our pings have 4 bytes. A pong that nobody asked for means nothing (RFC 6455, 5.5.3).
      guard control.payload.count == 4 else { return nil }
      return .alive(round: control.payload.reduce(0) { $0 << 8 | UInt32($1) })
    case .close:
      let code = WebSocketCloseCode(control.code)
      if control.code == WebSocketReader.noCode {
        say(.close, [])
      } else {
        say(closeCode: control.code)
      }
      guard !code.isUsual else { return .ended(nil) }
      let reason =
        control.payload.isEmpty ? "" : ": \(QuotedText.of(control.payload))"
      return .ended(.said("close \(code)\(reason)", code: RefusalCode(.webSocket, control.code)))
    }
  }

  mutating func ping(round: UInt32) {
    say(.ping, (0..<4).map { UInt8(truncatingIfNeeded: round >> (24 - 8 * $0)) })
  }

  mutating func sayGoodbye() { say(closeCode: 1000) }

  private mutating func say(closeCode code: UInt16) {
    say(.close, [UInt8(truncatingIfNeeded: code >> 8), UInt8(truncatingIfNeeded: code)])
  }

  private mutating func say(_ opcode: WebSocketFrame.Opcode, _ payload: [UInt8]) {
    let key = isServer ? nil : random.draw()
    unsafe said.append { room in
      unsafe payload.withUnsafeBytes { bytes in
        unsafe WebSocketFrame.write(opcode, bytes, key: key, into: room)
      }
    }
  }
}
