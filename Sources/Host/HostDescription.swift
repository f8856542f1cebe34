package import Linux
import SystemPackage

/// What a machine is and what it grants: everything that bears on how many connections it holds.
///
/// A value through and through, so that predictions and diagnoses can be tested for any machine.
/// What the kernel does not tell is nil.
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
  package var cgroup: Cgroup?

  /// Effective user and capabilities of this process.
  package var user = 0
  package var capabilities: Capabilities = []

  /// RLIMIT_NOFILE.
  package var descriptors = ResourceLimit(soft: 1024, hard: 1024)
  /// `fs.nr_open`: what RLIMIT_NOFILE can be raised to at most.
  package var descriptorsAtMost: Int?
  /// `fs.file-max`: open files of the whole host.
  package var filesAtMost: Int?
  package var filesOpen: Int?
  /// `fs.epoll.max_user_watches`: per user, root included.
  package var epollWatches: Int?

  package var localPorts: ClosedRange<Int>?
  package var somaxconn: Int?
  package var synBacklog: Int?
  package var timeWaitAtMost: Int?
  /// `net.ipv4.tcp_mem`, in pages: low, pressure, high.
  package var tcpMemory: [Int]?
  /// `net.ipv4.tcp_rmem` and `tcp_wmem`, in bytes: least, at first, most.
  package var tcpReceive: [Int]?
  package var tcpSend: [Int]?
  package var conntrackAtMost: Int?
  package var conntrackEntries: Int?
  /// Whether a packet over loopback makes an entry; nil where that was not tried.
  package var tracksLoopback: Bool?
  /// `net.ipv4.ip_forward`: whether packets of others pass through here.
  package var forwardsPackets: Bool?
  /// Sockets of TCP and UDP that are in use on this host.
  package var socketsInUse: Int?

  /// Bytes of one object of a kernel cache, by the cache's name; only root may read them.
  package var slabs: [String: Slab] = [:]

  package init() {}

  package static func current() -> HostDescription {
    var host = HostDescription(reading: ProcFile.text(of:))
    host.pageSize = ProcFile.pageSize
    do { host.descriptors = try ResourceLimit.descriptors() } catch {}
    return host
  }

  /// Finds out whether loopback is tracked. Not part of `current`: it sends packets.
  package mutating func tryTracking() { tracksLoopback = triedTracking() }

  /// No file tells whether a rule makes the kernel track what goes over loopback, so a few packets
  /// do. Several, because entries of others may vanish meanwhile.
  private func triedTracking() -> Bool? {
    let path = "/proc/sys/net/netfilter/nf_conntrack_count"
    func entries() -> Int? { ProcFile.text(of: path).flatMap(ProcText.integer) }
    guard let before = entries() else { return nil }
    do throws(Errno) { try Loopback.sendDatagrams(4) } catch { return nil }
    return entries().map { $0 > before }
  }
}

extension HostDescription {
  package var mayRaiseHardLimit: Bool { capabilities.contains(.sysResource) }

  /// Descriptors that one process can have when it raises its limit as far as it may.
  package var descriptorsPerProcess: Int {
    let ceiling = descriptorsAtMost ?? descriptors.hard
    return mayRaiseHardLimit ? ceiling : min(descriptors.hard, ceiling)
  }

  /// Tracked connections that will still be there when new ones come. A connection that has ended
  /// stays in the table for a while, but does not last; what a host tracks beyond its own sockets
  /// is others' only where it forwards for them.
  package var conntrackLasting: Int {
    let entries = conntrackEntries ?? 0
    guard forwardsPackets == false, let socketsInUse else { return entries }
    return min(entries, socketsInUse)
  }

  /// Bytes that are left for connections: of the machine, or of the control group.
  package var memoryLeft: Int {
    guard let cgroup else { return memoryAvailable }
    return min(memoryAvailable, max(0, cgroup.maximum - cgroup.current))
  }

  /// Bytes by which one end of an idle connection lowers what `MemoryMeter` finds available.
  package var bytesPerEnd: Int { bytesUnreclaimablePerEnd + bytesPinnedPerSocket }

  /// Those by which it lowers `MemAvailable`.
  private var bytesUnreclaimablePerEnd: Int {
    let footprints = Self.slabsPerEnd.compactMap { slabs[$0]?.footprint }
    guard footprints.count == Self.slabsPerEnd.count else { return Self.usualBytesPerEnd }
    let blobs = Self.securitySlabs.compactMap { slabs[$0]?.footprint }
    return footprints.reduce(0, +) + blobs.reduce(0, +) + Self.restPerEnd
  }

  /// What each end of an established, idle connection in an epoll set has one of.
  private static let slabsPerEnd = ["TCP", "filp", "eventpoll_epi"]

  /// What a security module keeps of an open file and of its inode, where one is loaded.
  private static let securitySlabs = ["lsm_file_cache", "lsm_inode_cache"]

  /// What else an end takes: its part of the bind buckets, wait-queue entries, page tables and our
  /// own tables. Measured by runs into the memory guard on Linux 6.18, x86-64, 160,000 to 790,000
  /// loopback pairs each: a pair took 6,260 bytes (six runs, within 1.1 %), of which the slabs above
  /// are 5,800.
  private static let restPerEnd = 230

  /// The sum there, for a host that does not show its slabs (only root may look).
  private static let usualBytesPerEnd = 3130

  /// Bytes of a socket that the kernel counts as reclaimable, though they are not while it is open:
  /// its inode and its dentry.
  package var bytesPinnedPerSocket: Int {
    (slabs["sock_inode_cache"]?.footprint ?? 862) + (slabs["dentry"]?.footprint ?? 195)
  }
}
