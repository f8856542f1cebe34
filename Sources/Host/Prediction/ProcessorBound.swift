/// A control group's bound on the processor time of this process: cgroups(7), both versions.
struct ProcessorBound: Equatable {
  let directory: String
  /// The file in the group's directory that sets the bound.
  let setting: String

  var file: String { "\(directory)/\(setting)" }

  /// The file that counts the periods in which the group used up its time, and how long it was stopped then.
  var statistics: String { "\(directory)/cpu.stat" }

  /// The bounds of the process's own group and of the groups above; all hold at once.
  static func all(reading read: (String) -> String?) -> [ProcessorBound] {
    ControlGroup.groups(of: .cpu, reading: read).map(\.directory).flatMap { directory in
      // "max 100000" and -1 stand for no bound.
      ["cpu.max", "cpu.cfs_quota_us"].compactMap { setting in
        let bound = ProcessorBound(directory: directory, setting: setting)
        let microseconds = read(bound.file).flatMap(ProcText.integer) ?? -1
        return microseconds > 0 ? bound : nil
      }
    }
  }
}
