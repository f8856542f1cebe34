internal import COpenSSL

/// The secrets of TLS 1.3 from which the keys of application records come, as OpenSSL's key log has them.
struct TrafficSecrets {
  /// 32 bytes, or 48 with a cipher suite of SHA-384; zeroes behind them.
  typealias Secret = InlineArray<48, UInt8>

  private(set) var client: Secret?
  private(set) var server: Secret?

  /// Takes a line of the key log: a label, the client's random bytes and a secret, in hexadecimal. Lines with
  /// other labels are passed over.
  mutating func take(_ line: UnsafePointer<CChar>) {
    if unsafe strncmp(line, "CLIENT_TRAFFIC_SECRET_0 ", 24) == 0 {
      client = unsafe Self.secret(of: line + 24)
    } else if unsafe strncmp(line, "SERVER_TRAFFIC_SECRET_0 ", 24) == 0 {
      server = unsafe Self.secret(of: line + 24)
    }
  }

  private static func secret(of text: UnsafePointer<CChar>) -> Secret? {
    guard let space = unsafe strchr(text, 0x20) else { return nil }
    var secret = Secret(repeating: 0)
    var digits = unsafe UnsafePointer(space + 1)
    for index in secret.indices {
      guard unsafe digits[0] != 0 else { return index >= 32 ? secret : nil }
      guard let high = unsafe digit(digits[0]), let low = unsafe digit(digits[1]) else {
        return nil
      }
      secret[index] = high << 4 | low
      unsafe digits += 2
    }
    return secret
  }

  private static func digit(_ character: CChar) -> UInt8? {
    switch UInt8(bitPattern: character) {
    case let byte where 0x30...0x39 ~= byte: byte - 0x30
    case let byte where 0x61...0x66 ~= byte: byte - 0x57
    case let byte where 0x41...0x46 ~= byte: byte - 0x37
    default: nil
    }
  }
}
