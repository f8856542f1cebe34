import Addressing
import Linux
import Plan
import SystemPackage
import Testing

@testable import Coordination
@testable import Runner

/// From where to where `connect` goes, on a host that is made up.
@Suite struct ConnectRouteTests {
  private static let lookup = AddressLookup(
    addresses: { name throws(NameLookup.Failure) in
      guard name == "both.example" else {
        throw NameLookup.Failure(name: name, reason: "Name or service not known")
      }
      return ["fd00::1", "10.0.0.1"].compactMap(IPAddress.init)
    },
    interfaces: { () throws(Errno) in
      [NetworkInterface(name: "eth0", addresses: [IPAddress("198.51.100.9")].compactMap(\.self))]
    })

  private func route(
    _ target: String, sources: String? = nil, ports: ClosedRange<UInt16>? = nil,
    allowPublic: Bool = false
  ) throws -> ConnectRoute {
    try ConnectRoute(
      to: try CommandLineValue.target(target), sources: try sources.map { try AddressRange($0) },
      ports: ports, allowPublic: allowPublic, lookup: Self.lookup)
  }

  private func firstSources(_ route: ConnectRoute, _ count: Int = 3) -> [String?] {
    var route = route
    return (0..<count).map { _ in route.nextSource().map { "\($0)" } }
  }

  @Test func `towards loopback it starts from 127.0.0.2 and on`() throws {
    let route = try route("127.0.0.1:9000")
    #expect(firstSources(route) == ["127.0.0.2:1024", "127.0.0.3:1024", "127.0.0.4:1024"])
    #expect(route.sources.count == 20)
    #expect(route.tupleCount == 20 * 64_512)
    #expect(route.isHere)
  }

  @Test func `elsewhere the kernel chooses`() throws {
    for target in ["10.0.0.1:80", "[::1]:80"] {
      #expect(firstSources(try route(target)) == [nil, nil, nil])
      #expect(try route(target).tupleCount == 1)
    }
  }

  @Test func `sources and ports may be named, each for itself`() throws {
    #expect(
      firstSources(try route("10.0.0.1:80", sources: "10.0.0.8-10.0.0.9", ports: 5000...5001), 5)
        == ["10.0.0.8:5000", "10.0.0.9:5000", "10.0.0.8:5001", "10.0.0.9:5001", "10.0.0.8:5000"])
    #expect(
      firstSources(try route("10.0.0.1:80", ports: 5000...5001), 2) == [
        "0.0.0.0:5000", "0.0.0.0:5001",
      ])
    #expect(firstSources(try route("[fd00::1]:80", ports: 5000...5000), 1) == ["[::]:5000"])
  }

  @Test func `a name is an address of the sources' family, else of IPv4`() throws {
    #expect("\(try route("both.example:80").endpoint)" == "10.0.0.1:80")
    #expect("\(try route("both.example:80", sources: "fd00::9").endpoint)" == "[fd00::1]:80")
  }

  @Test(arguments: [
    ("no.example:80", nil, "target no.example:80: no.example has no address: Name or service"),
    ("192.0.2.1:80", nil, "target 192.0.2.1:80 is a public address: no load goes there by a slip"),
    ("10.0.0.1:80", "127.0.0.2", "target 10.0.0.1:80 is another host, and nothing gets there from"),
    ("[::1]:80", "127.0.0.2", "target [::1]:80 is ::1: --sources must be of its family, IPv6"),
  ])
  func `no way is a refusal that says why`(target: String, sources: String?, why: String) throws {
    let refusal = try #require(throws: ConnectRoute.Refusal.self) {
      try route(target, sources: sources)
    }
    #expect(refusal.description.hasPrefix(why), "\(refusal)")
  }

  @Test func `strangers are reached when they are meant, this host's own addresses always`() throws
  {
    #expect(try route("192.0.2.1:80", allowPublic: true).isHere == false)
    #expect(try route("198.51.100.9:80").isHere)
  }
}
