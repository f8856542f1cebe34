/// A control group's bound on a resource, and how much of the resource is used.
package struct GroupBound: Sendable, Equatable {
  package var group: ControlGroup
  /// The file in the group's directory that sets the bound; `ofGroupAbove` where it is in no file here.
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

  /// The setting of a bound of version 1 that is another group's, above this one.
  static let ofGroupAbove = "memory.limit_in_bytes of a group above"
  package var isOfGroupAbove: Bool { setting == Self.ofGroupAbove }

  package var left: Int { max(0, most - used) }

  package var file: String { group.file(setting) }

  /// The bound that leaves the least: all bounds hold at once. Of several, the outermost: what an inner group
  /// leaves may be the outer one's bound.
  ///
  /// - Parameter bounds: those of a group and of the groups above it, in this order.
  static func tightest(_ bounds: [GroupBound]) -> GroupBound? {
    bounds.reversed().min { $0.left < $1.left }
  }
}

extension GroupBound {
  /// The bounds on memory, in bytes. Page cache that nobody has used lately does not count as used:
  /// the kernel takes it back before it lets an allocation fail.
  static func memory(reading read: (String) -> String?) -> [GroupBound] {
    GroupMemory.all(reading: read).compactMap { $0.bound(reading: read) }
  }

  /// The bounds on processes and threads; they bind root as well
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
  /// Both versions grant so many microseconds per period: `cpu.max` has both numbers;
  /// `cpu.cfs_quota_us` (-1 for no bound) and `cpu.cfs_period_us` have one each.
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
