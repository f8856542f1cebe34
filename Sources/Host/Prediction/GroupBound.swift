/// A control group's bound on a resource, and how much of the resource is used: bytes of memory, or tasks
/// (processes and threads).
package struct GroupBound: Sendable, Equatable {
  package var group: ControlGroup
  /// The file in the group's directory that sets the bound. `ofGroupAbove` where a group above sets it.
  package var setting: String
  package var most: Int
  /// What is in use, less what the kernel takes back by itself.
  package var used: Int

  package init(_ setting: String, of group: ControlGroup, most: Int, used: Int) {
    self.setting = setting
    self.group = group
    self.most = most
    self.used = used
  }

  /// `setting` where some group above this one sets the bound, whether or not that group is mounted here. Only
  /// version 1 tells of such a bound (hierarchical_memory_limit in memory.stat).
  static let ofGroupAbove = "memory.limit_in_bytes of a group above"
  package var isOfGroupAbove: Bool { setting == Self.ofGroupAbove }

  package var left: Int { max(0, most - used) }

  package var file: String { group.file(setting) }

  /// The bound that leaves the least, since all of them hold at once. Where several leave equally little, the
  /// outermost: an inner group may show the bound of an outer one as its own.
  ///
  /// - Parameter bounds: those of a group and of the groups above it, in this order.
  static func tightest(_ bounds: [GroupBound]) -> GroupBound? {
    bounds.reversed().min { $0.left < $1.left }
  }
}

extension GroupBound {
  /// The bounds on memory, in bytes, from the process's own group up. Page cache that nobody has used lately
  /// does not count as used: the kernel takes it back before it lets an allocation fail.
  static func memory(reading read: (String) -> String?) -> [GroupBound] {
    GroupMemory.all(reading: read).compactMap { $0.bound(reading: read) }
  }

  /// The bounds on processes and threads, from the process's own group up. They bind root as well
  /// (Documentation/admin-guide/cgroup-v1/pids.rst).
  static func tasks(reading read: (String) -> String?) -> [GroupBound] {
    ControlGroup.groups(of: .pids, reading: read).compactMap { group in
      guard let most = read(group.file("pids.max")).flatMap(ProcText.integer),
        let used = read(group.file("pids.current")).flatMap(ProcText.integer)
      else { return nil }
      return GroupBound("pids.max", of: group, most: most, used: used)
    }
  }

  /// The processor time that the groups grant, in processors, with fractions; nil without a bound.
  ///
  /// A group grants so many microseconds per period of so many microseconds. In version 2 `cpu.max` has both
  /// numbers. In version 1 `cpu.cfs_quota_us` (-1 for no bound) and `cpu.cfs_period_us` have one each.
  static func processors(reading read: (String) -> String?) -> Double? {
    ControlGroup.groups(of: .cpu, reading: read).compactMap { group in
      let files = group.isVersion2 ? ["cpu.max"] : ["cpu.cfs_quota_us", "cpu.cfs_period_us"]
      let bound = files.flatMap { read(group.file($0)).map(ProcText.integers) ?? [] }
      return bound.count == 2 && bound[0] > 0 && bound[1] > 0
        ? Double(bound[0]) / Double(bound[1]) : nil
    }
    .min()
  }
}
