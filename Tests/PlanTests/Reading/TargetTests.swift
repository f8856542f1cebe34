import Addressing
import Plan
import Testing

/// Plans for someone else's server.
@Suite struct TargetTests {
  private func plan(_ target: String, clients: String = "", goal: String = "10") -> String {
    "target: \(target)\n\(clients)phases: [ramp: {to: \(goal)}]\n"
  }

  @Test(arguments: [
    ("127.0.0.1:9000", ["127.0.0.1:9000"]), ("\"10.1.2.3:80\"", ["10.1.2.3:80"]),
    ("[127.0.0.1:9000, 127.0.0.1:9001]", ["127.0.0.1:9000", "127.0.0.1:9001"]),
    (
      "[172.16.0.1:1, 192.168.0.1:2, 169.254.0.1:3]",
      [
        "172.16.0.1:1", "192.168.0.1:2", "169.254.0.1:3",
      ]
    ),
    ("[127.0.0.1:9000]", ["127.0.0.1:9000"]),
  ])
  func `are endpoints to connect to, one or a list`(target: String, endpoints: [String]) throws {
    let plan = try read(plan(target))
    #expect(plan.targets.map { "\($0)" } == endpoints)
    #expect(plan.server == nil)
  }

  @Test(arguments: ["[::1]:9000", "[fe80::1]:9000", "[fd12:3456::1]:9000"])
  func `may be of IPv6, with sources to suit`(target: String) throws {
    let sources = "clients: {sources: \"fd00::2-fd00::5\"}\n"
    let plan = try read(plan("\"\(target)\"", clients: sources))
    #expect(plan.targets.map { "\($0)" } == [target])
  }

  @Test(arguments: ["localhost:80", "web-1.lan:8080", "a_b.example:443", "1and1.example:80"])
  func `may be names`(target: String) throws {
    let plan = try read(plan(target))
    #expect(plan.targets.map { "\($0)" } == [target])
    #expect(plan.targets[0].address == nil)
  }

  @Test(arguments: ["192.0.2.1:80", "172.32.0.1:80"])
  func `may be public: the run decides`(target: String) throws {
    #expect(try read(plan(target)).targets[0].address?.isNearby == false)
  }

  @Test func `may come from a variable`() throws {
    let text = "variables: {at: 127.0.0.1:9000}\n" + plan("${at}")
    #expect(try read(text).targets.map(\.port) == [9000])
    #expect(try read(text, overrides: ["at": "127.0.0.1:80"]).targets.map(\.port) == [80])
  }

  @Test(arguments: [
    Broken("an empty list", "[]", "1:9: target is an empty list"),
    Broken(
      "a range", "127.0.0.1-127.0.0.4:9000",
      "1:9: '127.0.0.1-127.0.0.4:9000' is a range (write a list of addresses)"),
    Broken(
      "a block", "127.0.0.0/24:9000",
      "1:9: '127.0.0.0/24:9000' is a range (write a list of addresses)"),
    Broken(
      "an endpoint twice", "[127.0.0.1:80, 127.0.0.2:80, 127.0.0.1:80]",
      "1:38: 127.0.0.1:80 stands twice in the list"),
    Broken("port zero", "127.0.0.1:0", "1:9: '0' is not a port (ports are 1 to 65535)"),
    Broken(
      "no port", "127.0.0.1",
      "1:9: '127.0.0.1' is not a host and a port"
        + " (write HOST:PORT, for example server.lan:80, 127.0.0.1:80 or [::1]:80)"),
    Broken(
      "an IPv6 address without brackets", "\"::1:80\"",
      "1:9: '::1:80' is not a host and a port: an IPv6 address stands in brackets"
        + " (write HOST:PORT, for example server.lan:80, 127.0.0.1:80 or [::1]:80)"),
    Broken(
      "a number out of range", "127.0.0.300:80", "1:9: '127.0.0.300' is not an IP address"),
    Broken(
      "a name with a space", "\"a b:80\"",
      "1:9: 'a b:80' is not a host and a port"
        + " (write HOST:PORT, for example server.lan:80, 127.0.0.1:80 or [::1]:80)"),
    Broken("a name twice", "[a.lan:80, A.lan:80]", "1:20: A.lan:80 stands twice in the list"),
    Broken(
      "another family than the sources", "\"[::1]:80\"",
      "1:9: clients and server need addresses of one family, IPv4 or IPv6"
        + " (set 'sources' of clients to suit 'target')"),
    Broken(
      "two families", "[\"127.0.0.1:80\", \"[::1]:80\"]",
      "1:9: clients and server need addresses of one family, IPv4 or IPv6"
        + " (set 'sources' of clients to suit 'target')"),
  ])
  func `are refused at their place`(target: Broken) {
    #expect(errors(plan(target.text)) == [target.error])
  }

  @Test func `are refused when they are a mapping`() {
    let found = errors(plan("{host: 127.0.0.1, port: 80}"))
    #expect(found.count == 1)
    #expect(found[0].hasPrefix("1:9: expected a host and a port, or a list, found a mapping"))
  }

  @Test func `and a server exclude each other`() {
    let text = plan("127.0.0.1:9000") + "server: {listen: 127.0.0.1:9000}\n"
    #expect(
      errors(text) == [
        "3:1: the plan has both 'server' and 'target'"
          + " ('server' is the built-in one, 'target' is someone else's)"
      ])
  }

  @Test func `bound the goal by the addresses that there are`() throws {
    let clients = "clients: {sources: 127.0.0.2-127.0.0.3, ports: 5000-5999}\n"
    let two = "[127.0.0.1:80, 127.0.0.1:81]"
    #expect(try read(plan(two, clients: clients, goal: "4k")).mostConnections == 4000)
    #expect(
      errors(plan(two, clients: clients, goal: "4001")) == [
        "3:21: 4,001 connections do not fit: 2 sources x 1,000 ports x 2 endpoints are 4,000"
          + " (it takes 3 sources, or more ports or targets)"
      ])
  }

  @Test func `a plan has one or the other`() {
    #expect(
      errors("phases: [ramp: {to: 10}]\n")
        == ["1:1: the plan has no 'server', and no 'target' either"])
  }
}
