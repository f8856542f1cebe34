/// Writes frames (RFC 6455, 5.2) into buffers of the caller's.
package enum WebSocketFrame {
  /// Raw values: those on the wire.
  package enum Opcode: UInt8, BitwiseCopyable, Sendable, CaseIterable {
    case continuation = 0
    case text = 1
    case binary = 2
    case close = 8
    case ping = 9
    case pong = 10

    package var isControl: Bool { rawValue >= 8 }
  }

  /// The longest payload of a control frame.
  package static var mostControl: Int { 125 }
  /// The longest header.
  package static var mostHeader: Int { 14 }

  /// How many bytes the header before such a payload has.
  package static func headerCount(payload: Int, isMasked: Bool) -> Int {
    let lengthBytes = payload < 126 ? 0 : payload < 65536 ? 2 : 8
    return 2 + lengthBytes + (isMasked ? 4 : 0)
  }

  /// Writes the header of a frame.
  ///
  /// - Parameters:
  ///   - payload: how many bytes will follow; not negative.
  ///   - isFinal: whether the message ends with this frame.
  ///   - key: of a client's frame; nil of a server's. See `WebSocketMask`.
  ///   - buffer: has room for `headerCount`, or nothing is written.
  /// - Returns: how many bytes were written.
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

  /// Writes a whole frame: the header, and the payload masked.
  ///
  /// - Parameter buffer: has room for both, or nothing is written.
  /// - Returns: how many bytes were written.
  package static func write(
    _ opcode: Opcode, _ payload: UnsafeRawBufferPointer, isFinal: Bool = true, key: UInt32?,
    into buffer: UnsafeMutableRawBufferPointer
  ) -> Int {
    let header = headerCount(payload: payload.count, isMasked: key != nil)
    let count = header + payload.count
    guard buffer.count >= count else { return 0 }
    _ = unsafe writeHeader(
      opcode, payload: payload.count, isFinal: isFinal, key: key, into: buffer)
    // A mask of zeros changes nothing.
    var mask = WebSocketMask(key: key ?? 0)
    unsafe mask.apply(
      from: payload, into: UnsafeMutableRawBufferPointer(rebasing: buffer[header..<count]))
    return count
  }

  /// Writes a close frame with a code, and without a reason.
  ///
  /// - Parameter buffer: has room for 8 bytes, or 4 without a key, or nothing is written.
  /// - Returns: how many bytes were written.
  package static func writeClose(
    code: UInt16, key: UInt32?, into buffer: UnsafeMutableRawBufferPointer
  ) -> Int {
    var code = code.bigEndian
    return unsafe withUnsafeBytes(of: &code) { bytes in
      unsafe write(.close, bytes, key: key, into: buffer)
    }
  }

  /// Whether a close frame may carry this code (RFC 6455, 7.4, and the registry of IANA).
  package static func isCode(_ code: UInt16) -> Bool {
    switch code {
    // 1004 is reserved; 1005, 1006 and 1015 are for what no frame said.
    case 1000...1003, 1007...1014: true
    // Libraries and applications have these.
    case 3000...4999: true
    default: false
    }
  }
}
