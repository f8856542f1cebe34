import Linux
import Recording
import Testing

@testable import Host

/// What is said of source addresses and ports that cannot be had.
@Suite struct AddressDiagnosisTests {
  private func found(
    _ failure: FailureRecord, before: [Series.Key: Double] = [:],
    after: [Series.Key: Double] = [:], host: HostDescription = .box, demand: Demand = .million
  ) -> Diagnosed {
    diagnose(failure, before: before, after: after, host: host, demand: demand)
  }

  @Test func `too few sources are told from ports that others hold`() {
    let few = Demand.million {
      $0.sources = 1
      $0.endpoints = 2
    }
    let ports = found(.failed("connect", "EADDRNOTAVAIL"), demand: few)
    #expect(ports.now == 1)
    #expect(ports.needed == 8)
    #expect(value("pairs in all", in: ports) == "129,024")
    #expect(value("sources", in: found(.failed("connect", "EADDRNOTAVAIL"))) == "16")
  }

  @Test(arguments: [
    // (pairs skipped, TIME_WAIT, resource)
    (1200, 0, Resource.portTaken), (1200, 300, .portTaken), (1200, 1200, .sourcePorts),
    (1200, 90_000, .sourcePorts),
  ])
  func `a port that only connect found in use is somebody else's, unless TIME_WAIT explains it`(
    skipped: Double, waiting: Double, resource: Resource
  ) {
    let failure = FailureRecord.failed("connect", "EADDRNOTAVAIL", source: "127.0.0.2:2003")
    let ports = diagnose(
      failure, before: [:], after: [.portsSkipped: skipped, .timeWait: waiting], host: .box,
      demand: .million)
    #expect(ports.resource == resource)
    #expect(value("pairs that the run holds", in: ports) == "19,936")
    #expect(value("pairs that others hold, or TIME_WAIT", in: ports) == "1,200")
  }

  @Test func `where others hold ports the evidence has both counts, and who holds one of them`() {
    let failure = FailureRecord.failed("bind", "EADDRINUSE", source: "127.0.0.2:2003")
    let ports = diagnose(
      failure, before: [:], after: [.portsSkipped: 1200], host: .box, demand: .million)
    #expect(ports.resource == .portTaken)
    #expect(value("pairs that the run holds", in: ports) == "19,936")
    #expect(value("pairs that others hold, or TIME_WAIT", in: ports) == "1,200")
    #expect(value("who holds it", in: ports) == "ss -tanp 'sport = :2003'")
  }

  @Test func `ports that the kernel chose come from its own range`() {
    let failure = FailureRecord.failed("bind", "EADDRINUSE", source: "127.0.0.2:0")
    let ports = found(failure)
    #expect(ports.resource == .sourcePorts)
    #expect(ports.knob == "net.ipv4.ip_local_port_range")
    #expect(ports.now == 28_232)
    #expect(ports.fix == "sysctl -w net.ipv4.ip_local_port_range=\"1024 65535\"")
    #expect(
      found(failure, host: .box { $0.localPorts = 1024...65535 }).fix == nil)
  }

  @Test func `who holds a taken port can be asked`() {
    let failure = FailureRecord.failed("bind", "EADDRINUSE", end: .server)
    #expect(value("who holds it", in: found(failure)) == "ss -tanp 'sport = :9000'")
  }

  @Test func `an IPv6 source is added as one`() {
    let failure = FailureRecord.failed("bind", "EADDRNOTAVAIL", source: "[fd00::2]:1024")
    #expect(found(failure).fix == "ip addr add fd00::2/128 dev lo")
    #expect(found(.failed("bind", "EADDRNOTAVAIL", source: nil)).fix == nil)
  }

  // MARK: - Not to be had yet, or not by everybody

  @Test func `an address that is not settled is on this host`() {
    func found(isDuplicate: Bool) -> Diagnosed {
      var failure = FailureRecord.failed("bind", "EADDRNOTAVAIL")
      failure.source = "[fd00:77::1]:1025"
      return diagnose(
        failure, before: [:], after: [:],
        host: .box {
          $0.unusableAddresses = UnusableAddress.all(
            in: "fd000077000000000000000000000001 03 40 00 \(isDuplicate ? "c8" : "c0")       d0\n")
        }, demand: .million)
    }
    let asking = found(isDuplicate: false)
    #expect(asking.resource == .sourceAddress)
    #expect(
      asking.fix == "ip addr del fd00:77::1/64 dev d0 && ip addr add fd00:77::1/64 dev d0 nodad")
    #expect(value("is on d0", in: asking)?.hasPrefix("tentative") == true)
    let duplicate = found(isDuplicate: true)
    #expect(duplicate.fix == nil)
    #expect(value("is on d0", in: duplicate)?.hasPrefix("dadfailed") == true)
  }

  @Test func `settled and optimistic addresses can be used`() {
    let text = """
      00000000000000000000000000000001 01 80 10 80       lo
      fd000077000000000000000000000001 03 40 00 44     eth0

      """
    #expect(UnusableAddress.all(in: text).isEmpty)
  }

  @Test func `a port below the bound is for who has the right to it`() {
    func found(_ endpoint: String) -> Diagnosed {
      var failure = FailureRecord.failed("bind", "EACCES")
      (failure.end, failure.endpoint) = (.server, endpoint)
      return diagnose(
        failure, before: [:], after: [:], host: .box { $0.firstUnprivilegedPort = 1024 },
        demand: .million)
    }
    let low = found("127.0.0.1:80")
    #expect(low.knob == "net.ipv4.ip_unprivileged_port_start")
    #expect(low.fix == "sysctl -w net.ipv4.ip_unprivileged_port_start=80")
    #expect(found("127.0.0.1:1024").knob == nil)
  }
}
