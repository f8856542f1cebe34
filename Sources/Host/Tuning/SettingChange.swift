/// A setting, its present value and the value that it should have.
///
/// The new value is never below the present one: nobody who has met a limit is helped by a lower one.
package struct SettingChange: Sendable, Equatable {
  package enum Kind: Sendable, Equatable {
    case sysctl
    /// RLIMIT_NOFILE: belongs to the user's shell or service, not to the host.
    case descriptorLimit
    /// RLIMIT_NPROC, likewise.
    case processLimit
    /// A file of a control group.
    case group(ControlGroup)
  }

  package let kind: Kind
  package let setting: String
  /// The value that the setting should have.
  package let value: String
  /// The present value; empty where it is not known.
  package let old: String

  /// - Parameter needed: all that the setting must allow, what is in use already included. Where the present
  ///   value is as high as that, the new value is above both (`Capacity.raised`).
  package init(_ kind: Kind, _ setting: String, from now: Int?, to needed: Int) {
    self.kind = kind
    self.setting = setting
    value = String(Capacity.raised(from: now, to: needed))
    old = now.map(String.init) ?? ""
  }

  /// A setting of several numbers, none of which is lowered.
  package init(_ setting: String, from now: [Int], to needed: [Int]) {
    kind = .sysctl
    self.setting = setting
    value = zip(now, needed).map { String(max($0, $1)) }.joined(separator: " ")
    old = now.map(String.init).joined(separator: " ")
  }

  init(_ bound: WorkerBound, to needed: Int) {
    switch bound.kind {
    case .resourceLimit("n"): self.init(.descriptorLimit, "nofile", from: bound.most, to: needed)
    case .resourceLimit: self.init(.processLimit, "nproc", from: bound.most, to: needed)
    case .group(let group):
      self.init(.group(group), bound.setting, from: bound.most, to: needed)
    case .sysctl: self.init(.sysctl, bound.setting, from: bound.most, to: needed)
    }
  }

  /// The command that makes the change, for a user who may make it.
  package var command: String { command(value) }
  /// The command that gives the setting its old value back. Of a resource limit it sets the soft limit alone: who
  /// lowers the hard one as well cannot raise it again.
  package var undo: String {
    switch kind {
    case .descriptorLimit: "ulimit -Sn \(old)"
    case .processLimit: "ulimit -Su \(old)"
    case .sysctl, .group: command(old)
    }
  }

  /// The command as this user of the host has to type it: with `sudo` where only root may run it.
  package func command(as host: HostDescription) -> String {
    let mayRaise = host.mayRaiseHardLimit
    return switch kind {
    case .sysctl: host.privileged(command)
    case .descriptorLimit:
      mayRaise ? command : host.privileged("prlimit --pid $$ --nofile=\(value):\(value)")
    case .processLimit:
      mayRaise ? command : host.privileged("prlimit --pid $$ --nproc=\(value):\(value)")
    case .group(let group):
      "echo \(value) | \(host.privileged("tee \(group.file(setting))"))"
    }
  }

  private func command(_ value: String) -> String {
    switch kind {
    case .sysctl: "sysctl -w \(setting)=\(value.contains(" ") ? "\"\(value)\"" : value)"
    case .descriptorLimit: "ulimit -n \(value)"
    case .processLimit: "ulimit -u \(value)"
    case .group(let group): "echo \(value) > \(group.file(setting))"
    }
  }
}

extension HostDescription {
  /// A command for root, as this user has to type it.
  func privileged(_ command: String) -> String { user == 0 ? command : "sudo \(command)" }
}
