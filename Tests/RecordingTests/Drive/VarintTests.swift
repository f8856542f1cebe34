import Testing
import WorkerLog

@Suite struct VarintTests {
  private static let widest: [UInt8] = Array(repeating: 0xFF, count: 9) + [1]

  @Test(
    arguments: [
      (0, [0]), (127, [127]), (128, [0x80, 1]), (16_383, [0xFF, 0x7F]), (16_384, [0x80, 0x80, 1]),
      (.max, widest),
    ] as [(UInt64, [UInt8])])
  func `seven bits a byte, the lowest first`(value: UInt64, bytes: [UInt8]) {
    var written: [UInt8] = []
    Varint.append(value, to: &written)
    #expect(written == bytes)
    var rest = (bytes + [0x80])[...]
    #expect(Varint.take(from: &rest) == value)
    #expect(rest == [0x80])
  }

  @Test(
    arguments: [
      [], [0x80], Array(repeating: 0xFF, count: 9),
      // 2^64, and what its tenth byte alone would not tell.
      Array(repeating: 0x80, count: 9) + [2], Array(repeating: 0x80, count: 9) + [0x7F],
      Array(repeating: 0x80, count: 10) + [0], Array(repeating: 0x80, count: 10) + [1],
      Array(repeating: 0x80, count: 9) + [0x81, 0],
    ] as [[UInt8]])
  func `what ends too early or says more than 64 bits is no number`(bytes: [UInt8]) {
    var rest = bytes[...]
    #expect(Varint.take(from: &rest) == nil)
  }
}
