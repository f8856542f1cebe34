import Linux
import Recording
import Testing

@testable import Host

/// Who refuses a handshake, and what the number at which a server stopped may mean.
extension PathDiagnosisTests {
  @Test func `a refusal in the name of a server that listens is a firewall's`() {
    let refused = FailureRecord.failed("connect", "ECONNREFUSED")
    let firewall = found(refused) { $0.listeners = Self.listener(0, of: 4096, drops: 0) }
    #expect(firewall.resource == .noRoute)
    #expect(value("somebody listens there", in: firewall) != nil)
    let message = found(refused, after: [.unreachableReceived: 12], demand: Self.elsewhere)
    #expect(message.resource == .noRoute)
    #expect(value("refused by", in: message)?.contains("ICMP") == true)
    #expect(found(refused).resource == .nobodyListens)
  }

  @Test func `a server elsewhere that holds connections is not said to be gone`() {
    let refused = FailureRecord.failed("connect", "ECONNREFUSED", endpoint: "10.0.0.1:9000")
    let alive = found(refused, demand: Self.elsewhere) { $0.held = 19_936 }
    #expect(alive.resource == .unclassified)
    #expect(value("not told apart", in: alive) != nil)
    let gone = found(refused, demand: Self.elsewhere) { $0.held = 0 }
    #expect(gone.resource == .nobodyListens)
  }

  @Test(arguments: [
    ("EINVAL", "blackhole"), ("EACCES", "prohibit"), ("EPERM", "control group"),
  ])
  func `routes that refuse are named`(errno: String, word: String) {
    let refused = found(.failed("connect", errno))
    #expect(refused.resource == .noRoute)
    #expect(value("refused by", in: refused)?.contains(word) == true)
  }

  @Test func `an ICMP message names who sent it`() {
    let failure = FailureRecord.failed("connect", "EHOSTUNREACH")
    let away = found(failure, after: [.unreachableReceived: 12, .unreachableSent: 0])
    #expect(
      value("refused by", in: away) == "ICMP 'unreachable': a firewall or a router on the way")
    let own = found(failure, after: [.unreachableReceived: 12, .unreachableSent: 12])
    #expect(value("refused by", in: own)?.contains("this host itself") == true)
  }

  // MARK: Addresses

  @Test func `where IPv6 is off the fix switches it on`() {
    let failure = FailureRecord.failed(
      "bind", "EADDRNOTAVAIL", end: .server, endpoint: "[::1]:9000")
    func fix(_ ipv6: HostDescription.IPv6) -> String? {
      found(failure, host: .box { $0.ipv6 = ipv6 }).fix
    }
    #expect(fix(.off) == "sysctl -w net.ipv6.conf.all.disable_ipv6=0")
    #expect(fix(.offOnLoopback) == "sysctl -w net.ipv6.conf.lo.disable_ipv6=0")
    #expect(fix(.missing) == nil)
    #expect(fix(.on) == "ip addr add ::1/128 dev lo")
  }

  // MARK: Numbers

  @Test(arguments: [
    (1020, "1,024 descriptors"), (4090, "4,096 descriptors"), (65_530, "65,536 descriptors"),
    (28_232, "source ports"), (28_231, "source ports"), (65_535, "65,535"), (512, "power of two"),
    (129, "power of two"),
  ])
  func `a number that speaks for itself is explained as a guess`(held: Int, words: String) {
    #expect(NumberGuess.fact(heldAtStop: held)?.name == "a guess")
    #expect(NumberGuess.fact(heldAtStop: held)?.value.contains(words) == true)
  }

  @Test(arguments: [0, 1, 300, 1025 + 1, 20_000, 28_500, 65_000 - 1000])
  func `a number that says nothing is left alone`(held: Int) {
    #expect(NumberGuess.fact(heldAtStop: held) == nil)
  }
}
