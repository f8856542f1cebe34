/// The masking key of one frame (RFC 6455, 5.3), and its position in the frame's payload.
///
/// Masking and unmasking are the same operation. A payload may be masked in pieces of any length.
package struct WebSocketMask: BitwiseCopyable, Sendable {
  /// The key, rotated so that its lowest eight bits are for the next byte of the payload.
  var word: UInt32

  /// - Parameters:
  ///   - key: its highest eight bits come first on the wire and mask the first byte.
  ///   - offset: how many bytes of the payload come before the byte that is masked first.
  package init(key: UInt32, offset: Int = 0) {
    word = key.byteSwapped
    turn(by: offset)
  }

  init(word: UInt32) { self.word = word }

  /// Masks the next bytes of the payload in place.
  @inline(__always)
  package mutating func apply(to bytes: UnsafeMutableRawBufferPointer) {
    unsafe apply(from: UnsafeRawBufferPointer(bytes), into: bytes)
  }

  /// Masks the next bytes of the payload while they are copied.
  ///
  /// - Parameters:
  ///   - bytes: the same memory as `masked`, or memory that does not overlap it.
  ///   - masked: as long as `bytes`, or longer.
  package mutating func apply(
    from bytes: UnsafeRawBufferPointer, into masked: UnsafeMutableRawBufferPointer
  ) {
    precondition(masked.count >= bytes.count)
    guard let from = bytes.baseAddress, let to = masked.baseAddress else { return }
    let count = bytes.count
    // 32 and 8 are multiples of the key's four bytes, so these steps need no rotation of the key.
    let pair = (UInt64(word) | UInt64(word) << 32).littleEndian
    let wide = SIMD4<UInt64>(repeating: pair)
    var index = 0
    while count &- index >= 32 {
      let four = unsafe from.loadUnaligned(fromByteOffset: index, as: SIMD4<UInt64>.self)
      unsafe to.storeBytes(of: four ^ wide, toByteOffset: index, as: SIMD4<UInt64>.self)
      index &+= 32
    }
    while count &- index >= 8 {
      let one = unsafe from.loadUnaligned(fromByteOffset: index, as: UInt64.self)
      unsafe to.storeBytes(of: one ^ pair, toByteOffset: index, as: UInt64.self)
      index &+= 8
    }
    while index < count {
      unsafe to.storeBytes(
        of: from.load(fromByteOffset: index, as: UInt8.self)
          ^ UInt8(truncatingIfNeeded: word >> UInt32((index & 3) * 8)),
        toByteOffset: index, as: UInt8.self)
      index &+= 1
    }
    turn(by: count)
  }

  /// The next byte of the payload, masked.
  mutating func applied(to byte: UInt8) -> UInt8 {
    defer { turn(by: 1) }
    return byte ^ UInt8(truncatingIfNeeded: word)
  }

  private mutating func turn(by bytes: Int) {
    let bits = UInt32(truncatingIfNeeded: (bytes & 3) &* 8)
    if bits > 0 { word = word >> bits | word << (32 - bits) }
  }
}
