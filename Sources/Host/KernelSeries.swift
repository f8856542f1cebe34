import Linux
package import Recording

/// What the kernel says of itself, again and again, on the same time axis as the connections.
///
/// Only files whose cost does not grow with the number of connections are read; they are opened
/// once, so sampling goes on when no descriptor is left.
package final class KernelSeries {
  private struct Source {
    var file: ProcFile
    var parse: (String) -> [Reading]
  }

  private let sources: [Source]
  private let start: [Series.Key: Double]
  private let bytesPinnedPerSocket: Int

  /// Opens the files and takes the counters as they stand. What this kernel lacks is left out.
  package convenience init(host: HostDescription) {
    self.init(
      root: "/proc", cgroup: Cgroup.directory(reading: ProcFile.text(of:)),
      bytesPinnedPerSocket: host.bytesPinnedPerSocket)
  }

  init(root: String, cgroup: String? = nil, bytesPinnedPerSocket: Int = 0) {
    self.bytesPinnedPerSocket = bytesPinnedPerSocket
    let files: [(String, (String) -> [Reading])] = [
      ("net/sockstat", KernelText.sockstat),
      ("net/sockstat6", KernelText.sockstat6),
      ("net/netstat", KernelText.netstat),
      ("net/snmp", KernelText.snmp),
      ("meminfo", KernelText.meminfo),
      ("vmstat", KernelText.vmstat),
      ("stat", KernelText.stat),
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
    if let cgroup {
      sources += [
        Self.source("\(cgroup)/memory.current", parse: KernelText.cgroupMemory),
        Self.source("\(cgroup)/memory.events", parse: KernelText.cgroupEvents),
      ].compactMap(\.self)
    }
    self.sources = sources
    start = Self.read(sources).values
  }

  /// The values now; counters count since this was made.
  package func readings() -> [Reading] {
    let now = Self.read(sources)
    let sinceStart = now.map { reading in
      guard reading.kind == .counter else { return reading }
      var reading = reading
      reading.value -= start[reading.key] ?? 0
      return reading
    }
    return sinceStart + kernelMemory(now.values)
  }

  /// Slab alone would not do: its reclaimable part also holds whatever other programs make the
  /// kernel cache, such as the /proc inodes of a monitor. Of it only the sockets' own are counted.
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

  /// Bounded, as `/proc/stat` goes on about every interrupt, and only its start matters.
  private static func source(_ path: String, parse: @escaping (String) -> [Reading]) -> Source? {
    do {
      return Source(file: try ProcFile(path, limit: 1 << 16), parse: parse)
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
