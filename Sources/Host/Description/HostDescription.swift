package import Linux
package import Recording
package import SystemPackage

/// What a machine is and what it grants: everything that bears on how many connections it holds.
///
/// A value through and through, so that predictions and diagnoses can be tested for any machine. An
/// optional is nil where the kernel does not tell, unless its comment says otherwise.
package struct HostDescription: Sendable, Equatable {
  package var hostname = ""
  package var kernel = ""
  package var processorModel: String?
  package var processors = 1
  package var ownProcessors = Processors(allowed: [0])
  package var pageSize = 4096
  /// Bytes.
  package var memoryTotal = 0
  /// Bytes that can be had without swapping; see `MemoryMeter.available`.
  package var memoryAvailable = 0
  /// Of all control groups' memory bounds, the one that leaves the least; nil where no group has a bound.
  package var memoryGroup: GroupBound?
  /// Whether the kernel counts memory by control groups at all, with a bound or without.
  package var hasMemoryGroups = false

  /// The effective user and the effective capabilities of this process. If it is in a user namespace of its
  /// own, they count only for what belongs to that namespace: see `hostCapabilities`.
  package var user = 0
  package var capabilities: Capabilities = []
  /// Whether this process is in the initial user namespace (user_namespaces(7)).
  package var isInFirstUserNamespace = true
  /// Whether a seccomp filter decides on this process's system calls.
  package var hasSeccompFilter: Bool?
  /// The soft RLIMIT_CPU: seconds of processor time after which the kernel ends a process; nil for no
  /// bound.
  package var processorTime: Int?
  /// The bounds on how many processes and threads can be started.
  package var taskBounds: [WorkerBound] = []

  /// RLIMIT_NOFILE.
  package var descriptors = ResourceLimit(soft: 1024, hard: 1024)
  /// Whether this process has raised `descriptors` already, and will not raise the limit further.
  package var hasRaisedDescriptors = false
  /// `fs.nr_open`: what RLIMIT_NOFILE can be raised to at most.
  package var descriptorsAtMost: Int?
  /// `fs.file-max`: the most open files of the whole host.
  package var filesAtMost: Int?
  package var filesOpen: Int?
  /// `fs.epoll.max_user_watches`: the most watches of each user, root included.
  package var epollWatches: Int?

  /// `net.ipv4.ip_local_port_range`, from which the kernel gives a port to a connection that names none.
  package var localPorts: ClosedRange<Int>?
  /// `net.ipv4.ip_local_reserved_ports`: kept by the administrator for services.
  package var reservedPorts: [ClosedRange<UInt16>] = []
  /// `net.ipv4.ip_unprivileged_port_start`: the first port that anybody may bind.
  package var firstUnprivilegedPort: Int?
  /// `net.core.somaxconn`.
  package var somaxconn: Int?
  /// `net.ipv4.tcp_max_syn_backlog`.
  package var synBacklog: Int?
  /// `net.ipv4.tcp_max_tw_buckets`.
  package var timeWaitAtMost: Int?
  /// `net.ipv4.tcp_abort_on_overflow`: whether a full accept queue resets what it cannot take.
  package var abortsOnOverflow = false
  /// `net.ipv4.tcp_syncookies`: whether a listener with a full SYN queue answers with SYN cookies.
  package var sendsCookies: Bool?
  /// `net.ipv4.tcp_timestamps`: with them a client that has bound its source port can use a tuple in
  /// TIME_WAIT again at once.
  package var hasTimestamps = true
  package var ipv6 = IPv6.missing
  /// IPv6 addresses that an interface of this host has and that could not be used when it was described.
  package var unusableAddresses: [UnusableAddress] = []
  /// `net.ipv4.tcp_mem`, in pages: low, pressure, high.
  package var tcpMemory: [Int]?
  /// `net.ipv4.tcp_rmem` and `tcp_wmem`, in bytes: least, at first, most.
  package var tcpReceive: [Int]?
  package var tcpSend: [Int]?
  /// `net.netfilter.nf_conntrack_max`.
  package var conntrackAtMost: Int?
  package var conntrackEntries: Int?
  /// Whether a packet over loopback makes a conntrack entry; nil where that was not tried (`tryTracking`), or
  /// the attempt showed nothing.
  package var tracksLoopback: Bool?
  /// `net.ipv4.ip_forward`: whether this host forwards other hosts' packets.
  package var forwardsPackets: Bool?
  /// Sockets of TCP and UDP, of IPv4 and IPv6, that are in use in this network namespace
  /// (`/proc/net/sockstat` and `sockstat6`).
  package var socketsInUse: Int?
  /// `net.ipv4.tcp_ehash_entries`: the buckets of the hash table of established connections.
  package var establishedBuckets: Int?

  /// Sizes of the kernel's objects, by the name of their cache; empty unless root reads them.
  package var slabs: [String: Slab] = [:]

  /// Whether this host speaks IPv6.
  package enum IPv6: Sendable {
    case on
    /// By `net.ipv6.conf.all.disable_ipv6`.
    case off
    /// By `net.ipv6.conf.lo.disable_ipv6`.
    case offOnLoopback
    /// The kernel was built, or booted, without it.
    case missing
  }

  package init() {}

  package static func current() -> HostDescription {
    var host = HostDescription(pageSize: ProcFile.pageSize, reading: ProcFile.text(of:))
    do { host.descriptors = try ResourceLimit.descriptors() } catch {}
    host.countOwnTasks()
    return host
  }

  /// Raises the descriptor limit of this process, and so of the workers that it forks: to `wanted` or the
  /// present hard limit, whichever is higher, or else as far as the kernel allows. Where the hard limit stays
  /// below both `wanted` and `fs.nr_open`, CAP_SYS_RESOURCE has not helped: it is removed from `capabilities`.
  package mutating func raiseDescriptors(to wanted: Int) throws(Errno) {
    let wanted = min(wanted, descriptorsAtMost ?? wanted)
    descriptors = try ResourceLimit.raiseDescriptors(to: wanted)
    if descriptors.hard < wanted { capabilities.remove(.sysResource) }
    hasRaisedDescriptors = true
  }

  /// Finds out whether the kernel tracks connections over loopback. `current` does not call it, because it
  /// sends packets.
  package mutating func tryTracking() { tracksLoopback = triedTracking() }

  /// No file tells whether a rule makes the kernel track what goes over loopback. So this sends packets and
  /// sees whether the number of entries rises: several packets, as other entries may vanish meanwhile.
  private func triedTracking() -> Bool? {
    let path = "/proc/sys/net/netfilter/nf_conntrack_count"
    func entries() -> Int? { ProcFile.text(of: path).flatMap(ProcText.integer) }
    guard let before = entries() else { return nil }
    do throws(Errno) { try Loopback.sendDatagrams(4) } catch { return nil }
    return entries().map { $0 > before }
  }
}

extension HostDescription {
  package var mayRaiseHardLimit: Bool { hostCapabilities.contains(.sysResource) }

  /// Whether this process may open files beyond `fs.file-max` (`alloc_empty_file` in fs/file_table.c).
  package var isExemptFromFileMax: Bool { hostCapabilities.contains(.sysAdmin) }

  /// The capabilities in the first user namespace, which `capable` in kernel/capability.c asks for.
  package var hostCapabilities: Capabilities { isInFirstUserNamespace ? capabilities : [] }

  /// Descriptors that one process can have when it raises its limit as far as it may.
  package var descriptorsPerProcess: Int {
    let ceiling = descriptorsAtMost ?? descriptors.hard
    return mayRaiseHardLimit && !hasRaisedDescriptors
      ? ceiling : min(descriptors.hard, ceiling)
  }

  /// Entries of the conntrack table that will still be there when new connections come. The entry of a
  /// connection that has ended does not last. So a host that forwards nothing has no more lasting entries
  /// than sockets. On a host that forwards packets, or may do so, all entries count as lasting.
  package var conntrackLasting: Int {
    let entries = conntrackEntries ?? 0
    guard forwardsPackets == false, let socketsInUse else { return entries }
    return min(entries, socketsInUse)
  }

  /// Bytes that this process may use at most: the machine's memory, or a control group's bound
  /// where that is lower.
  package var memoryAllowed: Int { min(memoryTotal, memoryGroup?.most ?? .max) }

  /// Bytes by which one end of an idle connection lowers what `MemoryMeter` finds available.
  package var bytesPerEnd: Int { bytesUnreclaimablePerEnd + bytesPinnedPerSocket }

  /// Bytes by which one end of an idle connection lowers `MemAvailable`.
  private var bytesUnreclaimablePerEnd: Int {
    let footprints = Self.slabsPerEnd.compactMap { slabs[$0]?.footprint }
    guard footprints.count == Self.slabsPerEnd.count else { return Self.usualBytesPerEnd }
    let blobs = Self.securitySlabs.compactMap { slabs[$0]?.footprint }
    return footprints.reduce(0, +) + blobs.reduce(0, +) + Self.restPerEnd
  }

  /// Bytes by which one end of an idle connection raises the memory use of its process's control group. The
  /// kernel charges the group for each object, and for a pointer to the group per object. The machine has to
  /// give more than that, because parts of the objects' pages stay unused.
  ///
  /// The server's socket is made while packets are received, when no process is there to be
  /// charged. From Linux 6.12 on `accept4` charges it later (`__inet_accept` in net/ipv4/af_inet.c),
  /// but only to a group of version 2.
  package func bytesPerEnd(of end: End, in group: ControlGroup) -> Int {
    func size(_ slab: String, usually usual: Int) -> Int {
      (slabs[slab]?.size ?? usual) + MemoryLayout<UInt>.size
    }
    let file =
      size("sock_inode_cache", usually: 832) + size("dentry", usually: 192)
      + size("filp", usually: 192) + size("eventpoll_epi", usually: 128)
    let isSocketCharged = end == .client || (group.isVersion2 && isAtLeast(6, 12))
    return file + (isSocketCharged ? size("TCP", usually: 2368) : 0) + Self.restPerEnd
  }

  /// Whether the kernel is of this release or a later one.
  func isAtLeast(_ major: Int, _ minor: Int) -> Bool {
    let parts = kernel.split { !$0.isNumber }.prefix(2).compactMap { Int($0) }
    return parts.count == 2 && (parts[0], parts[1]) >= (major, minor)
  }

  /// Caches of which each end of an established, idle connection that epoll watches takes one object.
  private static let slabsPerEnd = ["TCP", "filp", "eventpoll_epi"]

  /// Caches of a security module, where one is loaded: one object per open file and per inode.
  private static let securitySlabs = ["lsm_file_cache", "lsm_inode_cache"]

  /// Bytes that an end takes besides: its part of the bind buckets, wait-queue entries, page tables
  /// and runner's own tables. Measured by runs into the memory guard on Linux 6.18, x86-64, 160,000 to
  /// 790,000 loopback pairs each: a pair took 6,260 bytes (six runs, within 1.1 %), of which the
  /// slabs above are 5,800. In a control group of version 1 a pair took 5,560 bytes, of which the
  /// objects are 5,128 (50,000 to 150,000 pairs).
  private static let restPerEnd = 230

  /// Half of the 6,260 bytes, for a host that does not show its slabs (only root may look).
  private static let usualBytesPerEnd = 3130

  /// Bytes of a socket's inode and dentry, which the kernel counts as reclaimable even while the
  /// socket is open.
  package var bytesPinnedPerSocket: Int {
    (slabs["sock_inode_cache"]?.footprint ?? 862) + (slabs["dentry"]?.footprint ?? 195)
  }
}
