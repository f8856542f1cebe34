import Linux
import Messages
import Protocols
import SystemPackage
import WorkerLog

/// An opening handshake under way.
struct WebSocketOpening {
  var reader: HTTPReader
  /// At a client, the accept value that the server must answer with; at a server, the key as far as it has come.
  var value: [UInt8] = []
  /// At a client, the status of the response that is being read.
  var status: UInt16 = 0
  /// The bytes of the head that is under way, where the plan has subprotocols; else empty.
  var text: [UInt8] = []
  /// What fills in a client's request.
  var facts: MessageTemplate.Facts?
  /// Responses of 1xx that have come before the answer.
  var interimResponses = 0
}

extension WebSocketSession {
  mutating func introduce(_ row: UInt32, _ facts: MessageTemplate.Facts) {
    openings[row] = WebSocketOpening(reader: HTTPReader(.client), facts: facts)
  }

  mutating func begin(_ row: UInt32) {
    readers[row] = WebSocketReader(isServer ? .server : .client)
    incoming[row] = Incoming()
    guard !isServer else {
      openings[row] = WebSocketOpening(reader: HTTPReader(.server))
      return
    }
    guard var opening = openings[row], let facts = opening.facts else { return }
    var key = [UInt8](repeating: 0, count: WebSocketHandshake.keyCount)
    opening.value = [UInt8](repeating: 0, count: WebSocketHandshake.acceptCount)
    let nonce = (random.drawLong(), random.drawLong())
    unsafe key.withUnsafeMutableBytes { unsafe WebSocketHandshake.writeKey(of: nonce, into: $0) }
    unsafe key.withUnsafeBytes { key in
      unsafe opening.value.withUnsafeMutableBytes {
        unsafe WebSocketHandshake.writeAccept(of: key, into: $0)
      }
    }
    openings[row] = opening
    guard terms.request != nil else { return }
    unsafe said.append(Array(request.message(0, facts)))
    said.append(key + Array("\r\n\r\n".utf8))
  }

  func missing(_ row: UInt32) -> String { isServer ? "no upgrade" : "no answer to the upgrade" }

  mutating func forget(_ row: UInt32) {
    openings[row] = nil
    incomplete[row] = nil
  }

  mutating func hearOpening(
    _ row: UInt32, _ bytes: UnsafeMutableRawBufferPointer
  ) -> OpeningStep {
    guard var opening = openings.removeValue(forKey: row) else { return .done(used: 0) }
    let heard = UnsafeRawBufferPointer(bytes)
    if !terms.subprotocols.isEmpty { unsafe opening.text.append(contentsOf: heard) }
    let step =
      unsafe isServer ? hearRequest(&opening, heard) : hearResponse(&opening, heard)
    if case .goesOn = step { openings[row] = opening }
    return step
  }

  // MARK: The client's

  private static var mostInterimResponses: Int { 16 }

  private mutating func hearResponse(
    _ opening: inout WebSocketOpening, _ heard: UnsafeRawBufferPointer
  ) -> OpeningStep {
    let asks = !terms.subprotocols.isEmpty
    var used = 0
    while true {
      let rest = unsafe UnsafeRawBufferPointer(rebasing: heard[used...])
      let name = WebSocketHandshake.acceptName
      let step = unsafe opening.value.withUnsafeBytes { accept in
        unsafe opening.reader.next(
          rest,
          HTTPQuestion(
            name: UnsafeRawBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount),
            value: accept))
      }
      used += step.used
      switch step.event {
      case .status(let status):
        opening.status = status
        // A response of 1xx is 101, or comes before the answer.
        if status >= 200 {
          return .refused(
            .said("HTTP \(status)", code: RefusalCode(.http, UInt16(clamping: status))))
        }
        if status != 101 { opening.interimResponses += 1 }
        // A peer that sends them without end would keep this turn from ending.
        guard opening.interimResponses <= Self.mostInterimResponses else {
          return .refused(.said("more than \(Self.mostInterimResponses) interim responses"))
        }
        if asks { opening.text = unsafe Array(heard[used...]) }
      case .head(let head):
        guard opening.status == 101 else { continue }
        if let fault = WebSocketHandshake.fault(ofResponse: 101, head, asksForProtocol: asks) {
          return .refused(.said("\(fault.words) (\(fault.section))"))
        }
        guard asks,
          let chosen = subprotocols(in: opening.text.dropLast(heard.count - used)).first
        else { continue }
        guard terms.subprotocols.contains(chosen) else {
          return .refused(
            .said("\(WebSocketHandshake.Fault.protocol.words) (RFC 6455, 4.1)"))
        }
      case .upgraded: return .done(used: used)
      case .malformed(let fault): return .refused(.said("no HTTP: \(fault.words)"))
      case .more: return .goesOn
      case .body, .end, .method, .target, .key: continue
      }
    }
  }

  // MARK: The server's

  private mutating func hearRequest(
    _ opening: inout WebSocketOpening, _ heard: UnsafeRawBufferPointer
  ) -> OpeningStep {
    var used = 0
    while true {
      let rest = unsafe UnsafeRawBufferPointer(rebasing: heard[used...])
      let step = unsafe opening.reader.next(rest)
      used += step.used
      switch step.event {
      case .key(let range): unsafe opening.value.append(contentsOf: rest[range])
      case .head(let head):
        if let fault = WebSocketHandshake.fault(ofRequest: opening.reader.method, head) {
          refuse(fault.status, isVersion: fault == .version)
          return .refused(.said("the request: \(fault.words) (\(fault.section))"))
        }
        if !opening.text.isEmpty { opening.text.removeLast(heard.count - used) }
        accept(opening)
        // A request for an upgrade has no body: what follows are frames.
        return .done(used: used)
      case .malformed(let fault):
        refuse(400, isVersion: false)
        return .refused(.said("the request: no HTTP: \(fault.words)"))
      case .more: return .goesOn
      case .method, .target, .status, .body, .end, .upgraded: continue
      }
    }
  }

  private mutating func accept(_ opening: WebSocketOpening) {
    var value = [UInt8](repeating: 0, count: WebSocketHandshake.acceptCount)
    unsafe opening.value.withUnsafeBytes { key in
      unsafe value.withUnsafeMutableBytes {
        unsafe WebSocketHandshake.writeAccept(of: key, into: $0)
      }
    }
    let offered = terms.subprotocols.isEmpty ? [] : subprotocols(in: opening.text)
    let chosen = terms.subprotocols.first { offered.contains($0) }
    let answer =
      chosen.flatMap {
        try? WebSocketHandshake.response(fields: [.init("Sec-WebSocket-Protocol", $0)])
      } ?? response
    if let answer { said.append(answer.filled(with: value)) }
  }

  private mutating func refuse(_ status: UInt16, isVersion: Bool) {
    let fields =
      [HTTPWriter.Field("Connection", "close")]
      + (isVersion ? [HTTPWriter.Field("Sec-WebSocket-Version", "13")] : [])
    said.append((try? HTTPWriter.response(status: status, fields: fields)) ?? [])
  }

  /// The names in the `Sec-WebSocket-Protocol` lines of a whole head.
  private func subprotocols(in head: some Sequence<UInt8>) -> [String] {
    // By bytes: to Swift a CR and its LF are one character.
    head.split(separator: UInt8(ascii: "\n")).flatMap { line -> [String] in
      let parts = line.split(separator: UInt8(ascii: ":"), maxSplits: 1)
      guard parts.count == 2,
        String(decoding: parts[0], as: UTF8.self).lowercased() == "sec-websocket-protocol"
      else { return [] }
      return parts[1].split { $0 == UInt8(ascii: ",") || $0 <= UInt8(ascii: " ") }.map {
        String(decoding: $0, as: UTF8.self)
      }
    }
  }
}

extension WebSocketHandshake.Message {
  fileprivate func filled(with value: [UInt8]) -> [UInt8] {
    Array(bytes[..<gap.lowerBound]) + value + Array(bytes[gap.upperBound...])
  }
}
