/// How a protocol writes a length.
package enum LengthForm: Sendable, BitwiseCopyable {
  /// In decimal digits, as RESP and HTTP have it.
  case decimal
  /// In two bytes, the higher one first: MQTT's strings.
  case twoBytes
  /// In one to four bytes of seven bits, the lowest ones first: MQTT's remaining length (MQTT 3.1.1, 2.2.3).
  case variable

  /// The most bytes of a length. `MessageTemplate.mostBytes` has 7 digits.
  var longest: Int {
    switch self {
    case .decimal: 7
    case .twoBytes: 2
    case .variable: 4
    }
  }

  /// The highest length that can be written.
  var most: Int {
    switch self {
    case .decimal: .max
    case .twoBytes: 65_535
    case .variable: 268_435_455
    }
  }
}

extension MessageWriter {
  mutating func append(length: Int, _ form: LengthForm) {
    switch form {
    case .decimal: append(decimal: UInt64(length))
    case .twoBytes:
      append(UInt8(truncatingIfNeeded: length >> 8))
      append(UInt8(truncatingIfNeeded: length))
    case .variable:
      var rest = length
      while rest > 127 {
        append(UInt8(rest & 127) | 128)
        rest >>= 7
      }
      append(UInt8(rest))
    }
  }
}

extension LengthForm {
  /// The length as it is written.
  func bytes(of length: Int) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: MessageWriter.longestDecimal)
    let count = unsafe bytes.withUnsafeMutableBytes { buffer in
      var writer = unsafe MessageWriter(buffer: buffer)
      writer.append(length: length, self)
      return writer.count
    }
    return Array(bytes[..<count])
  }
}
