import Linux
import Recording
import Testing

@testable import Host

/// Memory that is short, and workers that die.
@Suite struct MemoryDiagnosisTests {
  @Test func `a control group that is full is what is raised, with the file of its version`() {
    func found(isVersion2: Bool) -> Diagnosed {
      HostTests.found(
        .failed("socket", "ENOMEM"), after: [.cgroupMemoryLeft: 1_048_576],
        host: .box(group: 1 << 30, used: 100 << 20, isVersion2: isVersion2))
    }
    #expect(found(isVersion2: true).knob == "memory.max")
    #expect(found(isVersion2: true).now == 1 << 30)
    #expect(found(isVersion2: true).fix?.hasSuffix(" | tee /sys/fs/cgroup/a/memory.max") == true)
    #expect(
      found(isVersion2: false).fix == "echo 6100000000 | tee /sys/fs/cgroup/a/memory.limit_in_bytes"
    )
  }

  @Test func `a kill is one for want of memory when the worker's own group counts it`() {
    func death(own: Double, full: Double, available: Int = 20 << 30) -> Diagnosed {
      diagnose(
        WorkerRecord(id: 3, end: .client, pid: 42, signal: 9),
        before: [.oomKills: 1, .cgroupKills: 1, .cgroupFull: 1],
        after: [
          .oomKills: 2, .cgroupKills: own, .cgroupFull: full, .cgroupMemoryLeft: Double(50 << 20),
          .memoryAvailable: Double(available),
        ], host: .box(group: 64 << 20, used: 9 << 20, isVersion2: false), demand: .million)
    }
    let ofGroup = death(own: 2, full: 5)
    #expect(ofGroup.resource == .memory)
    #expect(ofGroup.knob == "memory.limit_in_bytes")
    #expect(ofGroup.now == 64 << 20)
    #expect(value("memory.cgroup-oom-kills", in: ofGroup) == "+1")
    // The machine's memory ran out, and the group's bound had no part in it.
    #expect(death(own: 2, full: 1, available: 100 << 20).knob == "RAM")
    // Neither is to blame as far as one sees: a bound above may be.
    #expect(death(own: 2, full: 1).resource == .memory)
    #expect(death(own: 2, full: 1).knob == nil)
    // Another group ran out meanwhile, and this worker was killed by somebody.
    #expect(death(own: 1, full: 5).resource == .workerDied)
  }

  @Test func `where only the host counts kills, the log is named and nothing is guessed`() {
    let found = diagnose(
      WorkerRecord(id: 3, end: .client, pid: 42, signal: 9), before: [.oomKills: 1],
      after: [.oomKills: 2], host: .box { $0.hasMemoryGroups = true }, demand: .million)
    #expect(found.resource == .workerDied)
    #expect(
      value("killed for want of memory", in: found)
        == "not told here; `dmesg | grep 'Killed process 42 '` tells")
  }

  @Test func `the guard of a group names the group, never the machine`() {
    let guarded = found(
      .failed("memory-guard", nil),
      after: [.memoryAvailable: Double(20 << 30), .cgroupMemoryLeft: Double(50 << 20)],
      host: .box(group: 1 << 30, used: 20 << 20, isVersion2: false),
      demand: .million { $0.memoryGuard = .share(0.05) })
    #expect(guarded.resource == .memoryGuard)
    #expect(guarded.knob == "memory.limit_in_bytes")
    #expect(guarded.now == 1 << 30)
    #expect((guarded.needed ?? 0) > 5 << 30)
  }

  @Test func `what open sockets pin is not left, for the diagnosis as for the guard`() {
    // 5.5 GiB by the kernel's count, of which 4.8 million sockets pin 4.7.
    let after: [Series.Key: Double] = [
      .memoryAvailable: 5.5 * 0x1p30, .socketsAllocated: 4_800_000,
      .slab: 10 * 0x1p30, .slabUnreclaimable: 4 * 0x1p30, .cgroupMemoryLeft: 2.4 * 0x1p30,
    ]
    let host = HostDescription.box(group: 15 << 30, used: 1 << 30)
    let guarded = found(
      .failed("memory-guard", nil), after: after, host: host,
      demand: .million { $0.memoryGuard = .share(0.05) })
    #expect(guarded.knob == "RAM")
    #expect(
      value("memory available", in: guarded) == Format.bytes(5_905_580_032 - 4_800_000 * 1057))
    #expect(value("short of the goal by", in: guarded) != "0 B")
    let refused = found(.failed("socket", "ENOMEM"), after: after, host: host)
    #expect(refused.knob == "RAM")
  }

  @Test func `the group that is named is the one that leaves the least now`() {
    func found(_ syscall: String, _ errno: String?) -> Diagnosed {
      let inner = HostDescription.box(group: 2 << 30, used: 20 << 20).memoryGroup
      return diagnose(
        .failed(syscall, errno), before: [:], after: [.cgroupMemoryLeft: Double(1 << 20)],
        host: .box {
          $0.memoryGroup = GroupBound(
            "memory.max", of: ControlGroup(directory: "/sys/fs/cgroup", isVersion2: true),
            most: 8 << 30, used: 7 << 30)
        }, demand: .million, tightestGroup: inner)
    }
    for found in [found("memory-guard", nil), found("socket", "ENOMEM")] {
      #expect(value("cgroup", in: found) == "/sys/fs/cgroup/a")
      #expect(found.now == 2 << 30)
    }
  }

  @Test func `a bound of a group above is named so, and has no command`() {
    let host = HostDescription.box {
      $0.memoryGroup = GroupBound(
        GroupBound.ofGroupAbove, of: ControlGroup(directory: "/sys/fs/cgroup/a", isVersion2: false),
        most: 1 << 30, used: 20 << 20)
    }
    let found = found(.failed("memory-guard", nil), after: [.cgroupMemoryLeft: 1000], host: host)
    #expect(found.knob == "memory.limit_in_bytes of a group above")
    #expect(found.fix == nil)
    let item = Checkup(.million, on: host).items.first { $0.setting == found.knob }
    #expect(item?.status == .short)
    #expect(item?.change == nil)
  }

  // MARK: - Workers

  @Test func `a worker that the OOM killer took is a matter of memory`() {
    func death(signal: Int?, exitCode: Int? = nil, kills: Double) -> Diagnosed {
      diagnose(
        WorkerRecord(id: 3, end: .client, pid: 42, exitCode: exitCode, signal: signal),
        before: [.oomKills: 1], after: [.oomKills: kills], host: .box, demand: .million)
    }
    #expect(death(signal: 9, kills: 2).resource == .memory)
    #expect(death(signal: 9, kills: 2).knob == "RAM")
    // What the other workers still hold is the run's, and no other program's.
    let host = HostDescription.box {
      $0.memoryTotal = 16 << 30; $0.memoryAvailable = 15 << 30
    }
    func needed(held: Double) -> Int {
      diagnose(
        WorkerRecord(id: 3, end: .client, pid: 42, signal: 9), before: [.oomKills: 1],
        after: [.oomKills: 2, .memoryAvailable: Double(1 << 30), .established: held], host: host,
        demand: .million
      ).needed ?? 0
    }
    let each = Demand.million.bytesPerConnection(on: host)
    #expect(needed(held: 100_000) - needed(held: 200_000) == 100_000 * each)
    #expect(death(signal: 9, kills: 1).resource == .workerDied)
    #expect(death(signal: 11, kills: 2).resource == .workerDied)
    let exited = death(signal: nil, exitCode: 1, kills: 1)
    #expect(value("worker 3", in: exited) == "process 42 ended with exit code 1")
  }

  @Test func `a worker that has used up its processor time is told by RLIMIT_CPU`() {
    func death(signal: Int, used: Double, atTicks: Double? = nil, most: Int?) -> Diagnosed {
      var worker = WorkerRecord(id: 3, end: .client, pid: 42, signal: signal)
      (worker.userTime, worker.systemTime) = (used / 4, used * 3 / 4)
      worker.timeAtTicks = atTicks
      return diagnose(
        worker, before: [:], after: [:], host: .box { $0.processorTime = most }, demand: .million)
    }
    let used = death(signal: 9, used: 10, most: 10)
    #expect(used.resource == .workerDied)
    #expect(used.knob == "RLIMIT_CPU")
    #expect(used.now == 10)
    #expect(death(signal: 24, used: 9.95, most: 10).knob == "RLIMIT_CPU")
    #expect(death(signal: 9, used: 9.8, most: 10).knob == nil)
    #expect(death(signal: 11, used: 10, most: 10).knob == nil)
    // What the clock's ticks have counted decides, whatever the exact time is.
    let counted = death(signal: 9, used: 6.7, atTicks: 10.002, most: 10)
    #expect(counted.knob == "RLIMIT_CPU")
    #expect(
      value("processor time", in: counted) == "10 s: all that RLIMIT_CPU grants a process")
    #expect(death(signal: 9, used: 12, atTicks: 8, most: 10).knob == nil)
    #expect(death(signal: 9, used: 10, most: nil).knob == nil)
  }
}
