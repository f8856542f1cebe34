import Recording
import Testing

@testable import Host

@Suite struct KernelTextTests {
  @Test func `reads each processor of stat, and none of what follows`() {
    let values = KernelText.processors(
      """
      cpu  9 9 9 9 9 9 9 9 0 0
      cpu0 10 0 20 300 5 1 40 0 0 0
      cpu11 10 0 20 700 0 0 2 0 0 0
      intr 1 2 3 4 5 6 7 8 9
      """
    ).values
    #expect(
      values == [
        .idleOfProcessor(0): 3.05, .softirqOfProcessor(0): 0.41, .idleOfProcessor(11): 7,
        .softirqOfProcessor(11): 0.02,
      ])
  }

  @Test func `reads how often a control group was throttled, in both versions`() {
    let v2 = KernelText.throttling(
      "usage_usec 5\nnr_periods 38\nnr_throttled 31\nthrottled_usec 2500000\n", by: "cpu.max")
    #expect(
      v2.values == [
        .periods("cpu.max"): 38, .throttledPeriods("cpu.max"): 31, .throttledTime("cpu.max"): 2.5,
      ])
    let v1 = KernelText.throttling(
      "nr_periods 38\nnr_throttled 31\nthrottled_time 2500000000\n", by: "a")
    #expect(
      v1.values == [.periods("a"): 38, .throttledPeriods("a"): 31, .throttledTime("a"): 2.5])
    #expect(KernelText.throttling("usage_usec 5\n", by: "a").isEmpty)
  }

  @Test func `reads sockstat`() {
    let values = KernelText.sockstat(
      """
      sockets: used 24
      TCP: inuse 1 orphan 2 tw 3 alloc 4 mem 209
      UDP: inuse 7 mem 8
      """
    ).values
    let expected: [Series.Key: Double] = [
      .socketsInUse: 1, .orphans: 2, .timeWait: 3, .socketsAllocated: 4, .tcpPages: 209,
    ]
    #expect(values == expected)
    #expect(KernelText.sockstat6("TCP6: inuse 5\nUDP6: inuse 0\n").values == [.socketsInUseV6: 5])
  }

  @Test func `reads memory in bytes`() {
    let values = KernelText.meminfo(
      """
      MemTotal:       24684084 kB
      MemFree:        23070472 kB
      MemAvailable:   23956940 kB
      Slab:             110324 kB
      SReclaimable:      86564 kB
      SUnreclaim:        23760 kB
      """
    ).values
    let expected: [Series.Key: Double] = [
      .memoryFree: 23_624_163_328, .memoryAvailable: 24_531_906_560,
      .slab: 112_971_776, .slabUnreclaimable: 24_330_240,
    ]
    #expect(values == expected)
  }

  @Test func `reads the counters that a kernel has and leaves out the others`() {
    let values = KernelText.netstat(
      """
      TcpExt: SyncookiesSent PruneCalled ListenOverflows ListenDrops TCPTimeouts
      TcpExt: 0 1 22 23 4
      IpExt: InNoRoutes ListenDrops
      IpExt: 0 99
      """
    ).values
    let expected: [Series.Key: Double] = [
      .cookiesSent: 0, .prunes: 1, .listenOverflows: 22, .listenDrops: 23, .timeouts: 4,
    ]
    #expect(values == expected)
  }

  @Test func `reads snmp`() {
    let values = KernelText.snmp(
      """
      Ip: Forwarding DefaultTTL
      Ip: 1 64
      Tcp: RtoAlgorithm MaxConn AttemptFails EstabResets CurrEstab RetransSegs InErrs OutRsts
      Tcp: 1 -1 5 6 0 7 0 8
      """
    ).values
    #expect(
      values == [.attemptFails: 5, .establishedResets: 6, .retransmits: 7, .resetsSent: 8])
  }

  @Test func `reads processor time by mode in seconds`() {
    let values = KernelText.stat(
      """
      cpu  14780 20 4756 191065 961 8 92 466 0 0
      cpu0 6371 0 1992 97366 68 0 9 234 0 0
      intr 1 2 3
      """
    ).values
    let expected: [Series.Key: Double] = [
      .cpuUser: 148, .cpuSystem: 47.56, .cpuIdle: 1910.65, .cpuIOWait: 9.61, .cpuSoftirq: 1,
      .cpuSteal: 4.66,
    ]
    #expect(values == expected)
  }

  @Test func `reads pressure as a share and as seconds stalled`() {
    let values = KernelText.pressure(
      """
      some avg10=15.37 avg60=3.84 avg300=3.30 total=40328424
      full avg10=9.00 avg60=0.00 avg300=0.00 total=1
      """, share: .cpuPressure, stalled: .cpuStalled
    ).values
    #expect(values == [.cpuPressure: 15.37, .cpuStalled: 40.328424])
  }

  @Test func `reads single levels`() {
    #expect(KernelText.fileNumbers("883\t0\t2466170\n").values == [.filesOpen: 883])
    #expect(KernelText.conntrack("17\n").values == [.conntrackEntries: 17])
    let drops = "entries found drop early_drop\n000007d0 00000000 0000001f 00000001\n"
    #expect(
      KernelText.conntrackDrops(drops + "000007d0 00000002 00000001 00000000\n").values
        == [.conntrackDrops: 32])
    #expect(KernelText.vmstat("pgfault 1\noom_kill 3\n").values == [.oomKills: 3])
  }

  @Test(arguments: [
    "", "\n", "TCP:", "TCP: inuse", "TcpExt: A B\n", "TcpExt: ListenDrops\nTcpExt: x",
    "Tcp: AttemptFails\n", "cpu", "cpu 1 2", "some", "some avg10 total=", "MemFree:", "oom_kill",
    "MemFree: lots kB", "entries drop\n", "entries drop\n1\n", "entries drop\n1 x\n",
  ])
  func `text that is cut off or not understood has no readings`(text: String) {
    let readings = [
      KernelText.sockstat(text), KernelText.sockstat6(text), KernelText.meminfo(text),
      KernelText.netstat(text), KernelText.snmp(text), KernelText.stat(text),
      KernelText.conntrackDrops(text), KernelText.cgroupEvents(text),
      KernelText.vmstat(text), KernelText.fileNumbers(text), KernelText.conntrack(text),
      KernelText.pressure(text, share: .cpuPressure, stalled: .cpuStalled),
    ].flatMap(\.self)
    #expect(readings == [])
  }
}
