import Linux
package import Recording

/// Reads the kernel's own counters and levels again and again, as series of the recording.
///
/// No file is read whose cost grows with the number of connections. The files are opened once, so
/// sampling goes on when no descriptor is left.
package final class KernelSeries {
  private struct Source {
    var file: ProcFile
    var parse: (String) -> [Reading]
  }

  private let sources: [Source]
  private let groups: GroupMeter?
  /// The values when this object was made.
  private let start: [Series.Key: Double]
  private let bytesPinnedPerSocket: Int

  /// Opens the files and notes the counters as they stand. Files that this kernel lacks are left
  /// out.
  package convenience init(host: HostDescription) {
    let groups = GroupMeter(reading: ProcFile.text(of:))
    self.init(
      root: "/proc", tightest: groups.tightest()?.group,
      own: ControlGroup.groups(of: .memory, reading: ProcFile.text(of:)).first,
      groups: groups, processorBounds: ProcessorBound.all(reading: ProcFile.text(of:)),
      bytesPinnedPerSocket: host.bytesPinnedPerSocket)
  }

  /// - Parameters:
  ///   - root: the directory that /proc is mounted at.
  ///   - tightest: the control group whose memory bound leaves the least.
  ///   - own: the control group that this process and its workers are in.
  init(
    root: String, tightest: ControlGroup? = nil, own: ControlGroup? = nil,
    groups: GroupMeter? = nil, processorBounds: [ProcessorBound] = [],
    bytesPinnedPerSocket: Int = 0
  ) {
    self.groups = groups
    self.bytesPinnedPerSocket = bytesPinnedPerSocket
    let files: [(String, (String) -> [Reading])] = [
      ("net/sockstat", KernelText.sockstat),
      ("net/sockstat6", KernelText.sockstat6),
      ("net/netstat", KernelText.netstat),
      ("net/snmp", KernelText.snmp),
      ("net/snmp6", KernelText.snmp6),
      ("meminfo", KernelText.meminfo),
      ("vmstat", KernelText.vmstat),
      ("stat", { KernelText.stat($0) + KernelText.processors($0) }),
      ("sys/fs/file-nr", KernelText.fileNumbers),
      ("sys/net/netfilter/nf_conntrack_count", KernelText.conntrack),
      ("net/stat/nf_conntrack", KernelText.conntrackDrops),
      (
        "pressure/cpu",
        { KernelText.pressure($0, share: .cpuPressure, stalled: .cpuStalled) }
      ),
      (
        "pressure/memory",
        { KernelText.pressure($0, share: .memoryPressure, stalled: .memoryStalled) }
      ),
    ]
    var sources = files.compactMap { path, parse in
      Self.source("\(root)/\(path)", parse: parse)
    }
    if let tightest {
      sources += [
        Self.source(
          GroupMemory(group: tightest).usageFile, parse: KernelText.cgroupMemory),
        tightest.isVersion2
          ? Self.source(tightest.file("memory.events"), parse: KernelText.cgroupEvents)
          : Self.source(tightest.file("memory.failcnt"), parse: KernelText.cgroupFailures),
      ].compactMap(\.self)
    }
    sources += processorBounds.compactMap { bound in
      Self.source(bound.statistics) { KernelText.throttling($0, by: bound.file) }
    }
    if let own {
      // Both versions count the processes of the group that the kernel killed for want of memory, whether the
      // group's own bound was met, that of a group above, or the machine's.
      let file = own.isVersion2 ? "memory.events" : "memory.oom_control"
      sources += [Self.source(own.file(file), parse: KernelText.cgroupKills)].compactMap(\.self)
    }
    self.sources = sources
    start = Self.read(sources).values
  }

  /// The values now. Counters count from when this object was made.
  package func readings() -> [Reading] {
    let now = Self.read(sources)
    let sinceStart = now.map { reading in
      guard reading.kind == .counter else { return reading }
      var reading = reading
      reading.value -= start[reading.key] ?? 0
      return reading
    }
    return sinceStart + kernelMemory(now.values) + groupMemory()
  }

  /// Kernel memory that connections have taken since this object was made. The growth of Slab in /proc/meminfo
  /// would not do: its reclaimable part also holds whatever other programs make the kernel cache, such as the
  /// /proc inodes of a monitor. Of that part only the sockets' inodes and dentries are counted.
  private func kernelMemory(_ now: [Series.Key: Double]) -> [Reading] {
    func growth(_ key: Series.Key) -> Double? {
      now[key].flatMap { value in start[key].map { max(0, value - $0) } }
    }
    guard let slab = growth(.slabUnreclaimable), let sockets = growth(.socketsAllocated) else {
      return []
    }
    return [
      Reading(
        .kernelMemory, unit: "bytes", kind: .gauge,
        value: slab + sockets * Double(bytesPinnedPerSocket))
    ]
  }

  private func groupMemory() -> [Reading] {
    guard let left = groups?.tightest()?.left else { return [] }
    return [Reading(.cgroupMemoryLeft, unit: "bytes", kind: .gauge, value: Double(left))]
  }

  /// Reads at most 64 KiB of `/proc/stat`, which goes on about every interrupt: only its start matters. Other files,
  /// such as `nf_conntrack`, have a line for each processor, and all lines matter.
  private static func source(_ path: String, parse: @escaping (String) -> [Reading]) -> Source? {
    do {
      let limit = path.hasSuffix("/stat") ? 1 << 16 : 1 << 20
      return Source(file: try ProcFile(path, limit: limit), parse: parse)
    } catch {
      return nil
    }
  }

  private static func read(_ sources: [Source]) -> [Reading] {
    sources.flatMap { source in
      do { return source.parse(try source.file.read()) } catch { return [] }
    }
  }
}
