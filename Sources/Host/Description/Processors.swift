/// The processors that this process and its children may keep busy.
package struct Processors: Sendable, Equatable {
  /// The kernel's numbers of the processors. Source: `Cpus_allowed_list` in proc_pid_status(5).
  package var allowed: [Int]
  /// The processor time that the control groups grant, in processors (1.5 is one and a half); nil
  /// without a bound.
  package var quota: Double?

  package init(allowed: [Int], quota: Double? = nil) {
    self.allowed = allowed
    self.quota = quota
  }

  /// How many whole processors can be busy all the time, at least 1.
  package var usable: Int { max(1, min(allowed.count, quota.map { Int(min($0, 0x1p30)) } ?? .max)) }

  /// How many processors can be busy all the time, with a fraction where the quota has one.
  package var capacity: Double { min(Double(max(1, allowed.count)), quota ?? .infinity) }
}
