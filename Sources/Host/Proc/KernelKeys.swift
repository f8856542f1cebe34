package import Recording

/// The kernel's series, as recordings name them.
extension Series.Key {
  package static let socketsInUse = Self("tcp.in-use")
  package static let socketsInUseV6 = Self("tcp.in-use", label: "IPv6")
  package static let orphans = Self("tcp.orphans")
  package static let timeWait = Self("tcp.time-wait")
  package static let socketsAllocated = Self("tcp.allocated")

  package static let listenOverflows = Self("tcp.listen-overflows")
  package static let listenDrops = Self("tcp.listen-drops")
  /// Ends of handshakes that a listener put off until the first bytes come (TCP_DEFER_ACCEPT).
  package static let deferredAccepts = Self("tcp.deferred-accepts")
  package static let requestQueueFull = Self("tcp.request-queue-full-drops")
  package static let requestQueueCookies = Self("tcp.request-queue-full-cookies")
  package static let cookiesSent = Self("tcp.syncookies-sent")
  package static let timeouts = Self("tcp.timeouts")
  package static let synRetransmits = Self("tcp.syn-retransmits")
  package static let backlogDrops = Self("tcp.backlog-drops")
  package static let abortsOnMemory = Self("tcp.aborts-on-memory")
  package static let prunes = Self("tcp.prunes")
  package static let passiveOpens = Self("tcp.passive-opens")
  package static let attemptFails = Self("tcp.attempt-fails")
  package static let establishedResets = Self("tcp.established-resets")
  package static let resetsSent = Self("tcp.resets-sent")
  package static let retransmits = Self("tcp.retransmits")

  /// Messages of ICMP, 'destination unreachable', that came and that were sent.
  package static let unreachableReceived = Self("icmp.unreachable-received")
  package static let unreachableReceivedV6 = Self("icmp.unreachable-received", label: "IPv6")
  package static let unreachableSent = Self("icmp.unreachable-sent")

  package static let memoryFree = Self("memory.free")
  package static let slabUnreclaimable = Self("memory.slab-unreclaimable")
  package static let cgroupMemory = Self("memory.cgroup")
  package static let cgroupMemoryLeft = Self("memory.cgroup-left")
  package static let cgroupFull = Self("memory.cgroup-full")
  package static let cgroupKills = Self("memory.cgroup-oom-kills")
  package static let cgroupOutOfMemory = Self("memory.cgroup-out-of-memory")
  package static let oomKills = Self("memory.oom-kills")
  package static let filesOpen = Self("files.open")
  package static let conntrackEntries = Self("conntrack.entries")
  package static let conntrackDrops = Self("conntrack.drops")

  package static let cpuPressure = Self("pressure.cpu")
  package static let cpuStalled = Self("pressure.cpu.stalled")
  package static let memoryPressure = Self("pressure.memory")
  package static let memoryStalled = Self("pressure.memory.stalled")

  package static let cpuUser = Self("cpu.user")
  package static let cpuSystem = Self("cpu.system")
  package static let cpuSoftirq = Self("cpu.softirq")
  package static let cpuIdle = Self("cpu.idle")
  package static let cpuIOWait = Self("cpu.iowait")
  package static let cpuSteal = Self("cpu.steal")

  /// Seconds of one processor, by its number.
  package static func idleOfProcessor(_ number: some CustomStringConvertible) -> Self {
    Self("per-cpu.idle", label: number.description)
  }
  package static func softirqOfProcessor(_ number: some CustomStringConvertible) -> Self {
    Self("per-cpu.softirq", label: number.description)
  }

  /// Periods of a control group's processor time, and those at whose end it had none left. The file
  /// that bounds the group is the label.
  package static func periods(_ bound: String) -> Self { Self("cgroup.periods", label: bound) }
  package static func throttledPeriods(_ bound: String) -> Self {
    Self("cgroup.throttled", label: bound)
  }
  package static func throttledTime(_ bound: String) -> Self {
    Self("cgroup.throttled-time", label: bound)
  }
}
