/// Writes WebSocket frames (RFC 6455, 5.2) into the caller's buffers.
package enum WebSocketFrame {
  /// The raw value is the opcode on the wire.
  package enum Opcode: UInt8, BitwiseCopyable, Sendable, CaseIterable {
    case continuation = 0
    case text = 1
    case binary = 2
    case close = 8
    case ping = 9
    case pong = 10

    package var isControl: Bool { rawValue >= 8 }
  }

  /// The most bytes of a control frame's payload.
  package static var mostControl: Int { 125 }
  /// The most bytes of a header.
  package static var mostHeader: Int { 14 }

  /// How many bytes the header has before a payload of `payload` bytes.
  package static func headerCount(payload: Int, isMasked: Bool) -> Int {
    let lengthBytes = payload < 126 ? 0 : payload < 65536 ? 2 : 8
    return 2 + lengthBytes + (isMasked ? 4 : 0)
  }

  /// Writes the header of a frame.
  ///
  /// - Parameters:
  ///   - payload: how many bytes will follow; not negative.
  ///   - isFinal: whether the message ends with this frame.
  ///   - key: the masking key of a client's frame (`WebSocketMask`); nil for a server's.
  ///   - buffer: must have room for `headerCount` bytes.
  /// - Returns: how many bytes were written; 0 where there is no room.
  package static func writeHeader(
    _ opcode: Opcode, payload: Int, isFinal: Bool = true, key: UInt32?,
    into buffer: UnsafeMutableRawBufferPointer
  ) -> Int {
    let count = headerCount(payload: payload, isMasked: key != nil)
    guard payload >= 0, buffer.count >= count else { return 0 }
    let maskBit: UInt8 = key == nil ? 0 : 0x80
    unsafe buffer[0] = opcode.rawValue | (isFinal ? 0x80 : 0)
    switch payload {
    case ..<126: unsafe buffer[1] = maskBit | UInt8(payload)
    case ..<65536:
      unsafe buffer[1] = maskBit | 126
      unsafe buffer.storeBytes(of: UInt16(payload).bigEndian, toByteOffset: 2, as: UInt16.self)
    default:
      unsafe buffer[1] = maskBit | 127
      unsafe buffer.storeBytes(of: UInt64(payload).bigEndian, toByteOffset: 2, as: UInt64.self)
    }
    if let key {
      unsafe buffer.storeBytes(of: key.bigEndian, toByteOffset: count - 4, as: UInt32.self)
    }
    return count
  }

  /// Writes a whole frame: the header, and the payload, masked where there is a key.
  ///
  /// - Parameter buffer: must have room for both.
  /// - Returns: how many bytes were written; 0 where there is no room.
  package static func write(
    _ opcode: Opcode, _ payload: UnsafeRawBufferPointer, isFinal: Bool = true, key: UInt32?,
    into buffer: UnsafeMutableRawBufferPointer
  ) -> Int {
    let header = headerCount(payload: payload.count, isMasked: key != nil)
    let count = header + payload.count
    guard buffer.count >= count else { return 0 }
    _ = unsafe writeHeader(
      opcode, payload: payload.count, isFinal: isFinal, key: key, into: buffer)
    // Without a key the mask is zero, and the payload is only copied.
    var mask = WebSocketMask(key: key ?? 0)
    unsafe mask.apply(
      from: payload, into: UnsafeMutableRawBufferPointer(rebasing: buffer[header..<count]))
    return count
  }

  /// Writes a close frame with a code, and without a reason.
  ///
  /// - Parameter buffer: must have room for 8 bytes; without a key, for 4.
  /// - Returns: how many bytes were written; 0 where there is no room.
  package static func writeClose(
    code: UInt16, key: UInt32?, into buffer: UnsafeMutableRawBufferPointer
  ) -> Int {
    var code = code.bigEndian
    return unsafe withUnsafeBytes(of: &code) { bytes in
      unsafe write(.close, bytes, key: key, into: buffer)
    }
  }

  /// Whether a close frame may carry this code (RFC 6455, 7.4, and IANA's registry of close codes).
  package static func isCode(_ code: UInt16) -> Bool {
    switch code {
    // 1004 is reserved. 1005, 1006 and 1015 stand for closes in which no frame gave a code.
    case 1000...1003, 1007...1014: true
    // These are for libraries and applications.
    case 3000...4999: true
    default: false
    }
  }
}
