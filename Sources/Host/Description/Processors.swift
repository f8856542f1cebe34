/// The processors that this process and its children may keep busy.
package struct Processors: Sendable, Equatable {
  /// By the kernel's numbers. Source: `Cpus_allowed_list` in proc_pid_status(5).
  package var allowed: [Int]
  /// As many as the time comes to that the control groups grant, in parts of one; nil without a
  /// bound.
  package var quota: Double?

  package init(allowed: [Int], quota: Double? = nil) {
    self.allowed = allowed
    self.quota = quota
  }

  /// How many can be busy at once, all the time.
  package var usable: Int { max(1, min(allowed.count, quota.map { Int(min($0, 0x1p30)) } ?? .max)) }

  /// What they come to, with the part of the last one.
  package var capacity: Double { min(Double(max(1, allowed.count)), quota ?? .infinity) }
}
