import GoldenFiles
import Protocols
import Testing

@Suite struct WebSocketMaskTests {
  private static let key: UInt32 = 0x37FA_213D
  private static let keyBytes: [UInt8] = [0x37, 0xFA, 0x21, 0x3D]

  @Test func `a mask takes four bytes`() { #expect(MemoryLayout<WebSocketMask>.size == 4) }

  @Test func `a payload is masked in pieces that begin anywhere`() {
    let payload = (0..<150).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ 5) }
    let masked = payload.enumerated().map { $1 ^ Self.keyBytes[$0 % 4] }
    for start in 0..<70 {
      for end in start...payload.count {
        var piece = Array(payload[start..<end])
        var mask = WebSocketMask(key: Self.key, offset: start)
        unsafe piece.withUnsafeMutableBytes { unsafe mask.apply(to: $0) }
        if piece != Array(masked[start..<end]) { Issue.record("\(start)..<\(end)") }
        // It goes on where the piece ended.
        var rest = Array(payload[end...])
        unsafe rest.withUnsafeMutableBytes { unsafe mask.apply(to: $0) }
        if rest != Array(masked[end...]) { Issue.record("from \(end)") }
      }
    }
  }

  @Test func `masking twice with the same key changes nothing, wherever the bytes lie`() {
    var chance = Chance(5)
    for _ in 0..<300 {
      let (gap, count, offset) = (chance.below(9), chance.below(200), chance.below(1 << 40))
      let key = UInt32(truncatingIfNeeded: chance.next())
      let bytes = (0..<gap + count).map { _ in UInt8(truncatingIfNeeded: chance.next()) }
      var masked = bytes
      for _ in 0..<2 {
        var mask = WebSocketMask(key: key, offset: offset)
        unsafe masked.withUnsafeMutableBytes {
          unsafe mask.apply(to: UnsafeMutableRawBufferPointer(rebasing: $0[gap...]))
        }
      }
      #expect(masked == bytes)
    }
  }

  @Test func `bytes may be masked while they are copied`() {
    let bytes = Array("a payload that is longer than one word of any kind".utf8)
    var copy = [UInt8](repeating: 0, count: bytes.count + 3)
    var mask = WebSocketMask(key: Self.key, offset: 3)
    unsafe copy.withUnsafeMutableBytes { copy in
      unsafe bytes.withUnsafeBytes { unsafe mask.apply(from: $0, into: copy) }
    }
    let expected = bytes.enumerated().map { $1 ^ Self.keyBytes[($0 + 3) % 4] }
    #expect(copy == expected + [0, 0, 0])
  }
}
