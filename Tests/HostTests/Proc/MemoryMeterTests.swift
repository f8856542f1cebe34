import Testing

@testable import Host

/// How much memory is left, from what the kernel says of it.
@Suite struct MemoryMeterTests {
  private func available(
    meminfo: String, zoneinfo: String = "", sockstat: String = "", perSocket: Int = 1000
  ) -> Int? {
    MemoryMeter.available(
      meminfo: meminfo, zoneinfo: zoneinfo, sockstat: sockstat, bytesPinnedPerSocket: perSocket,
      pageSize: 4096)
  }

  @Test func `what the kernel calls available, where nothing else is known`() {
    #expect(available(meminfo: "MemFree: 10 kB\nMemAvailable: 100 kB\n") == 102_400)
  }

  @Test func `free pages that processors keep at hand count`() {
    let zoneinfo =
      "Node 0, zone DMA\n    cpu: 0\n              count: 2\n    cpu: 1\n              count: 3\n"
    #expect(available(meminfo: "MemAvailable: 100 kB\n", zoneinfo: zoneinfo) == 102_400 + 5 * 4096)
  }

  @Test func `what open sockets pin does not`() {
    let meminfo = "MemAvailable: 100 kB\nSReclaimable: 50 kB\n"
    #expect(available(meminfo: meminfo, sockstat: "sockets: used 40\n") == 102_400 - 40_000)
  }

  @Test func `sockets of other network namespaces count as well`() {
    let meminfo = "MemAvailable: 100 kB\nSReclaimable: 50 kB\n"
    let sockstat = "sockets: used 3\nTCP: inuse 1 orphan 0 tw 0 alloc 40 mem 0\n"
    #expect(available(meminfo: meminfo, sockstat: sockstat) == 102_400 - 40_000)
  }

  @Test func `no more is taken off than the kernel has counted as reclaimable`() {
    let meminfo = "MemAvailable: 100 kB\nSReclaimable: 50 kB\n"
    #expect(available(meminfo: meminfo, sockstat: "sockets: used 90\n") == 51_200)
  }

  @Test func `a kernel that does not say how much is reclaimable has all of it taken off`() {
    #expect(
      available(meminfo: "MemAvailable: 100 kB\n", sockstat: "sockets: used 40\n") == 62_400)
  }

  @Test func `there is never less than nothing`() {
    #expect(available(meminfo: "MemAvailable: 1 kB\n", sockstat: "sockets: used 90\n") == 0)
  }

  @Test(arguments: ["", "MemFree: 10 kB\n", "MemAvailable: much\n"])
  func `nil where the kernel does not say`(meminfo: String) {
    #expect(available(meminfo: meminfo, sockstat: "sockets: used 40\n") == nil)
  }
}
