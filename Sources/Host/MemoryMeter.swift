import Linux

/// How much memory there is, and how much a worker has of its own.
package struct MemoryMeter {
  private let meminfo: ProcFile?

  package init() {
    meminfo = try? ProcFile("/proc/meminfo", limit: 4096)
  }

  /// Bytes that can still be had without swapping (MemAvailable); nil when /proc does not tell.
  package func available() -> Int? {
    guard let text = try? meminfo?.read() else { return nil }
    return ProcText.amount("MemAvailable", in: text)
  }

  /// Bytes that no other process shares; nil when the process is gone.
  /// Source: smaps_rollup in proc_pid_smaps(5).
  package static func privateBytes(of process: Int32) -> Int? {
    guard let text = ProcFile.text(of: "/proc/\(process)/smaps_rollup"),
      let clean = ProcText.amount("Private_Clean", in: text),
      let dirty = ProcText.amount("Private_Dirty", in: text)
    else { return nil }
    return clean + dirty
  }
}
