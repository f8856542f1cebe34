/// A control group's bound on the processor time of this process: cgroups(7), both versions.
struct ProcessorBound: Equatable {
  let directory: String
  /// The file in the group's directory that sets the bound.
  let setting: String

  var file: String { "\(directory)/\(setting)" }

  /// The file that counts how often the group's time ran out.
  var statistics: String { "\(directory)/cpu.stat" }

  /// The bounds of the process's own group and of the groups above; all hold at once.
  static func all(reading read: (String) -> String?) -> [ProcessorBound] {
    directories(reading: read).flatMap { directory in
      // "max 100000" and -1 stand for no bound.
      ["cpu.max", "cpu.cfs_quota_us"].compactMap { setting in
        let bound = ProcessorBound(directory: directory, setting: setting)
        let microseconds = read(bound.file).flatMap(ProcText.integer) ?? -1
        return microseconds > 0 ? bound : nil
      }
    }
  }

  /// Directories of the groups that may bound the process, from its own up. A host may have version 1
  /// for this controller and version 2 beside it.
  private static func directories(reading read: (String) -> String?) -> [String] {
    let mounts = ProcText.lines(read("/proc/self/mounts") ?? "").map(ProcText.words)
    return ProcText.lines(read("/proc/self/cgroup") ?? "").flatMap { line -> [String] in
      // Number of the hierarchy, its controllers, path; "0::" for version 2.
      let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard fields.count == 3 else { return [] }
      let isVersion2 = fields[0] == "0" && fields[1].isEmpty
      guard isVersion2 || fields[1].split(separator: ",").contains("cpu") else { return [] }
      // Device, mount point, type, options.
      let mount = mounts.first { words in
        guard words.count > 3 else { return false }
        return isVersion2
          ? words[2] == "cgroup2"
          : words[2] == "cgroup" && words[3].split(separator: ",").contains("cpu")
      }
      guard let mount else { return [] }
      var names = fields[2].split(separator: "/")
      var directories: [String] = []
      while !names.isEmpty {
        directories.append("\(mount[1])/\(names.joined(separator: "/"))")
        names.removeLast()
      }
      return directories + [String(mount[1])]
    }
  }
}
