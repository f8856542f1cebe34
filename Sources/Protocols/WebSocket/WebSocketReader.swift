/// Reads the frames of a WebSocket (RFC 6455, 5) as they come, in pieces of any size.
///
/// It is used like an `HTTPReader`, and unmasks in place. No extension is known to it.
package struct WebSocketReader: BitwiseCopyable, Sendable {
  package enum Role: Sendable {
    /// Reads frames of a server, which have no mask.
    case client
    /// Reads frames of a client, which have one.
    case server
  }

  package enum Kind: Sendable {
    case text, binary
  }

  /// Ranges are those of the bytes that were handed over. What is in them has been unmasked.
  package enum Event: Sendable, Equatable {
    /// All that is here was used.
    case more
    /// A message begins.
    case message(Kind)
    /// A piece of a message. Of a text it may end within a character; all pieces together are UTF-8.
    case data(Range<Int>)
    case messageEnd
    /// A ping of so many bytes begins, which is to be answered by a pong with the same.
    case ping(Int)
    case pong(Int)
    /// A piece of a ping or pong.
    case payload(Range<Int>)
    /// The ping or pong is whole.
    case controlEnd
    /// The peer closes with this code; with `noCode` where it gave none.
    case close(UInt16)
    /// A piece of the reason that it gave.
    case reason(Range<Int>)
    /// The close frame is whole. Whatever follows is passed over.
    case closeEnd
    /// The peer broke a rule. Whatever follows is passed over.
    case malformed(WebSocketFault)
  }

  package struct Step: Sendable, Equatable {
    package var event: Event
    /// How many bytes were used, from the first one on.
    package var used: Int
  }

  /// What stands for a close frame without a code (RFC 6455, 7.4.1).
  package static var noCode: UInt16 { 1005 }

  private enum State: UInt8 {
    case first, second, length, key, begun, payload, code, invalid, closed
  }

  private struct Flags: OptionSet, BitwiseCopyable {
    let rawValue: UInt8

    static var isServer: Flags { Flags(rawValue: 1) }
    /// The frame is the last one of its message.
    static var isFinal: Flags { Flags(rawValue: 2) }
    /// A message has begun and not ended.
    static var isInMessage: Flags { Flags(rawValue: 4) }
    /// That message is a text.
    static var isText: Flags { Flags(rawValue: 8) }
    /// The frame's length is written in eight bytes.
    static var isLong: Flags { Flags(rawValue: 16) }
  }

  /// Bytes of the frame's payload that are to come; while its header is read, the length as far as it has come.
  private var remaining: UInt64 = 0
  /// While the header is read, the key as far as it has come. Zero where there is none.
  private var mask = WebSocketMask(word: 0)
  /// Bytes of the message in all frames that have begun.
  private var messageBytes: UInt32 = 0
  private var code: UInt16 = 0
  private var state = State.first
  private var flags: Flags = []
  private var opcode = WebSocketFrame.Opcode.continuation
  /// Bytes of the length, key or code that are to come.
  private var place: UInt8 = 0
  /// Of the text under way; once the peer closes, of its reason.
  private var check = UTF8Check()

  package init(_ role: Role) {
    if role == .server { flags = .isServer }
  }

  /// Whether the peer has closed, or broke a rule.
  package var isClosed: Bool { state == .closed }

  /// - Parameters:
  ///   - bytes: those that are used are unmasked where a range names them. Behind them nothing is changed, unless
  ///     `malformed` is about to follow.
  ///   - mostMessage: the longest message, in bytes, that is taken; `.max` for any.
  package mutating func next(
    _ bytes: UnsafeMutableRawBufferPointer, mostMessage: UInt32 = .max
  ) -> Step {
    var index = 0
    while true {
      // What needs no further byte.
      switch state {
      case .begun:
        if let event = begin() { return Step(event: event, used: index) }
        continue
      case .payload where remaining == 0:
        if let event = endFrame() { return Step(event: event, used: index) }
        continue
      case .invalid: return Step(event: failOfText(), used: index)
      case .closed: return Step(event: .more, used: bytes.count)
      default: break
      }
      guard index < bytes.count else { return Step(event: .more, used: index) }
      if state == .payload {
        let event = unsafe takePayload(bytes, &index)
        return Step(event: event, used: index)
      }
      let byte = unsafe bytes[index]
      index &+= 1
      let event = state == .code ? takeCode(byte) : takeHeader(byte, mostMessage)
      if let event { return Step(event: event, used: index) }
    }
  }

  private mutating func fail(_ fault: WebSocketFault) -> Event {
    state = .closed
    return .malformed(fault)
  }

  // MARK: The header

  private mutating func takeHeader(_ byte: UInt8, _ mostMessage: UInt32) -> Event? {
    switch state {
    case .first: return takeFirst(byte)
    case .second: return takeSecond(byte, mostMessage)
    case .length:
      remaining = remaining << 8 | UInt64(byte)
      place &-= 1
      return place == 0 ? endLength(mostMessage) : nil
    default:
      place &-= 1
      mask.word |= UInt32(byte) << (UInt32(3 &- place) &* 8)
      if place == 0 { state = .begun }
      return nil
    }
  }

  private mutating func takeFirst(_ byte: UInt8) -> Event? {
    guard byte & 0x70 == 0 else { return fail(.reservedBits) }
    guard let opcode = WebSocketFrame.Opcode(rawValue: byte & 0x0F) else {
      return fail(.reservedOpcode)
    }
    let isFinal = byte & 0x80 != 0
    if opcode.isControl {
      guard isFinal else { return fail(.fragmentedControl) }
    } else if flags.contains(.isInMessage) {
      guard opcode == .continuation else { return fail(.messageInMessage) }
    } else {
      guard opcode != .continuation else { return fail(.nothingToContinue) }
    }
    self.opcode = opcode
    if isFinal { flags.insert(.isFinal) } else { flags.remove(.isFinal) }
    remaining = 0
    mask.word = 0
    state = .second
    return nil
  }

  private mutating func takeSecond(_ byte: UInt8, _ mostMessage: UInt32) -> Event? {
    let isMasked = byte & 0x80 != 0
    guard isMasked == flags.contains(.isServer) else {
      return fail(isMasked ? .masked : .notMasked)
    }
    let length = byte & 0x7F
    if opcode.isControl, Int(length) > WebSocketFrame.mostControl { return fail(.longControl) }
    guard length < 126 else {
      if length == 127 { flags.insert(.isLong) } else { flags.remove(.isLong) }
      place = length == 127 ? 8 : 2
      state = .length
      return nil
    }
    remaining = UInt64(length)
    return endHeader(mostMessage)
  }

  private mutating func endLength(_ mostMessage: UInt32) -> Event? {
    guard remaining <= UInt64(Int64.max) else { return fail(.lengthTooLarge) }
    guard remaining >= (flags.contains(.isLong) ? 65536 : 126) else {
      return fail(.longLengthOfShort)
    }
    return endHeader(mostMessage)
  }

  /// The length is known.
  private mutating func endHeader(_ mostMessage: UInt32) -> Event? {
    if opcode == .close, remaining == 1 { return fail(.closeOfOneByte) }
    if !opcode.isControl {
      if opcode != .continuation { messageBytes = 0 }
      // 63 bits and 32 do not pass 64.
      let bytes = UInt64(messageBytes) &+ remaining
      // A message of any length is taken where the bound says so.
      guard bytes <= UInt64(mostMessage) || mostMessage == .max else {
        return fail(.messageTooLong)
      }
      messageBytes = UInt32(clamping: bytes)
    }
    place = 4
    state = flags.contains(.isServer) ? .key : .begun
    return nil
  }

  // MARK: The payload

  /// The header is whole: tells what begins.
  private mutating func begin() -> Event? {
    state = .payload
    switch opcode {
    case .continuation: return nil
    case .text, .binary:
      check = UTF8Check()
      flags.insert(.isInMessage)
      if opcode == .text { flags.insert(.isText) } else { flags.remove(.isText) }
      return .message(opcode == .text ? .text : .binary)
    case .ping: return .ping(Int(truncatingIfNeeded: remaining))
    case .pong: return .pong(Int(truncatingIfNeeded: remaining))
    case .close:
      // A text that has not ended will never do so.
      check = UTF8Check()
      if remaining == 0 { return .close(Self.noCode) }
      code = 0
      place = 2
      state = .code
      return nil
    }
  }

  private mutating func takeCode(_ byte: UInt8) -> Event? {
    remaining &-= 1
    place &-= 1
    code = code << 8 | UInt16(mask.applied(to: byte))
    if place > 0 { return nil }
    guard WebSocketFrame.isCode(code) else { return fail(.closeCode) }
    state = .payload
    return .close(code)
  }

  private mutating func takePayload(
    _ bytes: UnsafeMutableRawBufferPointer, _ index: inout Int
  ) -> Event {
    // Never more than there are bytes here, so it fits.
    var count = Int(min(remaining, UInt64(bytes.count &- index)))
    let piece = unsafe UnsafeMutableRawBufferPointer(rebasing: bytes[index..<index &+ count])
    if flags.contains(.isServer) { unsafe mask.apply(to: piece) }
    remaining &-= UInt64(count)
    let isText = opcode == .close || !opcode.isControl && flags.contains(.isText)
    if isText {
      let right = unsafe check.take(UnsafeRawBufferPointer(piece))
      if right < count {
        // What is right is told first, as it would be had it come alone.
        state = .invalid
        guard right > 0 else { return failOfText() }
        count = right
      }
    }
    let range = index..<index &+ count
    index &+= count
    switch opcode {
    case .ping, .pong: return .payload(range)
    case .close: return .reason(range)
    case .continuation, .text, .binary: return .data(range)
    }
  }

  private mutating func failOfText() -> Event {
    fail(opcode == .close ? .invalidReason : .invalidText)
  }

  /// The payload is whole: tells what ends.
  private mutating func endFrame() -> Event? {
    state = .first
    switch opcode {
    case .ping, .pong: return .controlEnd
    case .close:
      guard check.isWhole else { return failOfText() }
      state = .closed
      return .closeEnd
    case .continuation, .text, .binary:
      guard flags.contains(.isFinal) else { return nil }
      flags.remove(.isInMessage)
      guard !flags.contains(.isText) || check.isWhole else { return failOfText() }
      return .messageEnd
    }
  }
}
