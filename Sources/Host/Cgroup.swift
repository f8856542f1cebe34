/// The bounds of the control group that this process runs in, of memory above all: cgroups(7),
/// version 2.
package struct Cgroup: Sendable, Equatable {
  /// Directory of the group whose bound is the tightest.
  package var directory: String
  package var maximum: Int
  package var current: Int

  package init(directory: String, maximum: Int, current: Int) {
    self.directory = directory
    self.maximum = maximum
    self.current = current
  }

  /// The tightest bound on the way up from the process's own group: each holds for all below it.
  /// Nil without version 2, or without any bound.
  static func tightest(reading read: (String) -> String?) -> Cgroup? {
    groups(reading: read).compactMap { directory in
      guard let maximum = read("\(directory)/memory.max").flatMap(ProcText.integer),
        let current = read("\(directory)/memory.current").flatMap(ProcText.integer)
      else { return nil }
      return Cgroup(directory: directory, maximum: maximum, current: current)
    }
    .min { $0.maximum - $0.current < $1.maximum - $1.current }
  }

  /// Whole processors that the group's time comes to (`cpu.max`: microseconds, of so many); nil
  /// without a bound.
  static func processors(reading read: (String) -> String?) -> Int? {
    groups(reading: read).compactMap { directory in
      let bound = read("\(directory)/cpu.max").map(ProcText.integers) ?? []
      return bound.count == 2 && bound[1] > 0 ? bound[0] / bound[1] : nil
    }
    .min()
  }

  /// Directory of the group that bounds this process.
  static func directory(reading read: (String) -> String?) -> String? {
    tightest(reading: read)?.directory
  }

  /// Directories from the process's own group up to the root.
  private static func groups(reading read: (String) -> String?) -> [String] {
    guard let mount = mountPoint(read("/proc/self/mounts") ?? ""),
      let line = (read("/proc/self/cgroup") ?? "").split(separator: "\n")
        .first(where: { $0.hasPrefix("0::") })
    else { return [] }
    var names = line.dropFirst("0::".count).split(separator: "/")
    var directories: [String] = []
    while !names.isEmpty {
      directories.append(mount + "/" + names.joined(separator: "/"))
      names.removeLast()
    }
    return directories + [mount]
  }

  private static func mountPoint(_ mounts: String) -> String? {
    for line in mounts.split(separator: "\n") {
      let words = line.split(separator: " ")
      if words.count > 2, words[2] == "cgroup2" { return String(words[1]) }
    }
    return nil
  }
}
