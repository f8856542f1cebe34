import CLinux
import Glibc
import SystemPackage

/// Counts the packets that the kernel drops in all network namespaces of the machine, by the reason
/// that its tracepoint `skb:kfree_skb` gives. Source: include/net/dropreason-core.h,
/// Documentation/trace/ftrace.rst.
///
/// A trace has a tracing instance of its own, so that it changes nobody else's tracing. The
/// instance has a small buffer, which keeps the newest events. Tracing ends with this object. A
/// process that was killed leaves its instance behind, and the next process that traces removes it.
package final class PacketDropTrace {
  private let directory: TracingDirectory
  /// The directory of the instance.
  let path: String
  /// `trace_pipe` of the instance: a read takes the events that it returns out of the buffer.
  private let pipe: Int32
  /// An open file of the instance. While it is open, the kernel lets no other process remove the
  /// instance (`removeAbandoned`).
  private let keeper: Int32
  private let reasons: Set<String>
  /// The start of a line whose end has not been read yet.
  private var rest: [UInt8] = []

  /// KiB of each processor's buffer: some 1,500 events.
  private static let bufferKibibytes = 64
  /// Bytes of text after which one call of `read` stops, so that it takes little time however much is dropped.
  private static let mostText = 1 << 19
  private static let prefix = "runner-"

  /// Starts the trace. Nil where the kernel has none of these reasons, or does not let this
  /// process trace.
  ///
  /// - Parameter reasons: the reasons to count, by the kernel's names. The kernel filters out all others.
  package init?(reasons: Set<String>) {
    guard let directory = TracingDirectory() else { return nil }
    self.reasons = reasons
    let event = "events/skb/kfree_skb"
    guard
      let format = ProcFile.text(of: "\(directory.path)/\(event)/format"),
      let filter = Self.filter(for: reasons, format: format)
    else { return nil }
    let instances = "\(directory.path)/instances"
    Self.removeAbandoned(in: instances)
    // PIDs repeat across PID namespaces, while all of them share one tracing file system.
    let names = (1...8).map { "\(Self.prefix)\(getpid())" + ($0 == 1 ? "" : "-\($0)") }
    let paths: [String] = names.map { "\(instances)/\($0)" }
    guard let path = paths.first(where: { unsafe mkdir($0, 0o700) == 0 }) else { return nil }
    self.path = path
    keeper = unsafe open("\(path)/tracing_on", O_RDONLY | O_CLOEXEC)
    pipe = unsafe open("\(path)/trace_pipe", O_RDONLY | O_NONBLOCK | O_CLOEXEC)
    self.directory = directory
    let isReady =
      keeper >= 0 && pipe >= 0
      && Self.write("\(Self.bufferKibibytes)", to: "\(path)/buffer_size_kb")
      && Self.write(filter, to: "\(path)/\(event)/filter")
      && Self.write("1", to: "\(path)/\(event)/enable")
    // All properties are set, so `deinit` removes the instance even where the initialiser fails here.
    guard isReady else { return nil }
  }

  deinit {
    _ = Self.write("0", to: "\(path)/events/skb/kfree_skb/enable")
    if pipe >= 0 { close(pipe) }
    if keeper >= 0 { close(keeper) }
    _ = unsafe rmdir(path)
  }

  /// Packets dropped since the last read, by reason. The counts may be too low: where more packets
  /// were dropped than the buffer holds, the kernel has overwritten the oldest events.
  package func read() -> [String: Int] {
    var counts: [String: Int] = [:]
    var taken = 0
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while taken < Self.mostText {
      let count = unsafe chunk.withUnsafeMutableBytes { bytes in
        unsafe Glibc.read(pipe, bytes.baseAddress, bytes.count)
      }
      guard count > 0 else { break }
      taken += count
      rest += chunk[..<count]
      let end = rest.lastIndex(of: UInt8(ascii: "\n")) ?? -1
      for line in rest[..<(end + 1)].split(separator: UInt8(ascii: "\n")) {
        if let reason = Self.reason(in: line), reasons.contains(reason) {
          counts[reason, default: 0] += 1
        }
      }
      rest.removeSubrange(..<(end + 1))
    }
    return counts
  }

  /// The text behind "reason: " at the end of an event's line.
  private static func reason(in line: ArraySlice<UInt8>) -> String? {
    guard let colon = line.lastIndex(of: UInt8(ascii: ":")), colon + 2 < line.endIndex else {
      return nil
    }
    return String(decoding: line[(colon + 2)...], as: UTF8.self)
  }

  /// The event filter that lets through IPv4 and IPv6 packets dropped for one of these reasons; nil where the
  /// event's format has none of them. The format gives each reason's number, which differs between kernels.
  static func filter(for reasons: Set<String>, format: String) -> String? {
    let pair = /\{ *(0x[0-9a-f]+|\d+), *"(\w+)" *\}/
    let numbers = format.matches(of: pair).filter { reasons.contains(String($0.2)) }.map(\.1)
    guard !numbers.isEmpty else { return nil }
    let any = numbers.map { "reason == \($0)" }.joined(separator: " || ")
    // ETH_P_IP and ETH_P_IPV6.
    return "(protocol == 2048 || protocol == 34525) && (\(any))"
  }

  /// Removes the instances that killed processes have left. The kernel refuses to remove an
  /// instance that a process still has open.
  private static func removeAbandoned(in instances: String) {
    for name in Folder.names(in: instances) where name.hasPrefix(prefix) {
      _ = unsafe rmdir("\(instances)/\(name)")
    }
  }

  private static func write(_ text: String, to path: String) -> Bool {
    let descriptor = unsafe open(path, O_WRONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    var text = text
    return text.withUTF8 { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) } >= 0
  }
}
