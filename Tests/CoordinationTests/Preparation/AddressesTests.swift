import Addressing
import Linux
import Plan
import Recording
import Synchronization
import SystemPackage
import Testing

@testable import Coordination

/// What names and interfaces of a plan come to, on a host that is made up.
@Suite struct AddressesTests {
  private static let names = [
    "both.example": ["2001:db8::1", "10.0.0.1", "10.0.0.2"], "four.example": ["10.0.0.1"],
    "six.example": ["fd00::1"], "local.example": ["127.0.0.1"], "public.example": ["192.0.2.7"],
  ]

  private static let lookup = AddressLookup(
    addresses: { name throws(NameLookup.Failure) in
      guard let found = names[name] else {
        throw NameLookup.Failure(name: name, reason: "Name or service not known")
      }
      return found.compactMap(IPAddress.init)
    },
    interfaces: { () throws(Errno) in
      [
        NetworkInterface(name: "lo", addresses: ["127.0.0.1", "::1"].compactMap(IPAddress.init)),
        NetworkInterface(
          name: "eth0",
          addresses: ["10.0.0.9", "198.51.100.9", "fd00::9"].compactMap(IPAddress.init)),
        NetworkInterface(name: "tap0", addresses: []),
      ]
    })

  /// The plan of a server on loopback, with the ends replaced.
  private func plan(
    targets: [String] = [], sources: Clients.Sources? = nil, goal: String = "10"
  ) throws -> Plan {
    var plan = try Plan.read(
      text: "server: {listen: 127.0.0.1:9000}\nphases: [ramp: {to: \(goal)}]\n", file: "a.plan")
    if !targets.isEmpty {
      plan.server = nil
      plan.targets = try targets.map(CommandLineValue.target)
    }
    plan.clients.sources = sources ?? plan.clients.sources
    return plan
  }

  private func ranges(_ texts: String...) throws -> Clients.Sources {
    .ranges(try texts.map { try AddressRange($0) })
  }

  private func resolve(_ plan: Plan, allowPublic: Bool = false) throws -> Addresses {
    try Addresses(of: plan, allowPublic: allowPublic, lookup: Self.lookup)
  }

  @Test(arguments: ["0.0.0.0:9000", "[::]:9000"])
  func `an address that leads to the host itself is no public one`(target: String) throws {
    let isV6 = target.hasPrefix("[::]")
    let found = try resolve(
      try plan(targets: [target], sources: try ranges(isV6 ? "::1" : "127.0.0.2")))
    #expect(found.serverIsHere)
  }

  private func error(_ plan: Plan) -> String {
    do {
      let found = try resolve(plan)
      return "resolved to \(found)"
    } catch {
      return "\(error)"
    }
  }

  @Test func `an address is the host's own as far as its interfaces tell`() throws {
    let silent = AddressLookup(
      addresses: { name throws(NameLookup.Failure) in
        throw NameLookup.Failure(name: name, reason: "nobody is asked")
      },
      interfaces: { () throws(Errno) in throw .permissionDenied })
    for (text, isOwn) in [
      ("127.0.0.1", true), ("127.9.9.9", true), ("::1", true), ("10.0.0.9", true),
      ("fd00::9", true),
      ("198.51.100.9", true), ("10.0.0.8", false), ("192.0.2.7", false),
    ] {
      let address = try #require(IPAddress(text))
      #expect(Self.lookup.isOwn(address) == isOwn, "\(text)")
      #expect(silent.isOwn(address) == address.isLoopback, "\(text)")
    }
  }

  @Test func `a plan that names addresses is taken by its word`() throws {
    let found = try resolve(try plan(sources: try ranges("127.0.0.2-127.0.0.3", "127.0.0.9")))
    #expect(found.sources.map { "\($0)" } == ["127.0.0.2", "127.0.0.3", "127.0.0.9"])
    #expect(found.targets.isEmpty)
    #expect(found.serverIsHere)
    #expect(found.facts == [Fact("ports of each source", "64,512: 1024-65535")])
  }

  @Test(arguments: [
    ("10.0.0.9", "10.0.0.1"), ("fd00::9", "2001:db8::1"),
  ])
  func `of a name's addresses the first of the sources' family is taken`(
    source: String, address: String
  ) throws {
    let plan = try plan(targets: ["both.example:80"], sources: try ranges(source))
    let found = try resolve(plan, allowPublic: true)
    #expect(found.targets.map { "\($0.ip)" } == [address])
    #expect(found.facts.map(\.name) == ["address of both.example", "ports of each source"])
    #expect(found.facts.first?.value == address)
  }

  @Test(arguments: [
    (["both.example:80"], ["10.0.0.1:80"], ["10.0.0.9", "198.51.100.9"]),
    (["six.example:80"], ["[fd00::1]:80"], ["fd00::9"]),
    (["[fd00::2]:81", "six.example:80"], ["[fd00::2]:81", "[fd00::1]:80"], ["fd00::9"]),
    (
      ["four.example:80", "both.example:81"], ["10.0.0.1:80", "10.0.0.1:81"],
      ["10.0.0.9", "198.51.100.9"]
    ),
  ])
  func `an interface gives its addresses of the targets' family, IPv4 where there is a choice`(
    targets: [String], endpoints: [String], sources: [String]
  ) throws {
    let found = try resolve(try plan(targets: targets, sources: .interface("eth0")))
    #expect(found.targets.map { "\($0)" } == endpoints)
    #expect(found.sources.map { "\($0)" } == sources)
  }

  @Test func `an interface follows the built-in server's family`() throws {
    var plan = try plan(sources: .interface("lo"))
    #expect(try resolve(plan).sources == [try #require(IPAddress("127.0.0.1"))])
    plan.server?.addresses = try AddressRange("::1")
    #expect(try resolve(plan).sources == [try #require(IPAddress("::1"))])
  }

  @Test func `a name without an address is an error, each of them`() throws {
    let plan = try plan(targets: ["no.example:80", "none.example:81"])
    #expect(
      error(plan) == """
        a.plan:1:1: error: target no.example:80: no.example has no address: \
        Name or service not known
        a.plan:1:1: error: target none.example:81: none.example has no address: \
        Name or service not known
        """)
  }

  @Test func `an unknown interface is an error that lists the others`() throws {
    #expect(
      error(try plan(sources: .interface("eth9")))
        == "a.plan:1:1: error: there is no interface 'eth9' on this host\n"
        + "  there are: lo, eth0, tap0")
  }

  @Test func `an interface without an address to suit is an error`() throws {
    #expect(
      error(try plan(sources: .interface("tap0")))
        == "a.plan:1:1: error: interface 'tap0' has no IPv4 address to connect from\n"
        + "  it has none at all")
  }

  @Test func `two families are an error in the reader's words`() throws {
    let words = "clients and server need addresses of one family, IPv4 or IPv6"
    let hint = "set 'sources' of clients to suit 'target'"
    #expect(
      error(try plan(targets: ["six.example:80"]))
        == "a.plan:1:1: error: \(words)\n  six.example is fd00::1; \(hint)")
    #expect(
      error(try plan(targets: ["four.example:80", "six.example:80"], sources: .interface("eth0")))
        == "a.plan:1:1: error: \(words)\n  six.example is fd00::1; \(hint)")
    #expect(
      error(try plan(targets: ["local.example:80"], sources: try ranges("127.0.0.2", "fd00::9")))
        == "a.plan:1:1: error: \(words)\n  \(hint)")
  }

  @Test func `two names of one endpoint are an error`() throws {
    let plan = try plan(
      targets: ["both.example:80", "four.example:80"], sources: .interface("eth0"))
    #expect(
      error(plan)
        == "a.plan:1:1: error: targets both.example:80 and four.example:80 are both 10.0.0.1:80")
  }

  /// Whoever answers for a name may answer otherwise the next time.
  @Test func `names are looked up once`() throws {
    let asked = Mutex(0)
    let fickle = AddressLookup(
      addresses: { name throws(NameLookup.Failure) in
        let count = asked.withLock { count in
          count += 1
          return count
        }
        return [IPAddress(count == 1 ? "127.0.0.1" : "192.0.2.7")].compactMap(\.self)
      },
      interfaces: { () throws(Errno) in [] })
    let found = try Addresses(
      of: plan(targets: ["both.example:80"]), allowPublic: false, lookup: fickle)
    #expect(asked.withLock { $0 } == 1)
    #expect(found.targets.map { "\($0)" } == ["127.0.0.1:80"])
  }

  @Test func `a stranger is refused unless he is meant`() throws {
    let named = try plan(targets: ["public.example:80"], sources: try ranges("10.0.0.9"))
    #expect(
      error(named) == """
        a.plan:1:1: error: target public.example:80 is 192.0.2.7, a public address: \
        no load goes there by a slip of the pen
          --allow-public lets connections go there
        """)
    let plain = try plan(targets: ["192.0.2.7:80"], sources: try ranges("10.0.0.9"))
    #expect(error(plain).contains("target 192.0.2.7:80 is a public address: no load"))
    let found = try resolve(named, allowPublic: true)
    #expect(found.targets.map(\.port) == [80])
    #expect(!found.serverIsHere)
  }

  @Test func `a public address of this host is no stranger`() throws {
    let plan = try plan(targets: ["198.51.100.9:80"])
    let found = try resolve(plan)
    #expect(found.targets.map { "\($0)" } == ["198.51.100.9:80"])
    #expect(found.serverIsHere)
  }

  @Test func `no way leads from loopback to another host`() throws {
    #expect(
      error(try plan(targets: ["four.example:80"])) == """
        a.plan:1:1: error: target four.example:80 is another host, \
        and nothing gets there from 127.0.0.2
          set 'sources' of clients to addresses that lead there, for example {interface: eth0}
        """)
  }

  @Test func `a goal must fit the addresses of an interface`() throws {
    let lines = error(try plan(sources: .interface("lo"), goal: "20M")).split(separator: "\n")
    #expect(lines.count == 3)
    #expect(lines[0].hasPrefix("a.plan:2:1: error: 20,000,000 connections do not fit: 1 sources"))
    #expect(lines[1] == "  2 | phases: [ramp: {to: 20M}]")
    #expect(lines[2].contains("it takes 2 sources, or more ports or server processes"))
  }

  @Test func `an error stands where the plan has the name`() throws {
    var plan = try plan(targets: ["no.example:80"])
    plan.text = "# no.example\nname: x\ntarget: no.example:80\n"
    #expect(error(plan).hasPrefix("a.plan:3:9: error: target no.example:80: "))
  }
}
