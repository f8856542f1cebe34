/// The mask of one frame (RFC 6455, 5.3), and how far into the payload it has come.
///
/// Masking and unmasking are the same. A payload may come in pieces that begin anywhere in it.
package struct WebSocketMask: BitwiseCopyable, Sendable {
  /// The key, turned so that its lowest eight bits are for the next byte.
  var word: UInt32

  /// - Parameters:
  ///   - key: its highest eight bits are for the first byte, as they are the first on the wire.
  ///   - offset: how many bytes of the payload come before those that `apply` begins with.
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
  ///   - bytes: either apart from `masked`, or the same.
  ///   - masked: as long as `bytes`, or longer.
  package mutating func apply(
    from bytes: UnsafeRawBufferPointer, into masked: UnsafeMutableRawBufferPointer
  ) {
    precondition(masked.count >= bytes.count)
    guard let from = bytes.baseAddress, let to = masked.baseAddress else { return }
    let count = bytes.count
    // 32 and eight are multiples of the key's length, so it stays as it is turned.
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

  /// Masks one more byte.
  mutating func applied(to byte: UInt8) -> UInt8 {
    defer { turn(by: 1) }
    return byte ^ UInt8(truncatingIfNeeded: word)
  }

  private mutating func turn(by bytes: Int) {
    let bits = UInt32(truncatingIfNeeded: (bytes & 3) &* 8)
    if bits > 0 { word = word >> bits | word << (32 - bits) }
  }
}
