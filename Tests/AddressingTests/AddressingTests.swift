import Addressing
import Testing

@Suite struct IPAddressTests {
  @Test(arguments: [
    "0.0.0.0", "127.0.0.1", "255.255.255.255", "::", "::1", "fe80::1", "2001:db8::ff00:42:8329",
    "::ffff:10.0.0.1",
  ])
  func `writes an address as it was read`(text: String) throws {
    #expect(try #require(IPAddress(text)).description == text)
  }

  @Test(arguments: [
    "", "1", "127.0.0", "127.0.0.256", "127.0.0.1.1", "01.2.3.4", "::g", ":::", "1:2", " ::1",
    "localhost", "127.0.0.1:80", "[::1]", "127.0.0.1\0", "::1\0x",
  ])
  func `refuses what is no address`(text: String) {
    #expect(IPAddress(text) == nil)
  }

  @Test func `what is near, and what may be a stranger's`() throws {
    let near = [
      "127.0.0.1", "127.255.255.255", "10.0.0.0", "10.255.255.255", "172.16.0.0", "172.31.255.255",
      "192.168.0.0", "192.168.255.255", "169.254.0.1", "::1", "fc00::1", "fdff:ffff::1", "fe80::1",
      "febf::1",
    ]
    let far = [
      "0.0.0.0", "9.255.255.255", "11.0.0.0", "126.255.255.255", "128.0.0.0", "172.15.255.255",
      "172.32.0.0", "192.167.255.255", "192.169.0.0", "169.253.0.1", "169.255.0.1", "100.64.0.1",
      "224.0.0.1", "255.255.255.255", "::", "::2", "fbff::1", "fe00::1", "fec0::1", "ff02::1",
      "2001:db8::1", "64:ff9b::a00:1", "::ffff:8.8.8.8", "::ffff:127.0.0.1",
    ]
    for (texts, isNear) in [(near, true), (far, false)] {
      for text in texts { #expect(try #require(IPAddress(text)).isNearby == isNear, "\(text)") }
    }
  }

  @Test func `advances over the borders of bytes`() {
    #expect(IPAddress("127.0.0.255")?.advanced(by: 1) == IPAddress("127.0.1.0"))
    #expect(IPAddress("::ffff")?.advanced(by: 1) == IPAddress("::1:0"))
    #expect(IPAddress("10.0.0.1")?.advanced(by: 0) == IPAddress("10.0.0.1"))
  }

  @Test(arguments: [("255.255.255.255", 1), ("0.0.0.1", -1), ("1.0.0.0", Int.max)])
  func `ends with the address space`(text: String, offset: Int) throws {
    #expect(try #require(IPAddress(text)).advanced(by: offset) == nil)
  }

  @Test(arguments: [
    ("127.0.0.1", true), ("127.255.0.9", true), ("128.0.0.1", false), ("::1", true),
    ("::2", false),
  ])
  func `knows loopback`(text: String, isLoopback: Bool) throws {
    #expect(try #require(IPAddress(text)).isLoopback == isLoopback)
  }
}

@Suite struct AddressRangeTests {
  @Test(arguments: [
    ("127.0.0.1", 1, "127.0.0.1"), ("127.0.0.2-127.0.0.17", 16, "127.0.0.2-127.0.0.17"),
    ("10.0.0.1 - 10.0.1.0", 256, "10.0.0.1-10.0.1.0"), ("10.0.0.7-10.0.0.7", 1, "10.0.0.7"),
    ("10.0.0.9/24", 254, "10.0.0.1-10.0.0.254"), ("10.0.0.4/30", 2, "10.0.0.5-10.0.0.6"),
    ("10.0.0.5/31", 2, "10.0.0.4-10.0.0.5"), ("10.0.0.5/32", 1, "10.0.0.5"),
    ("fd00::1-fd00::ff", 255, "fd00::1-fd00::ff"), ("fd00::5/126", 4, "fd00::4-fd00::7"),
    ("::1/128", 1, "::1"), ("255.255.255.0/24", 254, "255.255.255.1-255.255.255.254"),
  ])
  func `reads a range`(text: String, count: Int, description: String) throws {
    let range = try AddressRange(text)
    #expect(range.count == count)
    #expect(range.description == description)
    #expect(range[count - 1] == range.addresses.last)
    #expect(try AddressRange(range.description) == range)
  }

  @Test(arguments: [
    ("10.0.0.2-10.0.0.1", AddressRange.Problem.reversed), ("fd00::2-fd00::1", .reversed),
    ("10.0.0.1-::1", .mixedFamilies), ("10.0.0.1-10.0.0.256", .unparsable("10.0.0.256")),
    ("", .unparsable("")), ("-", .unparsable("")), ("host", .unparsable("host")),
    ("10.0.0.1/33", .prefix("33")), ("10.0.0.1/-1", .unparsable("10.0.0.1/")),
    ("10.0.0.1/", .prefix("")), ("::/129", .prefix("129")), ("10.0.0.0/7", .tooLarge),
    ("10.0.0.0/+8", .prefix("+8")), ("::/64", .tooLarge), ("0.0.0.0-255.255.255.255", .tooLarge),
    ("::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", .tooLarge),
  ])
  func `says what is wrong with a range`(text: String, problem: AddressRange.Problem) {
    #expect(throws: problem) { try AddressRange(text) }
  }
}

@Suite struct SocketAddressTests {
  @Test(arguments: ["127.0.0.1:9000", "[::1]:80", "0.0.0.0:0", "10.1.2.3:65535"])
  func `writes an address as it was read`(text: String) throws {
    #expect(try #require(SocketAddress(text)).description == text)
  }

  @Test(arguments: [
    "", ":", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "::1:80", "[::1]",
    "[::1:80", "::1]:80", "host:80", "127.0.0.1:+80", "127.0.0.1\0:80",
  ])
  func `refuses what is no address and port`(text: String) {
    #expect(SocketAddress(text) == nil)
  }
}

@Suite struct AddressSpanTests {
  private func spans(_ texts: String...) throws -> [AddressSpan] {
    AddressSpan.spans(of: try texts.map { try #require(IPAddress($0)) })
  }

  @Test func `addresses side by side are one span, in whatever order`() throws {
    let spans = try spans("127.0.0.4", "127.0.0.2", "127.0.0.3", "127.0.0.9", "127.0.0.2")
    #expect(spans.count == 2)
    for (text, isOwn) in [
      ("127.0.0.1", false), ("127.0.0.2", true), ("127.0.0.4", true), ("127.0.0.5", false),
      ("127.0.0.9", true), ("::ffff:127.0.0.3", true), ("::1", false),
    ] {
      let address = try #require(IPAddress(text))
      #expect(spans.contains { $0.contains(address) } == isOwn, "\(text)")
    }
  }

  @Test func `the last of all addresses may stand there twice`() throws {
    let last = "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"
    let spans = try spans(last, last)
    #expect(spans.count == 1)
    #expect(try spans[0].contains(try #require(IPAddress(last))))
  }

  @Test func `families keep apart`() throws {
    let spans = try spans("::1", "255.255.255.255", "0.0.0.0")
    #expect(spans.count == 3)
    #expect(try spans.contains { $0.contains(try #require(IPAddress("::1"))) })
    #expect(try !spans.contains { $0.contains(try #require(IPAddress("::2"))) })
  }
}
