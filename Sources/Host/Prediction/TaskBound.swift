import Linux
import Recording

/// A bound on the processes and threads that can be started here.
package struct TaskBound: Sendable, Equatable {
  package enum Kind: Sendable, Equatable {
    /// A resource limit of this process, by the letter that `ulimit` has for it.
    case resourceLimit(String)
    case group(ControlGroup)
    case sysctl
  }

  package var kind: Kind
  package var setting: String
  package var most: Int
  package var used: Int

  package init(_ kind: Kind, _ setting: String, most: Int, used: Int) {
    self.kind = kind
    self.setting = setting
    self.most = most
    self.used = used
  }

  package var left: Int { max(0, most - used) }

  /// The setting, and of which group it is.
  package var name: String {
    if case .group(let group) = kind { "\(setting) of \(group.directory)" } else { setting }
  }

  package var words: String {
    let use =
      kind == .resourceLimit("n")
      ? "of which it needs \(Format.count(used)) itself" : "\(Format.count(used)) in use"
    return "\(name) \(Format.count(most)), \(use)"
  }

  static let ofUser = "RLIMIT_NPROC"

  /// Every bound that some file tells. No file tells how many tasks a user has: `used` of RLIMIT_NPROC is
  /// 0 here.
  static func all(reading read: (String) -> String?) -> [TaskBound] {
    var bounds = [GroupBound.tightest(GroupBound.tasks(reading: read))].compactMap { bound in
      bound.map { TaskBound(.group($0.group), $0.setting, most: $0.most, used: $0.used) }
    }
    // Soft limit, hard limit, unit.
    if let most = ProcText.line("Max processes", in: read("/proc/self/limits") ?? "")
      .flatMap({ ProcText.integer(String($0)) })
    {
      bounds.append(TaskBound(.resourceLimit("u"), ofUser, most: most, used: 0))
    }
    // Three averages, tasks that run / all tasks, the last process.
    let tasks = ProcText.words((read("/proc/loadavg") ?? "")[...]).dropFirst(3).first
      .flatMap { $0.split(separator: "/").last }.flatMap { Int($0) }
    for name in ["threads-max", "pid_max"] {
      guard let tasks, let most = read("/proc/sys/kernel/\(name)").flatMap(ProcText.integer)
      else { continue }
      bounds.append(TaskBound(.sysctl, "kernel.\(name)", most: most, used: tasks))
    }
    return bounds
  }
}

extension HostDescription {
  /// Descriptors that the coordinator holds besides one for each worker: standard streams, files of
  /// /proc and of control groups, the recording, and what it opens for a moment. Measured: 28.
  static let descriptorsOfCoordinator = 30
  /// Threads of the coordinator besides its first: those of the recording. Measured: 2.
  static let threadsOfCoordinator = 4

  /// Everything that bounds the number of workers; the one that leaves the fewest first.
  package var workerBounds: [TaskBound] {
    let descriptors = TaskBound(
      .resourceLimit("n"), "RLIMIT_NOFILE of the coordinator", most: descriptorsPerProcess,
      used: Self.descriptorsOfCoordinator)
    let tasks = taskBounds.filter { $0.setting != TaskBound.ofUser || !isExemptFromTaskLimit }
      .map { bound in
        var bound = bound
        bound.used += Self.threadsOfCoordinator
        return bound
      }
    return ([descriptors] + tasks).sorted { $0.left < $1.left }
  }

  /// How many workers can be started, of all ends together.
  package var workersAtMost: Int { workerBounds.first?.left ?? .max }

  /// RLIMIT_NPROC binds neither the host's root nor who has one of two capabilities
  /// (`copy_process` in kernel/fork.c).
  private var isExemptFromTaskLimit: Bool {
    (user == 0 && isInFirstUserNamespace)
      || !hostCapabilities.isDisjoint(with: [.sysAdmin, .sysResource])
  }

  /// Counts the tasks of this process's user, where that matters.
  mutating func countOwnTasks() {
    guard !isExemptFromTaskLimit,
      let index = taskBounds.firstIndex(where: { $0.setting == TaskBound.ofUser })
    else { return }
    taskBounds[index].used = CurrentProcess.tasksOfUser()
  }
}
