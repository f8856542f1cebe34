import Addressing
import Testing

@testable import Host

/// What a run leaves to other programs of the ports that the kernel gives to `connect`.
@Suite struct SourcePortsTests {
  @Test func `the kernel's own range is used last, and its uppermost tenth not at all`() {
    let host = HostDescription.box
    #expect(host.portsLeftToOthers == 58_176...60_999)
    #expect("\(host.sourcePorts)" == "1024-32767, 61000-65535, 32768-58175")
    #expect(host.sourcePorts.count == 61_688)
  }

  @Test func `reserved ports are left out`() {
    let reserved: [ClosedRange<UInt16>] = [8080...8080, 30_000...32_800, 60_999...60_999]
    let host = HostDescription.box { $0.reservedPorts = reserved }
    #expect("\(host.sourcePorts)" == "1024-8079, 8081-29999, 61000-65535, 32801-58175")
  }

  @Test(
    arguments: [
      (1024...65_535, "1024-59083"), (1024...1033, "1034-65535, 1024-1032"),
      (500...2000, "2001-65535, 1024-1849"), (40_000...40_000, "1024-39999, 40001-65535"),
    ] as [(ClosedRange<Int>, String)])
  func `of a wide range more is left, and of a narrow one at least a port`(
    range: ClosedRange<Int>, ports: String
  ) {
    #expect("\(HostDescription.box { $0.localPorts = range }.sourcePorts)" == ports)
  }

  @Test func `a host that tells no range, or reserves all, has every unprivileged port`() {
    let untold = HostDescription.box { $0.localPorts = nil }
    #expect("\(untold.sourcePorts)" == "1024-65535")
    let reserved = HostDescription.box { $0.reservedPorts = [0...65_535] }
    #expect("\(reserved.sourcePorts)" == "1024-65535")
  }

  @Test func `twenty sources hold a million, whatever the range is`() {
    for range in [32_768...60_999, 1024...65_535, 15_000...65_000] {
      let host = HostDescription.box { $0.localPorts = range }
      #expect(20 * host.sourcePorts.count >= 1_000_000)
    }
  }

  @Test func `what a run takes from others is known before it begins`() {
    let host = HostDescription.box
    let all = PortSet(HostDescription.unprivilegedPorts)
    #expect(host.localPortsTaken(by: all, each: 1250) == 1250)
    #expect(host.localPortsTaken(by: all, each: 62_500) == 28_232)
    #expect(host.localPortsTaken(by: host.sourcePorts, each: 62_500) == 25_408)
    #expect(host.takesFromOthers(28_232))
    #expect(!host.takesFromOthers(25_408))
    #expect(!HostDescription.box { $0.localPorts = nil }.takesFromOthers(0))
  }

  @Test func `lists of reserved ports are read as the kernel writes them`() {
    #expect(ProcText.portRanges("\n") == [])
    #expect(ProcText.portRanges("8080,9000-9003\n") == [8080...8080, 9000...9003])
    #expect(ProcText.portRanges("9-3,x,70000\n") == [])
  }
}
