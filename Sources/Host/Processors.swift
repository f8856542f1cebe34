/// The processors that this process and its children may keep busy.
package struct Processors: Sendable, Equatable {
  /// By the kernel's numbers. Source: `Cpus_allowed_list` in proc_pid_status(5).
  package var allowed: [Int]
  /// As many as the time comes to that the control group grants; nil without a bound.
  package var quota: Int?

  package init(allowed: [Int], quota: Int? = nil) {
    self.allowed = allowed
    self.quota = quota
  }

  /// How many can be busy at once.
  package var usable: Int { max(1, min(allowed.count, quota ?? .max)) }
}
