/// Reads the frames of a WebSocket (RFC 6455, 5) as they come, in pieces of any size.
///
/// The reader is used like an `HTTPReader`, and unmasks in place. It knows no extension.
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

  /// What was read. Ranges are places in the bytes that were handed over. The bytes there are unmasked.
  package enum Event: Sendable, Equatable {
    /// All bytes were used, and more have to come.
    case more
    /// A message begins.
    case message(Kind)
    /// A piece of a message. A piece of a text may end within a character. All pieces together are UTF-8.
    case data(Range<Int>)
    case messageEnd
    /// A ping with a payload of so many bytes begins. The answer is a pong with the same payload.
    case ping(Int)
    case pong(Int)
    /// A piece of a ping or pong.
    case payload(Range<Int>)
    /// The ping or pong is whole.
    case controlEnd
    /// The peer closes with this code, or with `noCode` where its close frame has none.
    case close(UInt16)
    /// A piece of the reason in the close frame.
    case reason(Range<Int>)
    /// The close frame is whole. The reader passes over whatever follows.
    case closeEnd
    /// The peer broke a rule. The reader passes over whatever follows.
    case malformed(WebSocketFault)
  }

  package struct Step: Sendable, Equatable {
    package var event: Event
    /// How many bytes were used, from the first one on.
    package var used: Int
  }

  /// The code that stands for a close frame without a code (RFC 6455, 7.4.1).
  package static var noCode: UInt16 { 1005 }

  /// What the next byte belongs to: the first or second byte of a header, its length or key, a payload, or the
  /// code of a close frame. In `begun` a header is whole, and its event is still to come. In `invalid` the valid
  /// bytes of a text have been returned, and the fault is still to come.
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

  /// Bytes of the frame's payload that are still to come; while the header is read, the part of the length that
  /// has come.
  private var remaining: UInt64 = 0
  /// The key; while the header is read, the part of it that has come. Zero where the frame has no key.
  private var mask = WebSocketMask(word: 0)
  /// Payload bytes of the message's frames so far, as their headers say.
  private var messageBytes: UInt32 = 0
  private var code: UInt16 = 0
  private var state = State.first
  private var flags: Flags = []
  private var opcode = WebSocketFrame.Opcode.continuation
  /// Bytes of the length, key or code that are still to come.
  private var fieldBytesLeft: UInt8 = 0
  /// Checks the text under way; once a close frame has begun, its reason.
  private var check = UTF8Check()

  package init(_ role: Role) {
    if role == .server { flags = .isServer }
  }

  /// Whether the peer has sent a whole close frame, or broke a rule.
  package var isClosed: Bool { state == .closed }

  /// Reads up to the next event.
  ///
  /// - Parameters:
  ///   - bytes: the reader unmasks those in the event's range. It leaves the bytes behind those that it used as
  ///     they are, unless this event or the next one is `malformed`.
  ///   - mostMessage: the longest message, in bytes, that is accepted; `.max` for any.
  package mutating func next(
    _ bytes: UnsafeMutableRawBufferPointer, mostMessage: UInt32 = .max
  ) -> Step {
    var index = 0
    while true {
      // These states need no further byte.
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
      fieldBytesLeft &-= 1
      return fieldBytesLeft == 0 ? endLength(mostMessage) : nil
    default:
      fieldBytesLeft &-= 1
      mask.word |= UInt32(byte) << (UInt32(3 &- fieldBytesLeft) &* 8)
      if fieldBytesLeft == 0 { state = .begun }
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
      fieldBytesLeft = length == 127 ? 8 : 2
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

  /// Checks the length, which is known now. The key is all that may follow in the header.
  private mutating func endHeader(_ mostMessage: UInt32) -> Event? {
    if opcode == .close, remaining == 1 { return fail(.closeOfOneByte) }
    if !opcode.isControl {
      if opcode != .continuation { messageBytes = 0 }
      // A number of 32 bits and one of 63 bits have a sum of at most 64 bits.
      let bytes = UInt64(messageBytes) &+ remaining
      // `messageBytes` stops at `.max`, so `.max` cannot be a bound: it stands for none.
      guard bytes <= UInt64(mostMessage) || mostMessage == .max else {
        return fail(.messageTooLong)
      }
      messageBytes = UInt32(clamping: bytes)
    }
    fieldBytesLeft = 4
    state = flags.contains(.isServer) ? .key : .begun
    return nil
  }

  // MARK: The payload

  /// The event for a header that is whole; nil where there is none, or where it needs the close code first.
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
      // The check is free for the reason: a text that has not ended by now never will.
      check = UTF8Check()
      if remaining == 0 { return .close(Self.noCode) }
      code = 0
      fieldBytesLeft = 2
      state = .code
      return nil
    }
  }

  private mutating func takeCode(_ byte: UInt8) -> Event? {
    remaining &-= 1
    fieldBytesLeft &-= 1
    code = code << 8 | UInt16(mask.applied(to: byte))
    if fieldBytesLeft > 0 { return nil }
    guard WebSocketFrame.isCode(code) else { return fail(.closeCode) }
    state = .payload
    return .close(code)
  }

  private mutating func takePayload(
    _ bytes: UnsafeMutableRawBufferPointer, _ index: inout Int
  ) -> Event {
    // The smaller number is at most the count of the buffer, so it fits an Int.
    var count = Int(min(remaining, UInt64(bytes.count &- index)))
    let piece = unsafe UnsafeMutableRawBufferPointer(rebasing: bytes[index..<index &+ count])
    if flags.contains(.isServer) { unsafe mask.apply(to: piece) }
    remaining &-= UInt64(count)
    let isText = opcode == .close || !opcode.isControl && flags.contains(.isText)
    if isText {
      let right = unsafe check.take(UnsafeRawBufferPointer(piece))
      if right < count {
        // The valid bytes are returned first, as if they had come in a piece of their own.
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

  /// The event for a payload that is whole; nil where its message goes on in another frame.
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
