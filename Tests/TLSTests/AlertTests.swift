import TLS
import Testing

@Suite struct AlertTests {
  @Test(
    arguments: [
      ([21, 3, 1, 0, 2, 2, 40], "a TLS alert: handshake_failure (40)"),
      ([21, 3, 3, 0, 2, 2, 70, 1, 2], "a TLS alert: protocol_version (70)"),
      ([21, 3, 3, 0, 2, 2, 200], "a TLS alert: alert 200"), ([21, 3, 0, 0, 2, 2], "a TLS alert"),
      ([21, 3, 3, 0], nil), ([22, 3, 3, 0, 2, 2, 70], nil), ([21, 2, 3, 0, 2, 2, 70], nil),
      ([21, 3, 3, 0, 26, 2, 70], nil), ([21, 3, 5, 0, 2, 2, 70], nil),
      (Array("HTTP/1.1 400 Bad Request".utf8), nil), ([], nil),
    ] as [([UInt8], String?)])
  func `bytes that begin with an alert are told`(bytes: [UInt8], words: String?) {
    #expect(Alert.words(of: bytes) == words)
  }
}
