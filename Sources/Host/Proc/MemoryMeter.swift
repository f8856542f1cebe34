import Linux

/// Measures how much memory can still be had on this host, and how much a worker has for itself alone.
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

  /// Bytes that can still be had without swapping: what the machine has left, or what the tightest control
  /// group leaves, whichever is less. Nil when neither is known.
  package func available() -> Int? {
    [availableOnMachine(), groups.tightest()?.left].compactMap(\.self).min()
  }

  /// The memory bound of the control group that leaves the least now. Its `used` is what the group had in use
  /// when this meter was made. Nil where no group has a bound.
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
  /// The number of open sockets is the larger of two numbers in /proc/net/sockstat. `sockets: used` counts all
  /// kinds of sockets, but leaves out a server in another network namespace. `TCP: alloc` counts the TCP sockets
  /// of the whole machine.
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

  /// Bytes of MemAvailable that can be had while sockets are open. MemAvailable counts the inode and the dentry
  /// of every socket as memory that can be reclaimed, which is true only once the socket is closed. With
  /// millions of sockets open, gigabytes seem to be left while the host has none.
  ///
  /// - Parameters:
  ///   - reclaimable: bytes of slab that the kernel has counted as reclaimable, the most that is subtracted; nil
  ///     where unknown.
  ///   - pinned: bytes that the inodes and dentries of open sockets take.
  static func left(of available: Int, reclaimable: Int?, pinned: Int) -> Int {
    max(0, available - min(reclaimable ?? .max, pinned))
  }

  /// Bytes of a process's memory that no other process shares. Nil when the process is gone, or this one may not
  /// look into it.
  /// Source: smaps_rollup in proc_pid_smaps(5).
  package static func privateBytes(of process: Int32) -> Int? {
    guard let text = ProcFile.text(of: "/proc/\(process)/smaps_rollup"),
      let clean = ProcText.amount("Private_Clean", in: text),
      let dirty = ProcText.amount("Private_Dirty", in: text)
    else { return nil }
    return clean + dirty
  }
}
