import Foundation
import Testing

/// A control group of a test's own, of version 1 or 2; gone when the test is.
final class TestGroup {
  let directory: String
  private let isVersion2: Bool

  /// Cancels the test where none can be made.
  init(_ controller: String) throws {
    guard let (mount, isVersion2) = Self.mount(of: controller) else {
      try Test.cancel("no hierarchy of control groups has the controller '\(controller)'")
    }
    self.isVersion2 = isVersion2
    directory = "\(mount)/runner-test-\(UUID().uuidString)"
    do {
      try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: false)
    } catch {
      try Test.cancel("no control group can be made in \(mount)")
    }
    let file =
      controller == "pids"
      ? "pids.max" : isVersion2 ? "memory.max" : "memory.limit_in_bytes"
    guard FileManager.default.isWritableFile(atPath: "\(directory)/\(file)") else {
      try Test.cancel("\(mount) hands no '\(controller)' to its groups")
    }
  }

  deinit {
    // Its last process may still be on its way out.
    _ = holds(within: .seconds(10)) { rmdir(directory) == 0 }
  }

  var limitFile: String { isVersion2 ? "memory.max" : "memory.limit_in_bytes" }

  func set(_ file: String, _ value: Int) throws {
    try #require(FileHandle(forWritingAtPath: "\(directory)/\(file)"))
      .write(contentsOf: Data("\(value)".utf8))
  }

  /// Starts a program in the group.
  var shell: String { "echo $$ > \(directory)/cgroup.procs && exec \"$0\" \"$@\"" }

  /// Processes that the kernel has killed in it for want of memory.
  var kills: Int {
    let file = isVersion2 ? "memory.events" : "memory.oom_control"
    let text = (try? String(contentsOfFile: "\(directory)/\(file)", encoding: .utf8)) ?? ""
    for line in text.split(separator: "\n") where line.hasPrefix("oom_kill ") {
      return Int(line.dropFirst("oom_kill ".count)) ?? 0
    }
    return 0
  }

  private static func mount(of controller: String) -> (String, isVersion2: Bool)? {
    let mounts = (try? String(contentsOfFile: "/proc/self/mounts", encoding: .utf8)) ?? ""
    var unified: String?
    for line in mounts.split(separator: "\n") {
      let fields = line.split(separator: " ")
      guard fields.count > 3 else { continue }
      if fields[2] == "cgroup", fields[3].split(separator: ",").contains(controller[...]) {
        return (String(fields[1]), false)
      }
      if fields[2] == "cgroup2" { unified = String(fields[1]) }
    }
    return unified.map { ($0, true) }
  }
}
