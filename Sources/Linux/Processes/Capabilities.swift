/// Privileges of a process beyond those of its user. Source: capabilities(7).
package struct Capabilities: OptionSet, Sendable {
  package let rawValue: UInt64

  package init(rawValue: UInt64) { self.rawValue = rawValue }

  // The bit numbers are those of linux/capability.h.

  /// May change addresses and routes.
  package static let netAdmin = Capabilities(rawValue: 1 << 12)
  /// Is exempt from `fs.file-max`, among much else.
  package static let sysAdmin = Capabilities(rawValue: 1 << 21)
  /// May take a real-time priority.
  package static let sysNice = Capabilities(rawValue: 1 << 23)
  /// May raise hard resource limits.
  package static let sysResource = Capabilities(rawValue: 1 << 24)

  /// Reads the effective set from the text of `/proc/PID/status`; nil when the text has none, or what it has is no
  /// hexadecimal number.
  package init?(status: String) {
    for line in status.split(separator: "\n") where line.hasPrefix("CapEff:") {
      let digits = line.dropFirst("CapEff:".count).drop { $0 == "\t" || $0 == " " }
      guard let bits = UInt64(digits, radix: 16) else { return nil }
      self.init(rawValue: bits)
      return
    }
    return nil
  }

  /// The effective set of this process; empty when /proc does not tell.
  package static func current() -> Capabilities {
    ProcFile.text(of: "/proc/self/status").flatMap(Capabilities.init(status:)) ?? []
  }
}
