/// A file to install so that changes outlive a reboot. Its head says how to install and remove it. No such file
/// holds changes of control groups.
package enum TuningFile: String, Sendable, CaseIterable {
  case sysctl, limits, systemd

  /// The file's text; comments alone where nothing of the file's kind needs to change.
  package func text(_ changes: [SettingChange]) -> String {
    switch self {
    case .sysctl:
      let lines = changes.filter { $0.kind == .sysctl }.flatMap { change in
        ["# now \(change.old); undo: \(change.undo)", "\(change.setting) = \(change.value)"]
      }
      return text(
        "/etc/sysctl.d/90-runner.conf", install: "sysctl --system",
        undo: "run the commands that stand behind \"undo:\" below, then remove the file",
        lines: lines)
    case .limits:
      let lines = resourceLimits(changes).flatMap { limit in
        ["*", "root"].flatMap { who in
          ["soft", "hard"].map { "\(who) \($0) \(limit.setting) \(limit.value)" }
        }
      }
      return text(
        "/etc/security/limits.d/90-runner.conf", install: "log in again", lines: lines)
    case .systemd:
      let lines = resourceLimits(changes).map { "Limit\($0.setting.uppercased())=\($0.value)" }
      return text(
        "/etc/systemd/system/SERVICE.service.d/90-runner.conf",
        install: "systemctl daemon-reload && systemctl restart SERVICE",
        lines: lines.isEmpty ? [] : ["[Service]"] + lines)
    }
  }

  /// Those of the changes that are about resource limits: RLIMIT_NOFILE and RLIMIT_NPROC (getrlimit(2)).
  private func resourceLimits(_ changes: [SettingChange]) -> [SettingChange] {
    changes.filter { $0.kind == .descriptorLimit || $0.kind == .processLimit }
  }

  /// - Parameter undo: how to undo what the file has done; nil where its removal does.
  private func text(
    _ path: String, install: String, undo: String? = nil, lines: [String]
  ) -> String {
    var all = [
      "# Install as \(path), then: \(install)", "# Undo: \(undo ?? "rm \(path), then: \(install)")",
    ]
    all += lines.isEmpty ? ["# Nothing of this kind needs to change."] : lines
    return all.joined(separator: "\n") + "\n"
  }
}
