import CLinux
import Glibc

extension CurrentProcess {
  /// This process and its ancestors.
  package static var family: Set<Int32> {
    var family: Set<Int32> = []
    var id = getpid()
    while id > 0, family.insert(id).inserted { id = stat(of: id)?.parent ?? 0 }
    return family
  }

  /// The PIDs of processes with this name, as /proc/PID/comm has it (the first 15 bytes), without zombies.
  package static func named(_ name: String) -> [Int32] {
    all().filter { id in
      guard ProcFile.text(of: "/proc/\(id)/comm") == name + "\n", let stat = stat(of: id) else {
        return false
      }
      return stat.state != "Z"
    }
  }

  /// How many threads this process's real user has, of all processes that /proc shows here. Source:
  /// `Threads` and `Uid` (of which the first is the real one) in proc_pid_status(5).
  package static func tasksOfUser() -> Int {
    let user = getuid()
    return all().reduce(0) { count, id in
      var (isOwn, threads) = (false, 0)
      for line in (ProcFile.text(of: "/proc/\(id)/status") ?? "").split(separator: "\n") {
        let fields = line.split(whereSeparator: \.isWhitespace)
        guard fields.count > 1 else { continue }
        if fields[0] == "Uid:" { isOwn = fields[1] == "\(user)" }
        if fields[0] == "Threads:" { threads = Int(fields[1]) ?? 0 }
      }
      return count + (isOwn ? threads : 0)
    }
  }

  private static func all() -> [Int32] { Folder.names(in: "/proc").compactMap { Int32($0) } }

  /// The state of a process now, by the letters of proc_pid_stat(5): R, S, D, T, t, Z, ... Nil when the
  /// process is gone, or this process has no descriptor left to read the file with.
  package static func state(of id: Int32) -> Character? { stat(of: id)?.state.first }

  /// The third and the fourth field of proc_pid_stat(5): the state and the parent's PID; nil when the file cannot
  /// be read. The second field is a name in parentheses that may contain anything, even `)`. So the fields are
  /// counted from the last `)`.
  private static func stat(of id: Int32) -> (state: Substring, parent: Int32)? {
    guard let text = ProcFile.text(of: "/proc/\(id)/stat"), let end = text.lastIndex(of: ")")
    else { return nil }
    let fields = text[text.index(after: end)...].split(separator: " ")
    guard fields.count > 1, let parent = Int32(fields[1]) else { return nil }
    return (fields[0], parent)
  }
}
