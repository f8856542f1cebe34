import Recording

/// The readings in the text of each file of the kernel. Counters have the kernel's own values: they count since
/// boot, since the network namespace was made, or since the control group was. `KernelSeries` subtracts what they
/// had at its start.
enum KernelText {
  /// `/proc/net/sockstat`. `inuse` counts the sockets of IPv4 only, the other fields those of both families.
  static func sockstat(_ text: String) -> [Reading] {
    let values = ProcText.pairs("TCP", in: text)
    let fields: [(Substring, Series.Key, String)] = [
      ("inuse", .socketsInUse, "sockets"), ("orphan", .orphans, "sockets"),
      ("tw", .timeWait, "sockets"), ("alloc", .socketsAllocated, "sockets"),
      ("mem", .tcpPages, "pages"),
    ]
    return fields.compactMap { field, key, unit in
      values[field].map { gauge(key, unit, Double($0)) }
    }
  }

  /// `/proc/net/sockstat6`: sockets of IPv6 in use.
  static func sockstat6(_ text: String) -> [Reading] {
    guard let count = ProcText.pairs("TCP6", in: text)["inuse"] else { return [] }
    return [gauge(.socketsInUseV6, "sockets", Double(count))]
  }

  /// `/proc/meminfo`, which has kB; the readings have bytes.
  static func meminfo(_ text: String) -> [Reading] {
    let fields: [(String, Series.Key)] = [
      ("MemAvailable", .memoryAvailable), ("MemFree", .memoryFree), ("Slab", .slab),
      ("SUnreclaim", .slabUnreclaimable),
    ]
    return fields.compactMap { field, key in
      ProcText.amount(field, in: text).map { gauge(key, "bytes", Double($0)) }
    }
  }

  /// `/proc/net/netstat`; the names are those of net/ipv4/proc.c.
  static func netstat(_ text: String) -> [Reading] {
    counters(
      ProcText.table("TcpExt", in: text),
      [
        ("ListenOverflows", .listenOverflows), ("ListenDrops", .listenDrops),
        ("TCPDeferAcceptDrop", .deferredAccepts),
        ("TCPReqQFullDrop", .requestQueueFull), ("TCPReqQFullDoCookies", .requestQueueCookies),
        ("SyncookiesSent", .cookiesSent), ("TCPTimeouts", .timeouts),
        ("TCPSynRetrans", .synRetransmits), ("TCPBacklogDrop", .backlogDrops),
        ("TCPAbortOnMemory", .abortsOnMemory), ("PruneCalled", .prunes),
      ])
  }

  /// `/proc/net/snmp`.
  static func snmp(_ text: String) -> [Reading] {
    counters(
      ProcText.table("Tcp", in: text),
      [
        ("PassiveOpens", .passiveOpens), ("AttemptFails", .attemptFails),
        ("EstabResets", .establishedResets),
        ("OutRsts", .resetsSent), ("RetransSegs", .retransmits),
      ])
      + counters(
        ProcText.table("Icmp", in: text),
        [("InDestUnreachs", .unreachableReceived), ("OutDestUnreachs", .unreachableSent)])
  }

  /// `/proc/net/snmp6`: one name and its value per line.
  static func snmp6(_ text: String) -> [Reading] {
    guard let count = ProcText.amount("Icmp6InDestUnreachs", in: text) else { return [] }
    return counters(["": count], [("", .unreachableReceivedV6)])
  }

  /// `/proc/sys/fs/file-nr`: allocated, free (always 0), maximum.
  static func fileNumbers(_ text: String) -> [Reading] { level(.filesOpen, "files", text) }

  static func conntrack(_ text: String) -> [Reading] {
    level(.conntrackEntries, "connections", text)
  }

  /// `/proc/net/stat/nf_conntrack`: a line of names, then one per processor, in hexadecimal
  /// (`ct_cpu_seq_show` in net/netfilter/nf_conntrack_standalone.c).
  static func conntrackDrops(_ text: String) -> [Reading] {
    let lines = ProcText.lines(text).map(ProcText.words)
    guard let names = lines.first, let column = names.firstIndex(of: "drop"), lines.count > 1,
      lines.allSatisfy({ $0.count == names.count })
    else { return [] }
    let counts = lines.dropFirst().compactMap { Int($0[column], radix: 16) }
    guard counts.count == lines.count - 1 else { return [] }
    return [
      Reading(
        .conntrackDrops, unit: "packets", kind: .counter, value: Double(counts.reduce(0, +)))
    ]
  }

  static func cgroupMemory(_ text: String) -> [Reading] { level(.cgroupMemory, "bytes", text) }

  /// `memory.events` of a control group: how often `memory.max` was met, and how often an allocation was about
  /// to fail for that reason, so that the kernel turned to its OOM killer. Both count the bounds of the group
  /// and of all groups below it (Documentation/admin-guide/cgroup-v2.rst).
  static func cgroupEvents(_ text: String) -> [Reading] {
    let fields: [(String, Series.Key)] = [("max", .cgroupFull), ("oom", .cgroupOutOfMemory)]
    return fields.compactMap { field, key in
      ProcText.amount(field, in: text).map { event(key, $0) }
    }
  }

  /// `memory.failcnt` of a control group of version 1: how often its own bound was met.
  static func cgroupFailures(_ text: String) -> [Reading] {
    ProcText.integer(text).map { [event(.cgroupFull, $0)] } ?? []
  }

  /// `memory.events` of version 2, `memory.oom_control` of version 1: processes of the group that
  /// the kernel killed for want of memory, whether of the group, of a group above or of the machine
  /// (`__oom_kill_process` in mm/oom_kill.c).
  static func cgroupKills(_ text: String) -> [Reading] {
    guard let kills = ProcText.amount("oom_kill", in: text) else { return [] }
    return [Reading(.cgroupKills, unit: "processes", kind: .counter, value: Double(kills))]
  }

  /// `/proc/vmstat`: processes of the whole machine that the kernel killed for want of memory.
  static func vmstat(_ text: String) -> [Reading] {
    guard let kills = ProcText.amount("oom_kill", in: text) else { return [] }
    return [Reading(.oomKills, unit: "processes", kind: .counter, value: Double(kills))]
  }

  /// `/proc/pressure/cpu` and `memory`: the share of the last ten seconds in which some task waited, in percent,
  /// and for how long in all some task waited. The file has that in microseconds, the reading in seconds
  /// (Documentation/accounting/psi.rst).
  static func pressure(
    _ text: String, share: Series.Key, stalled: Series.Key
  ) -> [Reading] {
    guard let some = ProcText.line("some", in: text) else { return [] }
    var readings: [Reading] = []
    for word in ProcText.words(some) {
      let parts = word.split(separator: "=")
      guard parts.count == 2, let value = Double(parts[1]) else { continue }
      if parts[0] == "avg10" { readings.append(gauge(share, "%", value)) }
      if parts[0] == "total" {
        readings.append(Reading(stalled, unit: "s", kind: .counter, value: value / 1_000_000))
      }
    }
    return readings
  }

  /// How many processors at most have series of their own.
  private static let mostProcessors = 256

  /// The lines of `/proc/stat` after the first: for each processor, the time that it was idle or
  /// waited for a disk, and the time of its interrupts.
  static func processors(_ text: String) -> [Reading] {
    ProcText.lines(text).dropFirst().prefix { $0.hasPrefix("cpu") }.prefix(mostProcessors)
      .flatMap { line -> [Reading] in
        let words = ProcText.words(line)
        let ticks = words.dropFirst().compactMap { Int($0) }
        guard ticks.count >= 8, let number = words.first?.dropFirst("cpu".count) else { return [] }
        return [
          seconds(.idleOfProcessor(number), Double(ticks[3] + ticks[4]) / ticksPerSecond),
          seconds(.softirqOfProcessor(number), Double(ticks[5] + ticks[6]) / ticksPerSecond),
        ]
      }
  }

  /// `cpu.stat` of a control group whose processor time the file `bound` bounds. Version 2 has
  /// `throttled_usec`, in microseconds; version 1 has `throttled_time`, in nanoseconds.
  static func throttling(_ text: String, by bound: String) -> [Reading] {
    let counts: [(String, Series.Key)] = [
      ("nr_periods", .periods(bound)), ("nr_throttled", .throttledPeriods(bound)),
    ]
    let time =
      ProcText.amount("throttled_usec", in: text).map { Double($0) / 1e6 }
      ?? ProcText.amount("throttled_time", in: text).map { Double($0) / 1e9 }
    return counts.compactMap { field, key in
      ProcText.amount(field, in: text).map {
        Reading(key, unit: "periods", kind: .counter, value: Double($0))
      }
    } + [time.map { seconds(.throttledTime(bound), $0) }].compactMap(\.self)
  }

  /// The first line of `/proc/stat`: all processors together. `user` includes `nice`, `softirq`
  /// includes `irq`; the guest's time is part of `user` already (proc_stat(5)).
  static func stat(_ text: String) -> [Reading] {
    guard let line = ProcText.line("cpu", in: text) else { return [] }
    let ticks = ProcText.integers(String(line))
    guard ticks.count >= 8 else { return [] }
    let modes: [(Series.Key, Int)] = [
      (.cpuUser, ticks[0] + ticks[1]), (.cpuSystem, ticks[2]), (.cpuIdle, ticks[3]),
      (.cpuIOWait, ticks[4]), (.cpuSoftirq, ticks[5] + ticks[6]), (.cpuSteal, ticks[7]),
    ]
    return modes.map { key, ticks in seconds(key, Double(ticks) / ticksPerSecond) }
  }

  /// USER_HZ, which the kernel holds at 100 for programs whatever its own tick is.
  private static let ticksPerSecond = 100.0

  private static func seconds(_ key: Series.Key, _ value: Double) -> Reading {
    Reading(key, unit: "s", kind: .counter, value: value)
  }

  private static func gauge(_ key: Series.Key, _ unit: String, _ value: Double) -> Reading {
    Reading(key, unit: unit, kind: .gauge, value: value)
  }

  private static func event(_ key: Series.Key, _ count: Int) -> Reading {
    Reading(key, unit: "events", kind: .counter, value: Double(count))
  }

  private static func level(_ key: Series.Key, _ unit: String, _ text: String) -> [Reading] {
    ProcText.integer(text).map { [gauge(key, unit, Double($0))] } ?? []
  }

  /// A counter that this kernel does not have is left out.
  private static func counters(
    _ values: [Substring: Int], _ fields: [(Substring, Series.Key)]
  ) -> [Reading] {
    fields.compactMap { field, key in
      values[field].map { Reading(key, unit: "events", kind: .counter, value: Double($0)) }
    }
  }
}
