import Plan
import Testing

/// Values of a command line, which are read as a plan's are.
@Suite struct CommandLineValueTests {
  @Test(arguments: [
    ("server.example:80", "server.example", 80), ("127.0.0.1:9000", "127.0.0.1", 9000),
    ("[::1]:65535", "::1", 65535), ("my_host-1:1", "my_host-1", 1),
  ])
  func `a target is a host and a port`(text: String, host: String, port: Int) throws {
    let target = try CommandLineValue.target(text)
    #expect(target == Target(host: host, port: UInt16(port)))
    #expect("\(target)" == text)
  }

  @Test(arguments: [
    "localhost", "localhost:", ":80", "::1:80", "[::1]", "[localhost]:80", "a b:80", "a/b:80",
    "-x:80", "x:0", "x:65536", "x:+1", "x\u{0}:80", "", "[:]:80", "ümlaut:80",
    String(repeating: "a", count: 254) + ":80",
  ])
  func `anything else is refused`(text: String) {
    #expect(throws: CommandLineValue.Wrong.self) { try CommandLineValue.target(text) }
  }

  @Test func `what is wrong is said with what to write instead`() throws {
    let error = try #require(throws: CommandLineValue.Wrong.self) {
      try CommandLineValue.rate("5")
    }
    #expect("\(error)" == "'5' is a rate without a unit (write 5/s for that many a second)")
  }
}
