import Linux

/// How much memory there is, and how much a worker has of its own.
struct MemoryMeter {
  private let meminfo: ProcFile?

  init() {
    meminfo = try? ProcFile("/proc/meminfo", limit: 4096)
  }

  /// Bytes that can still be had without swapping (MemAvailable); nil when /proc does not tell.
  func available() -> Int? {
    guard let text = try? meminfo?.read() else { return nil }
    return Self.kibibytes(after: "MemAvailable:", in: text).map { $0 * 1024 }
  }

  /// Bytes that no other process shares; nil when the process is gone.
  /// Source: smaps_rollup in proc_pid_smaps(5).
  static func privateBytes(of process: Int32) -> Int? {
    guard let text = ProcFile.text(of: "/proc/\(process)/smaps_rollup"),
      let clean = kibibytes(after: "Private_Clean:", in: text),
      let dirty = kibibytes(after: "Private_Dirty:", in: text)
    else { return nil }
    return (clean + dirty) * 1024
  }

  private static func kibibytes(after label: String, in text: String) -> Int? {
    for line in text.split(separator: "\n") where line.hasPrefix(label) {
      return line.dropFirst(label.count).split(separator: " ").first.flatMap { Int($0) }
    }
    return nil
  }
}
