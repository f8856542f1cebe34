/// The keys of the kernel's series in recordings. docs/recording.md says what each series is.
extension Series.Key {
  package static let socketsInUse = Self("tcp.in-use")
  package static let socketsInUseV6 = Self("tcp.in-use", label: "IPv6")
  package static let orphans = Self("tcp.orphans")
  package static let timeWait = Self("tcp.time-wait")
  package static let socketsAllocated = Self("tcp.allocated")

  package static let listenOverflows = Self("tcp.listen-overflows")
  package static let listenDrops = Self("tcp.listen-drops")
  /// ACKs at the end of handshakes that a listener ignored, because it waits for the first bytes of the connection
  /// (TCP_DEFER_ACCEPT).
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

  /// Received ICMP messages 'destination unreachable' of IPv4.
  package static let unreachableReceived = Self("icmp.unreachable-received")
  /// Received ICMP messages 'destination unreachable' of IPv6.
  package static let unreachableReceivedV6 = Self("icmp.unreachable-received", label: "IPv6")
  /// Sent ICMP messages 'destination unreachable' of IPv4.
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

  /// Seconds, since the run started, in which one processor was idle or waited for a disk. The label is the
  /// processor's number.
  package static func idleOfProcessor(_ number: some CustomStringConvertible) -> Self {
    Self("per-cpu.idle", label: number.description)
  }
  /// Seconds, since the run started, that one processor spent on interrupts, soft ones included. The label is the
  /// processor's number.
  package static func softirqOfProcessor(_ number: some CustomStringConvertible) -> Self {
    Self("per-cpu.softirq", label: number.description)
  }

  /// Periods of a control group that have passed. In each period the group may use a set amount of processor
  /// time. The label of this series, and of the next two, is the file that sets the amount.
  package static func periods(_ bound: String) -> Self { Self("cgroup.periods", label: bound) }
  /// Periods in which the group used up its processor time, and was stopped.
  package static func throttledPeriods(_ bound: String) -> Self {
    Self("cgroup.throttled", label: bound)
  }
  /// Seconds for which the group was stopped that way.
  package static func throttledTime(_ bound: String) -> Self {
    Self("cgroup.throttled-time", label: bound)
  }
}
