/// SHA-1 (FIPS 180-4), without an allocation.
///
/// SHA-1 is broken, so it must not protect anything. A WebSocket server uses it to prove that it understood
/// the opening handshake (RFC 6455). Nothing else may use it.
enum SHA1 {
  /// The five words of the hash, the first one first.
  typealias Digest = InlineArray<5, UInt32>

  static func digest(of bytes: UnsafeRawBufferPointer) -> Digest {
    var digest: Digest = [0x6745_2301, 0xEFCD_AB89, 0x98BA_DCFE, 0x1032_5476, 0xC3D2_E1F0]
    var block = InlineArray<16, UInt32>(repeating: 0)
    var offset = 0
    while bytes.count - offset >= 64 {
      for word in 0..<16 {
        block[word] = unsafe UInt32(
          bigEndian: bytes.loadUnaligned(fromByteOffset: offset + word * 4, as: UInt32.self))
      }
      mix(block, into: &digest)
      offset += 64
    }
    // The last block, or two: the bytes that are left, a bit that is set, zeros, and the length in bits.
    for word in 0..<16 { block[word] = 0 }
    let left = bytes.count - offset
    for place in 0..<left { unsafe put(bytes[offset + place], at: place, of: &block) }
    put(0x80, at: left, of: &block)
    if left >= 56 {
      mix(block, into: &digest)
      for word in 0..<16 { block[word] = 0 }
    }
    let bits = UInt64(bytes.count) &* 8
    block[14] = UInt32(truncatingIfNeeded: bits >> 32)
    block[15] = UInt32(truncatingIfNeeded: bits)
    mix(block, into: &digest)
    return digest
  }

  /// Puts a byte at its place in a block that is zero there.
  private static func put(
    _ byte: UInt8, at place: Int, of block: inout InlineArray<16, UInt32>
  ) {
    block[place / 4] |= UInt32(byte) << UInt32(24 - place % 4 * 8)
  }

  /// Mixes one block into the hash, as in FIPS 180-4, 6.1.3, which keeps 16 words of the message schedule
  /// at a time instead of 80.
  private static func mix(_ block: InlineArray<16, UInt32>, into digest: inout Digest) {
    var words = block
    var (a, b, c, d, e) = (digest[0], digest[1], digest[2], digest[3], digest[4])
    for round in 0..<80 {
      let place = round & 15
      if round >= 16 {
        let mixed =
          words[(round + 13) & 15] ^ words[(round + 8) & 15] ^ words[(round + 2) & 15]
          ^ words[place]
        words[place] = rotated(mixed, by: 1)
      }
      let (choice, constant): (UInt32, UInt32) =
        switch round {
        case ..<20: (b & c ^ ~b & d, 0x5A82_7999)
        case ..<40: (b ^ c ^ d, 0x6ED9_EBA1)
        case ..<60: (b & c ^ b & d ^ c & d, 0x8F1B_BCDC)
        default: (b ^ c ^ d, 0xCA62_C1D6)
        }
      let sum = rotated(a, by: 5) &+ choice &+ e &+ constant &+ words[place]
      (a, b, c, d, e) = (sum, a, rotated(b, by: 30), c, d)
    }
    digest[0] &+= a
    digest[1] &+= b
    digest[2] &+= c
    digest[3] &+= d
    digest[4] &+= e
  }

  private static func rotated(_ word: UInt32, by bits: UInt32) -> UInt32 {
    word << bits | word >> (32 - bits)
  }
}
