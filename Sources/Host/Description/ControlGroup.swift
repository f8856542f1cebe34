/// The control group that this process is in for one controller, or a group above that one. Source: cgroups(7).
///
/// A group's bound holds for all groups below it as well.
package struct ControlGroup: Sendable, Equatable {
  package enum Controller: String, Sendable {
    case memory, pids, cpu
  }

  package var directory: String
  /// Whether the group is of version 2, where one hierarchy has all controllers. In version 1 each controller
  /// may have a hierarchy of its own.
  package var isVersion2: Bool

  package init(directory: String, isVersion2: Bool) {
    self.directory = directory
    self.isVersion2 = isVersion2
  }

  /// The groups of a controller, from this process's own up to the topmost that is mounted here. A
  /// host may have version 1 for one controller and version 2 for another.
  static func groups(
    of controller: Controller, reading read: (String) -> String?
  ) -> [ControlGroup] {
    let mounts = ControlGroupMount.all(in: read("/proc/self/mountinfo") ?? "")
    return ProcText.lines(read("/proc/self/cgroup") ?? "").flatMap { line -> [ControlGroup] in
      // Number of the hierarchy, its controllers, path; "0::" for version 2.
      let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard fields.count == 3 else { return [] }
      let controllers = fields[1].split(separator: ",")
      let isVersion2 = fields[0] == "0" && controllers.isEmpty
      guard isVersion2 || controllers.contains(controller.rawValue[...]) else { return [] }
      let path = fields[2].split(separator: "/")
      let directories = mounts.lazy
        .filter { isVersion2 ? $0.isVersion2 : $0.controllers.contains(controller.rawValue[...]) }
        .map { $0.directories(of: path) }
        .max { $0.count < $1.count }
      return (directories ?? []).map { ControlGroup(directory: $0, isVersion2: isVersion2) }
    }
  }

  func file(_ name: String) -> String { "\(directory)/\(name)" }
}

/// A mount of a hierarchy of control groups, or of a part of one. Source: proc_pid_mountinfo(5).
struct ControlGroupMount {
  let isVersion2: Bool
  /// The controllers of a hierarchy of version 1, and the mount's other options.
  let controllers: [Substring]
  let point: String
  /// The group that the mount point shows, as a path from the root of this process's control group
  /// namespace: a container may see only its own part of the hierarchy (cgroup_namespaces(7)).
  let root: [Substring]

  static func all(in mountinfo: String) -> [ControlGroupMount] {
    ProcText.lines(mountinfo).compactMap { line in
      let fields = line.split(separator: " ")
      // Number, parent, device, root, mount point, options, any others, "-", type, source, options.
      guard let dash = fields.firstIndex(of: "-"), dash >= 6, fields.count > dash + 3,
        fields[dash + 1].hasPrefix("cgroup")
      else { return nil }
      return ControlGroupMount(
        isVersion2: fields[dash + 1] == "cgroup2",
        controllers: fields[dash + 3].split(separator: ","),
        point: plain(fields[4]), root: plain(fields[3])[...].split(separator: "/"))
    }
  }

  /// The directories of the group at `path` and of the groups above it, as far as the mount shows them; none
  /// where the mount shows another part of the hierarchy.
  func directories(of path: [Substring]) -> [String] {
    // A mount that was made outside of the namespace has `/..` for its root. Such a mount begins above the
    // namespace's root. This process cannot see the names of the groups between, so it knows the directory of
    // one group only, which is above its own: the mount point.
    if root.allSatisfy({ $0 == ".." }), !root.isEmpty, !path.contains("..") { return [point] }
    guard path.starts(with: root), !path.dropFirst(root.count).contains("..") else { return [] }
    var rest = path.dropFirst(root.count)
    var directories: [String] = []
    while !rest.isEmpty {
      directories.append(point + "/" + rest.joined(separator: "/"))
      rest.removeLast()
    }
    return directories + [point]
  }

  /// A path without the kernel's escapes: it writes a space, a tab, a line feed or a backslash as `\` and three
  /// octal digits.
  private static func plain(_ field: Substring) -> String {
    guard field.utf8.contains(UInt8(ascii: "\\")) else { return String(field) }
    var (bytes, rest) = ([UInt8](), field.utf8[...])
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "\\"), let code = UInt8(Substring(rest.prefix(3)), radix: 8) {
        bytes.append(code)
        rest = rest.dropFirst(3)
      } else {
        bytes.append(byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
