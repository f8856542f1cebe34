import Linux
import Recording
import Testing

@testable import Host

/// Whether processors were why a phase was slow, on a host of four processors.
@Suite struct PaceDiagnosisTests {
  private static func pace(
    clients: [Double], servers: [Double], waitsAwake: Bool, elapsed: Double
  ) -> PhasePace {
    PhasePace(
      rate: 10, planned: 100, elapsed: elapsed,
      workers: clients.map { .init(end: .client, busySeconds: $0) }
        + servers.map { .init(end: .server, busySeconds: $0) }, clientsWaitAwake: waitsAwake)
  }

  @Test func `processors that others keep busy are no proof that the run wanted more`() {
    func shortage(_ clients: [Double], _ after: [Series.Key: Double] = [:], awake: Bool = false)
      -> String?
    {
      var after = after
      for number in 0..<4 { after[.idleOfProcessor(number)] = 0 }
      let pace = Self.pace(clients: clients, servers: [1], waitsAwake: awake, elapsed: 10)
      return pace.shortage(before: [:], after: after, host: .box { $0.processors = 4 })
    }
    #expect(shortage([1]) == nil)
    #expect(shortage([9.8]) == "the client's worker was busy 98% of the time")
    #expect(shortage([9.8], awake: true) == nil)
    // The server's worker never waits awake.
    let busyServer = Self.pace(clients: [9.8], servers: [9.9], waitsAwake: true, elapsed: 10)
    #expect(
      busyServer.shortage(before: [:], after: [:], host: .box)
        == "the server's worker was busy 99% of the time")
    let group = "/sys/fs/cgroup/b/cpu.max"
    #expect(
      shortage([1], [.periods(group): 10, .throttledPeriods(group): 10], awake: true)
        == "the control group throttled 10 of 10 periods (cpu.max)")
  }

  private func reason(
    idle: [Double] = [9, 9, 9, 9], softirq: [Double] = [0, 0, 0, 0],
    clients: [Double] = [1], servers: [Double] = [1], allowed: [Int] = [0, 1, 2, 3],
    groups: [Series.Key: Double] = [:], before: [Series.Key: Double] = [:],
    waitsAwake: Bool = false, elapsed: Double = 10
  ) -> String {
    let host = HostDescription.box {
      $0.processors = 4
      $0.ownProcessors = Processors(allowed: allowed)
    }
    var after = groups
    for (number, seconds) in idle.enumerated() { after[.idleOfProcessor(number)] = seconds }
    for (number, seconds) in softirq.enumerated() { after[.softirqOfProcessor(number)] = seconds }
    let pace = Self.pace(
      clients: clients, servers: servers, waitsAwake: waitsAwake, elapsed: elapsed)
    return pace.reason(before: before, after: after, host: host)
  }

  @Test func `idle processors and idle workers were not the reason`() {
    #expect(reason() == "the processors were not the reason")
    // Two of four processors were not measured: nobody knows whether they were idle.
    #expect(reason(idle: [0, 0]) == "the processors were not the reason")
  }

  @Test func `a worker that used nearly all of one processor is the reason on an idle host`() {
    #expect(reason(clients: [9.8]) == "the client's worker was busy 98% of the time")
    #expect(reason(servers: [10.02]) == "the server's worker was busy 100% of the time")
    #expect(
      reason(clients: [9.9, 9.2, 3], servers: [1, 1])
        == "2 of 3 client workers were busy 92% of the time or more")
    #expect(reason(clients: [8.9]) == "the processors were not the reason")
  }

  @Test func `a client that waits awake looks busier than it is, and this is said`() {
    #expect(
      reason(clients: [9.8], waitsAwake: true)
        == "the client's worker was busy 98% of the time, part of it awake for the next message")
  }

  @Test func `a control group that used up its time is the reason, since the phase began`() {
    let (v1, v2) = ("/sys/fs/cgroup/cpu/a/cpu.cfs_quota_us", "/sys/fs/cgroup/b/cpu.max")
    #expect(
      reason(
        groups: [.periods(v2): 138, .throttledPeriods(v2): 31],
        before: [.periods(v2): 100, .throttledPeriods(v2): 0])
        == "the control group throttled 31 of 38 periods (cpu.max)")
    #expect(
      reason(groups: [.periods(v1): 10, .throttledPeriods(v1): 10])
        == "the control group throttled 10 of 10 periods (cpu.cfs_quota_us)")
    #expect(
      reason(groups: [.periods(v1): 100, .throttledPeriods(v1): 1])
        == "the processors were not the reason")
  }

  @Test func `one processor full of soft interrupts is the reason`() {
    #expect(
      reason(idle: [9, 9, 9, 0.1], softirq: [0, 0, 0, 9.6])
        == "processor 3 was busy with soft interrupts 96% of the time")
    // Busy with something else, and not busy at all.
    #expect(
      reason(idle: [9, 9, 9, 0.1], softirq: [0, 0, 0, 3]) == "the processors were not the reason")
    #expect(
      reason(idle: [9, 9, 9, 4], softirq: [0, 0, 0, 6]) == "the processors were not the reason")
  }

  @Test func `only processors that runner may use count`() {
    #expect(
      reason(idle: [0.2, 10, 10, 10], clients: [5], servers: [4.7], allowed: [0])
        == "the one processor of 4 that runner may use was busy 98% of the time")
    #expect(
      reason(idle: [0, 0, 10, 10], clients: [5], servers: [4.7], allowed: [0, 1])
        == "the 2 processors of 4 that runner may use were busy 100% of the time")
    #expect(reason(idle: [0, 0, 0, 0.5]) == "every core was busy")
  }

  @Test func `all that was found is said`() {
    #expect(
      reason(idle: [0, 0, 0, 0], clients: [9.9])
        == "the client's worker was busy 99% of the time; every core was busy")
  }

  @Test
  func `messages that found no connection free are the reason, not processors that others use`() {
    func reason(_ blocked: Double, clients: [Double] = [1]) -> String {
      var pace = Self.pace(clients: clients, servers: [], waitsAwake: false, elapsed: 10)
      pace.blocked = blocked
      var after: [Series.Key: Double] = [:]
      for number in 0..<4 { after[.idleOfProcessor(number)] = 0 }
      let host = HostDescription.box {
        $0.processors = 4
        $0.ownProcessors = Processors(allowed: [0, 1, 2, 3])
      }
      return pace.reason(before: [:], after: after, host: host)
    }
    let waited =
      "found no connection free, as each had a message under way that was not answered yet"
    #expect(reason(90) == "90/s \(waited)")
    // A client that reads late keeps its connections busy itself.
    #expect(
      reason(90, clients: [9.8]) == "90/s \(waited); the client's worker was busy 98% of the time")
    // Four workers that fill what there is keep one another's connections busy.
    #expect(
      reason(90, clients: [7.6, 7.6, 7.6, 7.6]) == "90/s \(waited); every core was busy")
    // Most of what is missing was not even tried.
    #expect(reason(20) == "20/s \(waited); every core was busy")
  }

  @Test func `what lasted no longer than a few ticks of their clocks was not measured`() {
    #expect(
      reason(idle: [0, 0, 0, 0], clients: [0.001], servers: [0.001], elapsed: 0.009)
        == "what the processors did was not measured")
    // Workers have clocks that are exact.
    #expect(
      reason(idle: [0, 0, 0, 0], clients: [0.009], servers: [0.001], elapsed: 0.009)
        == "the client's worker was busy 100% of the time")
  }

  @Test func `nothing is denied of processors that were not measured`() {
    #expect(reason(idle: [], softirq: []) == "what the processors did was not measured")
    #expect(
      reason(idle: [], softirq: [], clients: [9.8])
        == "the client's worker was busy 98% of the time")
  }

  @Test(arguments: [(80.0, 100.0, true), (91, 100, false), (1, .infinity, false), (0, 0, false)])
  func `a pace wants a reason when it was missed by more than a tenth`(
    rate: Double, planned: Double, wants: Bool
  ) {
    #expect(
      PhasePace(rate: rate, planned: planned, elapsed: 1, workers: []).wantsReason == wants)
  }
}
