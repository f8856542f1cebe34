import Linux

extension HostDescription {
  /// Describes the host by what its files say. `current` adds what no file says: the descriptor limit and the
  /// number of this user's tasks. `tryTracking` adds whether loopback is tracked.
  ///
  /// - Parameters:
  ///   - pageSize: bytes per page of memory: /proc/slabinfo gives the size of slabs in pages.
  ///   - read: returns the text of the file at a path; nil where there is none or it cannot be read.
  init(pageSize: Int = 4096, reading read: (String) -> String?) {
    func integer(_ path: String) -> Int? { read(path).flatMap(ProcText.integer) }
    func integers(_ path: String, _ count: Int) -> [Int]? {
      read(path).map(ProcText.integers).flatMap { $0.count == count ? $0 : nil }
    }

    self.init()
    self.pageSize = pageSize
    hostname = read("/proc/sys/kernel/hostname").map(Self.word) ?? ""
    kernel = read("/proc/sys/kernel/osrelease").map(Self.word) ?? ""

    let cpuinfo = read("/proc/cpuinfo") ?? ""
    processorModel = ProcText.line("model name", in: cpuinfo).map(String.init)
    processors = max(1, cpuinfo.split(separator: "\n").count { $0.hasPrefix("processor") })

    let meminfo = read("/proc/meminfo") ?? ""
    memoryTotal = ProcText.amount("MemTotal", in: meminfo) ?? 0
    memoryGroup = GroupBound.tightest(GroupBound.memory(reading: read))
    hasMemoryGroups = GroupMemory.all(reading: read).contains { read($0.statFile) != nil }

    let status = read("/proc/self/status") ?? ""
    // Real, effective, saved, file system.
    let users = ProcText.line("Uid", in: status).map { ProcText.integers(String($0)) } ?? []
    user = users.count > 1 ? users[1] : 0
    capabilities = Capabilities(status: status) ?? []
    hasSeccompFilter = ProcText.line("Seccomp", in: status).flatMap { Int($0) }.map { $0 == 2 }
    isInFirstUserNamespace = read("/proc/self/uid_map").map(Self.isWhole) ?? true
    processorTime = ProcText.line("Max cpu time", in: read("/proc/self/limits") ?? "")
      .map(ProcText.words)?.first.flatMap { Int($0) }
    taskBounds = WorkerBound.all(reading: read)
    ownProcessors = Processors(
      allowed: ProcText.line("Cpus_allowed_list", in: status).map(ProcText.numbers)
        ?? Array(0..<processors),
      quota: GroupBound.processors(reading: read))

    descriptorsAtMost = integer("/proc/sys/fs/nr_open")
    filesAtMost = integer("/proc/sys/fs/file-max")
    filesOpen = integer("/proc/sys/fs/file-nr")
    epollWatches = integer("/proc/sys/fs/epoll/max_user_watches")

    if let range = integers("/proc/sys/net/ipv4/ip_local_port_range", 2), range[0] <= range[1] {
      localPorts = range[0]...range[1]
    }
    reservedPorts =
      read("/proc/sys/net/ipv4/ip_local_reserved_ports").map(ProcText.portRanges) ?? []
    firstUnprivilegedPort = integer("/proc/sys/net/ipv4/ip_unprivileged_port_start")
    somaxconn = integer("/proc/sys/net/core/somaxconn")
    synBacklog = integer("/proc/sys/net/ipv4/tcp_max_syn_backlog")
    timeWaitAtMost = integer("/proc/sys/net/ipv4/tcp_max_tw_buckets")
    sendsCookies = integer("/proc/sys/net/ipv4/tcp_syncookies").map { $0 != 0 }
    abortsOnOverflow = integer("/proc/sys/net/ipv4/tcp_abort_on_overflow") == 1
    hasTimestamps = integer("/proc/sys/net/ipv4/tcp_timestamps") != 0
    let withoutIPv6 = ["all", "lo"].map { integer("/proc/sys/net/ipv6/conf/\($0)/disable_ipv6") }
    ipv6 =
      withoutIPv6[0] == nil
      ? .missing : withoutIPv6[0] == 1 ? .off : withoutIPv6[1] == 1 ? .offOnLoopback : .on
    unusableAddresses = UnusableAddress.all(in: read("/proc/net/if_inet6") ?? "")
    tcpMemory = integers("/proc/sys/net/ipv4/tcp_mem", 3)
    tcpReceive = integers("/proc/sys/net/ipv4/tcp_rmem", 3)
    tcpSend = integers("/proc/sys/net/ipv4/tcp_wmem", 3)
    conntrackAtMost = integer("/proc/sys/net/netfilter/nf_conntrack_max")
    conntrackEntries = integer("/proc/sys/net/netfilter/nf_conntrack_count")
    forwardsPackets = integer("/proc/sys/net/ipv4/ip_forward").map { $0 != 0 }
    // Negative where this network namespace shares the table of the initial one.
    establishedBuckets = integer("/proc/sys/net/ipv4/tcp_ehash_entries").map(abs)
    let sockets = read("/proc/net/sockstat") ?? ""
    let socketsV6 = read("/proc/net/sockstat6") ?? ""
    func inUse(_ protocol: String, _ text: String) -> Int? {
      ProcText.pairs(`protocol`, in: text)["inuse"]
    }
    if let tcp = inUse("TCP", sockets), let udp = inUse("UDP", sockets) {
      socketsInUse = tcp + udp + (inUse("TCP6", socketsV6) ?? 0) + (inUse("UDP6", socketsV6) ?? 0)
    }
    slabs = Slab.read(
      read("/proc/slabinfo") ?? "", names: Self.connectionSlabs, pageSize: pageSize)
    memoryAvailable =
      MemoryMeter.available(
        meminfo: meminfo, zoneinfo: read("/proc/zoneinfo") ?? "", sockstat: sockets,
        bytesPinnedPerSocket: bytesPinnedPerSocket) ?? 0
  }

  /// The caches whose objects a connection takes at some time, from its SYN to its TIME_WAIT.
  private static let connectionSlabs: Set<Substring> = [
    "TCP", "TCPv6", "request_sock_TCP", "request_sock_TCPv6", "tw_sock_TCP", "tw_sock_TCPv6",
    "filp", "lsm_file_cache", "lsm_inode_cache", "dentry", "sock_inode_cache", "eventpoll_epi",
    "eventpoll_pwq", "ep_head",
  ]

  /// Whether a `uid_map` is that of the first user namespace, which maps every user to itself.
  /// Hardly any other namespace does.
  private static func isWhole(_ map: String) -> Bool {
    ProcText.words(map[...]).map { Int($0) } == [0, 0, Int(UInt32.max)]
  }

  private static func word(_ text: String) -> String {
    String(text.prefix { $0 != "\n" })
  }
}
