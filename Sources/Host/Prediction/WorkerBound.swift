import Linux
import Recording

/// A bound on the workers that can be started here: on processes and threads, or on the descriptors of the
/// coordinator, which holds one for each worker.
package struct WorkerBound: Sendable, Equatable {
  package enum Kind: Sendable, Equatable {
    /// A resource limit of this process, by the letter that `ulimit` has for it.
    case resourceLimit(String)
    /// A file of a control group.
    case group(ControlGroup)
    /// A setting of the kernel.
    case sysctl
  }

  package var kind: Kind
  package var setting: String
  /// The value of the setting: so many tasks or descriptors are allowed.
  package var most: Int
  /// How many tasks or descriptors are taken before any worker is started.
  package var used: Int

  package init(_ kind: Kind, _ setting: String, most: Int, used: Int) {
    self.kind = kind
    self.setting = setting
    self.most = most
    self.used = used
  }

  /// How many workers the bound leaves room for: each takes one task, and one descriptor of the coordinator.
  package var left: Int { max(0, most - used) }

  /// The setting, with the directory of its control group if it has one.
  package var name: String {
    if case .group(let group) = kind { "\(setting) of \(group.directory)" } else { setting }
  }

  /// The bound as people read it: its name, its value, and what is taken.
  package var words: String {
    let use =
      kind == .resourceLimit("n")
      ? "of which it needs \(Format.count(used)) itself" : "\(Format.count(used)) in use"
    return "\(name) \(Format.count(most)), \(use)"
  }

  /// The setting that bounds the tasks of a user: processes and threads.
  static let userTaskLimit = "RLIMIT_NPROC"

  /// The bounds on tasks, as files tell them. No single file tells how many tasks a user has, so `used` of
  /// RLIMIT_NPROC is 0 here: `countOwnTasks` sets it.
  static func all(reading read: (String) -> String?) -> [WorkerBound] {
    var bounds = [GroupBound.tightest(GroupBound.tasks(reading: read))].compactMap { bound in
      bound.map { WorkerBound(.group($0.group), $0.setting, most: $0.most, used: $0.used) }
    }
    // The name is followed by soft limit, hard limit and unit.
    if let most = ProcText.line("Max processes", in: read("/proc/self/limits") ?? "")
      .flatMap({ ProcText.integer(String($0)) })
    {
      bounds.append(WorkerBound(.resourceLimit("u"), userTaskLimit, most: most, used: 0))
    }
    // The file has three averages, "running tasks/all tasks", and the number of the last process.
    let tasks = ProcText.words((read("/proc/loadavg") ?? "")[...]).dropFirst(3).first
      .flatMap { $0.split(separator: "/").last }.flatMap { Int($0) }
    for name in ["threads-max", "pid_max"] {
      guard let tasks, let most = read("/proc/sys/kernel/\(name)").flatMap(ProcText.integer)
      else { continue }
      bounds.append(WorkerBound(.sysctl, "kernel.\(name)", most: most, used: tasks))
    }
    return bounds
  }
}

extension HostDescription {
  /// Descriptors that the coordinator needs besides one for each worker: for standard streams, files of
  /// /proc and of control groups, the recording, and files that it opens for a moment. Measured: 28.
  static let descriptorsOfCoordinator = 30

  /// Every bound on the number of workers, the one that leaves room for the fewest first. The descriptors that
  /// the coordinator itself needs count as `used`. Of tasks it needs none but its own, which is among those that
  /// were counted: it starts no thread and no process besides the workers.
  package var workerBounds: [WorkerBound] {
    let descriptors = WorkerBound(
      .resourceLimit("n"), "RLIMIT_NOFILE of the coordinator", most: descriptorsPerProcess,
      used: Self.descriptorsOfCoordinator)
    let tasks = taskBounds.filter {
      $0.setting != WorkerBound.userTaskLimit || !isExemptFromTaskLimit
    }
    return ([descriptors] + tasks).sorted { $0.left < $1.left }
  }

  /// How many workers can be started, of both ends together.
  package var workersAtMost: Int { workerBounds.first?.left ?? .max }

  /// Whether RLIMIT_NPROC does not bind this process: it is the host's root, or has CAP_SYS_ADMIN or
  /// CAP_SYS_RESOURCE (`copy_process` in kernel/fork.c).
  private var isExemptFromTaskLimit: Bool {
    (user == 0 && isInFirstUserNamespace)
      || !hostCapabilities.isDisjoint(with: [.sysAdmin, .sysResource])
  }

  /// Sets `used` of RLIMIT_NPROC to the number of this user's tasks, where the limit binds this process.
  mutating func countOwnTasks() {
    guard !isExemptFromTaskLimit,
      let index = taskBounds.firstIndex(where: { $0.setting == WorkerBound.userTaskLimit })
    else { return }
    taskBounds[index].used = CurrentProcess.tasksOfUser()
  }
}
