import Linux

/// The files in which a control group shows its memory's use and limits.
struct GroupMemory {
  let group: ControlGroup

  /// The groups whose memory limits bound this process, its own group first.
  static func all(reading read: (String) -> String?) -> [GroupMemory] {
    let groups = ControlGroup.groups(of: .memory, reading: read)
    // A group of version 1 without `memory.use_hierarchy` does not count the memory of the groups below it. If
    // it is above this process's own group, it does not bound this process.
    return groups.enumerated().filter { index, group in
      index == 0 || group.isVersion2
        || read(group.file("memory.use_hierarchy")).flatMap(ProcText.integer) != 0
    }.map { GroupMemory(group: $0.element) }
  }

  var usageFile: String {
    group.file(group.isVersion2 ? "memory.current" : "memory.usage_in_bytes")
  }
  var statFile: String { group.file("memory.stat") }
  /// `memory.high` counts as a limit: beyond it the kernel throttles the group's processes.
  var limitFiles: [String] {
    (group.isVersion2 ? ["memory.max", "memory.high"] : ["memory.limit_in_bytes"])
      .map(group.file)
  }

  /// The group's lowest bound; nil for a group without one, and where usage or limits cannot be read.
  func bound(reading read: (String) -> String?) -> GroupBound? {
    guard let usage = read(usageFile).flatMap(ProcText.integer) else { return nil }
    let stat = read(statFile) ?? ""
    let limits = limitFiles.compactMap { file in
      read(file).flatMap(ProcText.integer).map { (file: file, most: $0) }
    }
    guard var (file, most) = limits.min(by: { $0.most < $1.most }) else { return nil }
    // `hierarchical_memory_limit` is the lowest bound of this group and of all groups above it, including
    // groups that are not mounted here.
    var isOfGroupAbove = false
    if !group.isVersion2, let above = ProcText.amount("hierarchical_memory_limit", in: stat),
      above < most
    {
      (most, isOfGroupAbove) = (above, true)
    }
    guard most < Self.unbounded else { return nil }
    let cache = group.isVersion2 ? "inactive_file" : "total_inactive_file"
    let reclaimable = ProcText.amount(cache, in: stat) ?? 0
    file.removeFirst(group.directory.count + 1)
    if isOfGroupAbove { file = GroupBound.ofGroupAbove }
    return GroupBound(file, of: group, most: most, used: max(0, usage - reclaimable))
  }

  /// Bytes; a limit from here on is none. Version 1 states some 2^63 bytes where there is no bound.
  private static let unbounded = 1 << 60
}

/// Reads again and again how much memory the control groups leave.
///
/// It opens the files once, so it can still read when this process has no descriptor left.
struct GroupMeter {
  /// The control groups that had a bound when this meter was made.
  private let groups: [GroupMemory]
  /// By the group's directory, the bytes that were in use when this meter was made.
  private let usedBefore: [String: Int]
  private let files: [String: ProcFile]

  init(reading read: (String) -> String?) {
    let bounds = GroupMemory.all(reading: read).map { ($0, $0.bound(reading: read)) }
    groups = bounds.filter { $1 != nil }.map(\.0)
    usedBefore = Dictionary(
      bounds.compactMap { $1.map { ($0.group.directory, $0.used) } },
      uniquingKeysWith: { first, _ in first })
    var files: [String: ProcFile] = [:]
    for path in groups.flatMap({ [$0.usageFile, $0.statFile] + $0.limitFiles }) {
      files[path] = try? ProcFile(path)
    }
    self.files = files
  }

  /// The bound that leaves the least memory now; nil without any.
  func tightest() -> GroupBound? {
    GroupBound.tightest(groups.compactMap { $0.bound { try? files[$0]?.read() } })
  }

  /// The bound that leaves the least memory now, with the bytes that were in use when this meter was made. To
  /// these a diagnosis adds what the run needs.
  func tightestWithUseBefore() -> GroupBound? {
    tightest().map { bound in
      var bound = bound
      bound.used = usedBefore[bound.group.directory] ?? bound.used
      return bound
    }
  }
}
