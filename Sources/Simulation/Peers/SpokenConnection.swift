import Protocols

/// One connection of a server that speaks a protocol. It understands what the product's clients say, and no more.
struct SpokenConnection {
  /// What the server does now.
  struct Deed {
    var bytes: [UInt8] = []
    /// Whether it closes the connection behind these bytes.
    var closes = false
    /// Whether this refuses the connection, or a request.
    var refuses = false
  }

  let speech: Speech
  let isRefused: Bool
  /// When the session is to be ended, in nanoseconds; nil where it is not, or was.
  private(set) var due: UInt64?
  /// What has come and was not understood yet.
  private var heard: [UInt8] = []
  /// Whether the opening is over.
  private var isOpen = false
  private var hasEnded = false
  /// Whether the client has asked for messages of MQTT.
  private var isSubscribed = false

  init(_ speech: Speech, number: Int, at now: UInt64) {
    self.speech = speech
    isRefused = speech.refuses(connection: number)
    if isRefused, case .ends = speech.refusal { due = now + speech.after }
  }

  mutating func hear(_ bytes: [UInt8]) -> Deed {
    var deed = Deed()
    if isRefused, speech.refusal == .babbles {
      return Deed(bytes: isOpen ? [] : Speech.babble, closes: true, refuses: true)
    }
    heard += bytes
    while !deed.closes, understand(&deed) {}
    return deed
  }

  /// Ends the session where that is due.
  mutating func attend(at now: UInt64) -> Deed {
    guard let due, due <= now else { return Deed() }
    // Before the opening is over a session cannot be ended.
    guard isOpen else {
      self.due = now + 1_000_000
      return Deed()
    }
    self.due = nil
    guard case .ends(let code) = speech.refusal else { return Deed() }
    hasEnded = true
    let words = Array(Speech.words.utf8)
    switch speech.tongue {
    case .webSocket:
      // The client answers with a close, and then this server closes.
      return Deed(bytes: frame(8, code.bytes + words), refuses: true)
    case .mqtt5:
      let property = [0x1F] + UInt16(words.count).bytes + words
      return Deed(
        bytes: packet(0xE0, [UInt8(code), UInt8(property.count)] + property), closes: true,
        refuses: true)
    case .http, .mqtt: return Deed(closes: true)
    }
  }

  /// Takes the next unit of what was heard, and answers it; false where none has come whole.
  private mutating func understand(_ deed: inout Deed) -> Bool {
    switch speech.tongue {
    case .http: understandRequest(&deed)
    case .webSocket: isOpen ? understandFrame(&deed) : understandUpgrade(&deed)
    case .mqtt, .mqtt5: understandPacket(&deed)
    }
  }

  /// The code with which the opening or a request of this connection is refused.
  private var answer: UInt16? {
    if isRefused, case .answers(let code) = speech.refusal { code } else { nil }
  }

  /// Takes a head of HTTP, up to its empty line; nil where it has not come whole.
  private mutating func takeHead() -> String? {
    guard let end = heard.firstRange(of: Array("\r\n\r\n".utf8))?.upperBound else { return nil }
    defer { heard.removeFirst(end) }
    return String(decoding: heard[..<end], as: UTF8.self)
  }

  private static func value(of name: String, in head: String) -> String? {
    for line in head.split(separator: "\r\n") where line.lowercased().hasPrefix(name + ":") {
      return String(line.dropFirst(name.count + 1).drop { $0 == " " })
    }
    return nil
  }

  private static func refusal(_ status: UInt16) -> [UInt8] {
    Array("HTTP/1.1 \(status) No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".utf8)
  }

  private mutating func understandRequest(_ deed: inout Deed) -> Bool {
    let before = heard
    guard let head = takeHead() else { return false }
    let count = Self.value(of: "content-length", in: head).flatMap { Int($0) } ?? 0
    guard heard.count >= count else {
      heard = before
      return false
    }
    let body = heard.prefix(count)
    heard.removeFirst(count)
    if let status = answer {
      deed = Deed(bytes: deed.bytes + Self.refusal(status), closes: true, refuses: true)
    } else {
      deed.bytes += Array("HTTP/1.1 200 OK\r\nContent-Length: \(count)\r\n\r\n".utf8) + body
    }
    return true
  }

  private mutating func understandUpgrade(_ deed: inout Deed) -> Bool {
    guard let head = takeHead() else { return false }
    if let status = answer {
      deed = Deed(bytes: Self.refusal(status), closes: true, refuses: true)
      return false
    }
    let key = Self.value(of: "sec-websocket-key", in: head) ?? ""
    deed.bytes += Array(
      """
      HTTP/1.1 101 Switching Protocols\r
      Upgrade: websocket\r
      Connection: Upgrade\r
      Sec-WebSocket-Accept: \(Self.acceptValue(of: key))\r
      \r\n
      """.utf8)
    isOpen = true
    return true
  }

  private static func acceptValue(of key: String) -> String {
    var value = [UInt8](repeating: 0, count: WebSocketHandshake.acceptCount)
    unsafe Array(key.utf8).withUnsafeBytes { key in
      unsafe value.withUnsafeMutableBytes {
        unsafe WebSocketHandshake.writeAccept(of: key, into: $0)
      }
    }
    return String(decoding: value, as: UTF8.self)
  }

  private mutating func understandFrame(_ deed: inout Deed) -> Bool {
    guard heard.count >= 6 else { return false }
    var (at, count) = (2, Int(heard[1] & 0x7F))
    if count >= 126 {
      let size = count == 126 ? 2 : 8
      guard heard.count >= 2 + size else { return false }
      count = heard[2..<2 + size].reduce(0) { $0 << 8 | Int($1) }
      at += size
    }
    // Behind the length stands the masking key.
    guard heard.count >= at + 4 + count else { return false }
    let key = Array(heard[at..<at + 4])
    let payload = (0..<count).map { heard[at + 4 + $0] ^ key[$0 % 4] }
    let kind = heard[0] & 0x0F
    heard.removeFirst(at + 4 + count)
    switch kind {
    case 8:
      if !hasEnded { deed.bytes += frame(8, Array(payload.prefix(2))) }
      deed.closes = true
    case 9:
      if isRefused, speech.refusal == .ignoresPings {
        deed.refuses = true
      } else {
        deed.bytes += frame(10, payload)
      }
    case 10: break
    default: if !hasEnded { deed.bytes += frame(kind, payload) }
    }
    return true
  }

  private func frame(_ kind: UInt8, _ payload: [UInt8]) -> [UInt8] {
    let length =
      payload.count < 126
      ? [UInt8(payload.count)]
      : payload.count < 65_536
        ? [126] + UInt16(payload.count).bytes
        : [127] + (0..<8).reversed().map { UInt8(truncatingIfNeeded: payload.count >> ($0 * 8)) }
    return [0x80 | kind] + length + payload
  }

  private mutating func understandPacket(_ deed: inout Deed) -> Bool {
    var (at, count) = (1, 0)
    repeat {
      guard at < heard.count else { return false }
      count |= Int(heard[at] & 0x7F) << (7 * (at - 1))
      at += 1
    } while heard[at - 1] & 0x80 != 0
    guard heard.count >= at + count else { return false }
    let (header, body) = (heard[0], Array(heard[at..<at + count]))
    heard.removeFirst(at + count)
    let isV5 = speech.tongue == .mqtt5
    switch header >> 4 {
    case 1:
      let code = answer.map { UInt8($0) }
      deed.bytes += packet(0x20, [0, code ?? 0] + (isV5 ? [0] : []))
      (deed.closes, deed.refuses) = (code != nil, code != nil)
      isOpen = code == nil
    case 3: publish(header, body, &deed)
    case 8:
      isSubscribed = true
      deed.bytes += packet(0x90, Array(body.prefix(2)) + (isV5 ? [0] : []) + codes(of: body))
    case 12:
      if isRefused, speech.refusal == .ignoresPings {
        deed.refuses = true
      } else {
        deed.bytes += packet(0xD0, [])
      }
    case 14: deed.closes = true
    default: break
    }
    return true
  }

  /// One code for each topic filter of a SUBSCRIBE: QoS 0 is granted.
  private func codes(of body: [UInt8]) -> [UInt8] {
    // The identifier and, with version 5, the length of no properties.
    var (at, codes) = (speech.tongue == .mqtt5 ? 3 : 2, [UInt8]())
    while at + 2 <= body.count {
      at += 2 + (Int(body[at]) << 8 | Int(body[at + 1])) + 1
      codes.append(0)
    }
    return codes
  }

  /// Acknowledges a message where it asks for that, and sends it back where the client has asked for messages.
  private func publish(_ header: UInt8, _ body: [UInt8], _ deed: inout Deed) {
    let topic = Array(body.prefix(2 + (Int(body[0]) << 8 | Int(body[1]))))
    let isCounted = header & 0b110 != 0
    if isCounted { deed.bytes += packet(0x40, Array(body[topic.count..<topic.count + 2])) }
    if isSubscribed {
      deed.bytes += packet(0x30, topic + body[(topic.count + (isCounted ? 2 : 0))...])
    }
  }

  private func packet(_ header: UInt8, _ body: [UInt8]) -> [UInt8] {
    var (length, rest) = ([UInt8](), body.count)
    repeat {
      length.append(UInt8(rest & 0x7F) | (rest > 0x7F ? 0x80 : 0))
      rest >>= 7
    } while rest > 0
    return [header] + length + body
  }
}

extension UInt16 {
  fileprivate var bytes: [UInt8] { [UInt8(self >> 8), UInt8(truncatingIfNeeded: self)] }
}
