import Linux

/// Measures how much memory this process can still have, and how much a worker has of its own.
package struct MemoryMeter {
  private let meminfo: ProcFile?
  private let zoneinfo: ProcFile?
  private let sockstat: ProcFile?
  private let groups: GroupMeter
  private let bytesPinnedPerSocket: Int

  package init(host: HostDescription) {
    bytesPinnedPerSocket = host.bytesPinnedPerSocket
    sockstat = try? ProcFile("/proc/net/sockstat")
    meminfo = try? ProcFile("/proc/meminfo", limit: 4096)
    zoneinfo = try? ProcFile("/proc/zoneinfo")
    groups = GroupMeter(reading: ProcFile.text(of:))
  }

  /// Bytes that can still be had without swapping: what the machine has left, or the tightest control
  /// group where that is less; nil when neither tells.
  package func available() -> Int? {
    [availableOnMachine(), groups.tightest()?.left].compactMap(\.self).min()
  }

  /// The control group that leaves the least memory now, with what was in use in it when this meter was made;
  /// nil without any.
  package func tightestGroup() -> GroupBound? { groups.tightestWithUseBefore() }

  private func availableOnMachine() -> Int? {
    guard let text = try? meminfo?.read() else { return nil }
    return Self.available(
      meminfo: text, zoneinfo: (try? zoneinfo?.read()) ?? "",
      sockstat: (try? sockstat?.read()) ?? "", bytesPinnedPerSocket: bytesPinnedPerSocket)
  }

  /// Bytes: MemAvailable, plus the free pages that each processor keeps at hand, less the inodes and
  /// dentries of open sockets.
  ///
  /// The kernel counts a processor's free pages as used (`si_mem_available` in mm/show_mem.c), but
  /// takes them back before memory runs out (`drain_all_pages`). After a million sockets were closed
  /// these pages come to hundreds of megabytes.
  ///
  /// The sockets are those of this network namespace, of whatever kind, or the whole machine's TCP sockets,
  /// whichever are more: `used` leaves out a server in another namespace.
  static func available(
    meminfo: String, zoneinfo: String, sockstat: String, bytesPinnedPerSocket: Int,
    pageSize: Int = ProcFile.pageSize
  ) -> Int? {
    guard let bytes = ProcText.amount("MemAvailable", in: meminfo) else { return nil }
    let kept = ProcText.amounts("count:", in: zoneinfo).reduce(0, +) * pageSize
    let sockets = max(
      ProcText.pairs("sockets", in: sockstat)["used"] ?? 0,
      ProcText.pairs("TCP", in: sockstat)["alloc"] ?? 0)
    return left(
      of: bytes + kept, reclaimable: ProcText.amount("SReclaimable", in: meminfo),
      pinned: sockets * bytesPinnedPerSocket)
  }

  /// Bytes of MemAvailable that can be had while sockets are open. It counts the inode and the dentry of every
  /// socket as memory that can be reclaimed, which is true only once the socket is closed. With millions of
  /// sockets open, gigabytes seem to be left while the host has none.
  ///
  /// - Parameters:
  ///   - reclaimable: what the kernel has counted as such, of which no more is taken off; nil where unknown.
  ///   - pinned: what the inodes and dentries of open sockets take.
  static func left(of available: Int, reclaimable: Int?, pinned: Int) -> Int {
    max(0, available - min(reclaimable ?? .max, pinned))
  }

  /// Bytes that no other process shares; nil when the process is gone or may not be looked into.
  /// Source: smaps_rollup in proc_pid_smaps(5).
  package static func privateBytes(of process: Int32) -> Int? {
    guard let text = ProcFile.text(of: "/proc/\(process)/smaps_rollup"),
      let clean = ProcText.amount("Private_Clean", in: text),
      let dirty = ProcText.amount("Private_Dirty", in: text)
    else { return nil }
    return clean + dirty
  }
}
