import Addressing
import Testing

@testable import Host

@Suite struct TCPTableTests {
  private static let header =
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"

  /// A line as the kernel writes it: addresses and port in hexadecimal, state after them.
  private static func line(_ local: String, _ state: String) -> String {
    let remote = local.utf8.count > 20 ? String(repeating: "0", count: 32) : "00000000"
    return "   0: \(local) \(remote):0000 \(state) 00000000:00000000 00:00000000 00000000"
      + "     0        0 4711 1 0000000000000000 100 0 0 10 0\n"
  }

  private static func table(_ entries: (String, String)...) -> TCPTable {
    TCPTable(header + entries.map { line($0.0, $0.1) }.joined())
  }

  private static let loopback = "0100007F:2328"
  private static let loopbackV6 = "00000000000000000000000001000000:2328"

  @Test(arguments: [
    (loopback, "127.0.0.1:9000"), ("1100007F:0400", "127.0.0.17:1024"),
    ("00000000:FFFF", "0.0.0.0:65535"), ("FEFEA8C0:0050", "192.168.254.254:80"),
    (loopbackV6, "[::1]:9000"),
    ("00000000000000000000000000000000:0016", "[::]:22"),
    ("000080FE00000000FF005450A1B2FE01:1F90", "[fe80::5054:ff:1fe:b2a1]:8080"),
    // An IPv6 socket with an IPv4 address.
    ("0000000000000000FFFF00000100007F:2328", "127.0.0.1:9000"),
  ])
  func `reads addresses of both families`(text: String, address: String) throws {
    let expected = try #require(SocketAddress(address))
    #expect(Self.table((text, "0A")).sockets == [.init(local: expected, state: 10)])
  }

  @Test func `reads both tables and keeps their order`() {
    let table = TCPTable(
      Self.header + Self.line(Self.loopback, "0A") + Self.line(Self.loopback, "01"),
      Self.header + Self.line(Self.loopbackV6, "06"))
    #expect(table.sockets.map(\.state) == [10, 1, 6])
    #expect(table.sockets.map(\.local.ip.isV6) == [false, false, true])
  }

  @Test(arguments: [
    "", "\n\n", header, "no header: 0100007F:2328 00000000:0000 0A",
    header + "   0: 0100007F:2328\n", header + "   0: 0100007F 00000000:0000 0A 0\n",
    header + line("0100007F:2328:1", "0A"), header + line("0100007F:12345", "0A"),
    header + line("0100007G:2328", "0A"), header + line("00007F:2328", "0A"),
    header + line("0100007F01:2328", "0A"), header + line("0100007F0100007F:2328", "0A"),
    header + line(loopback, "XY"), header + line(loopback, "100"), header + "   0: : : :\n",
    header + "   0: é:2328 00000000:0000 0A 0\n",
  ])
  func `leaves out what is no socket`(text: String) {
    #expect(TCPTable(text).sockets.isEmpty)
  }

  @Test func `a line that is none does not hide the others`() {
    let table = TCPTable(Self.header + "cut off\n" + Self.line(Self.loopback, "0A"))
    #expect(table.sockets.count == 1)
  }

  struct Listening: CustomTestStringConvertible, Sendable {
    let local, endpoint: String
    let found: Bool
    var testDescription: String { "\(local) against \(endpoint)" }
  }

  @Test(arguments: [
    Listening(local: loopback, endpoint: "127.0.0.1:9000", found: true),
    Listening(local: loopback, endpoint: "127.0.0.2:9000", found: false),
    Listening(local: loopback, endpoint: "127.0.0.1:9001", found: false),
    Listening(local: "00000000:2328", endpoint: "127.0.0.1:9000", found: true),
    Listening(local: "00000000:2328", endpoint: "127.0.0.1:9001", found: false),
    // The wildcard of IPv4 leaves IPv6 free; that of IPv6 takes both.
    Listening(local: "00000000:2328", endpoint: "[::1]:9000", found: false),
    Listening(
      local: "00000000000000000000000000000000:2328", endpoint: "127.0.0.1:9000", found: true),
    Listening(local: "00000000000000000000000000000000:2328", endpoint: "[::1]:9000", found: true),
    Listening(local: loopbackV6, endpoint: "[::1]:9000", found: true),
    Listening(local: loopbackV6, endpoint: "127.0.0.1:9000", found: false),
    Listening(
      local: "0000000000000000FFFF00000100007F:2328", endpoint: "127.0.0.1:9000", found: true),
  ])
  func `finds who listens where an endpoint would`(test: Listening) throws {
    let endpoint = try #require(SocketAddress(test.endpoint))
    #expect(Self.table((test.local, "0A")).hasListener(on: endpoint) == test.found)
  }

  @Test(arguments: ["01", "02", "06", "07", "08"])
  func `only a listener listens`(state: String) throws {
    let endpoint = try #require(SocketAddress("127.0.0.1:9000"))
    #expect(!Self.table((Self.loopback, state)).hasListener(on: endpoint))
  }

  @Test func `counts what waits in TIME_WAIT at the plan's sources`() throws {
    let table = Self.table(
      ("0200007F:0400", "06"), ("0200007F:0401", "06"), ("0300007F:0400", "06"),
      // Another state, and another address.
      ("0200007F:0402", "01"), ("0400007F:0400", "06"))
    let sources = try ["127.0.0.2", "127.0.0.3", "127.0.0.9"].map { try #require(IPAddress($0)) }
    #expect(table.timeWaits(of: Set(sources)) == 3)
    #expect(table.timeWaits(of: []) == 0)
  }
}
