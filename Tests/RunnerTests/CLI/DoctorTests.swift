import Foundation
import Testing

/// `runner doctor`: the host's limits against a plan. Nothing here may change one.
@Suite(.tags(.realKernel)) struct DoctorTests {
  private let workspace: Workspace
  private let network: Loopback
  private let fewDescriptors = "ulimit -n 300; exec \"$0\" \"$@\""
  /// A plan that hardly needs anything, so that no host is too small for it.
  private let modest = PlanText(goal: "10", server: "backlog: 1")
  /// One that a process with few descriptors cannot hold.
  private let large = PlanText(
    goal: "1k", server: "processes: 4, backlog: 1", clients: "processes: 1")

  init() throws {
    workspace = try Workspace()
    network = try Loopback()
  }

  private struct Item: Decodable {
    let setting, now, status, note: String
    let needed, fix, undo: String?
  }

  private func items(_ arguments: [String], shell: String? = nil) throws -> [Item] {
    let ending = try workspace.run(arguments + ["--format", "json"], shell: shell)
    #expect(ending.exitCode == 0)
    return try JSONDecoder().decode([Item].self, from: Data(ending.output.utf8))
  }

  @Test func `without a plan it measures the host against a million connections`() throws {
    let ending = try workspace.run(["doctor"])
    #expect(ending.exitCode == 0)
    #expect(ending.errors.isEmpty)
    let lines = ending.output.split(separator: "\n")
    #expect(lines[0].split(separator: " ") == ["limit", "now", "needed"])
    let watches = try #require(lines.first { $0.contains(" fs.epoll.max_user_watches ") })
    #expect(watches.contains("  2,000,"))
    #expect(!ending.output.contains("\u{1B}"))
    #expect(lines.allSatisfy { !$0.hasSuffix(" ") })
  }

  @Test func `with a plan it measures against what that needs`() throws {
    try workspace.write(modest.on(network), to: "a.plan")
    let ending = try workspace.run(["doctor", "a.plan"])
    #expect(ending.exitCode == 0)
    #expect(ending.output.hasSuffix("\n\nNothing stands in the way.\n"))
    #expect(!ending.output.contains("→"))
    let marks = Set(ending.output.split(separator: "\n").dropLast().compactMap(\.first))
    #expect(marks.isSubset(of: ["✓", " "]))
  }

  @Test func `a plan's target may be anywhere, as nothing is opened`() throws {
    // TEST-NET-3 is nobody's, and public.
    try workspace.write(
      "target: 203.0.113.7:80\nclients: {sources: {interface: lo}}\nphases: [{ramp: {to: 10}}]\n",
      to: "a.plan")
    let ending = try workspace.run(["doctor", "a.plan"])
    #expect(!ending.errors.contains("is a public address"), "\(ending.errors)")
  }

  @Test func `names what is too low, and the command that raises it`() throws {
    try workspace.write(large.on(network), to: "a.plan")
    let ending = try workspace.run(["doctor", "a.plan"], shell: fewDescriptors)
    #expect(ending.exitCode == 0)
    let lines = ending.output.split(separator: "\n")
    let index = try #require(lines.firstIndex { $0.hasPrefix("✗  RLIMIT_NOFILE ") })
    #expect(lines[index].split(separator: " ")[2] == "300")
    #expect(lines[index].contains("`processes: auto` would do without"))
    #expect(lines[index + 1].contains("→ ulimit -n 10"))
    #expect(ending.output.hasSuffix("Too low: RLIMIT_NOFILE; --fix applies what it may.\n"))
  }

  @Test func `processes that are chosen need no higher limit`() throws {
    try workspace.write(PlanText(goal: "1k", server: "backlog: 1").on(network), to: "a.plan")
    let ending = try workspace.run(["doctor", "a.plan"], shell: fewDescriptors)
    let line = try #require(ending.output.split(separator: "\n").first { $0.hasPrefix("!") })
    #expect(line.contains("the plan runs all the same, with 5 client and 5 server processes"))
    #expect(ending.output.hasSuffix("Nothing stands in the way.\n"))
  }

  @Test func `takes --set as a run does`() throws {
    try workspace.write(modest.on(network), to: "a.plan")
    let items = try items(["doctor", "a.plan", "--set", "goal=12345"])
    let watches = try #require(items.first { $0.setting == "fs.epoll.max_user_watches" })
    #expect(watches.needed?.hasPrefix("24,69") == true)
  }

  @Test func `JSON has an item for every limit, with its fix and the way back`() throws {
    try workspace.write(large.on(network), to: "a.plan")
    let items = try items(["doctor", "a.plan"], shell: fewDescriptors)
    #expect(Set(items.map(\.setting)).count == items.count)
    #expect(
      Set(items.map(\.setting)).isSuperset(of: [
        "RLIMIT_NOFILE", "fs.nr_open", "fs.file-max", "fs.epoll.max_user_watches",
        "source addresses", "memory available",
      ]))
    #expect(items.allSatisfy { ["enough", "low", "fixed", "short"].contains($0.status) })
    let descriptors = try #require(items.first { $0.setting == "RLIMIT_NOFILE" })
    #expect(descriptors.now == "300")
    #expect(descriptors.status == "low")
    #expect(descriptors.fix?.hasPrefix("ulimit -n 10") == true)
    #expect(descriptors.undo == "ulimit -Sn 300")
    #expect(items.filter { $0.status != "low" }.allSatisfy { $0.fix == nil && $0.undo == nil })
    // Without a plan, too.
    #expect(try self.items(["doctor"]).count >= 6)
  }

  @Test(arguments: [
    ("sysctl", "/etc/sysctl.d/90-runner.conf"),
    ("limits", "/etc/security/limits.d/90-runner.conf"),
    ("systemd", "/etc/systemd/system/SERVICE.service.d/90-runner.conf"),
  ])
  func `--emit prints a file to install, and nothing else`(kind: String, path: String) throws {
    try workspace.write(modest.on(network), to: "a.plan")
    let ending = try workspace.run(["doctor", "a.plan", "--emit", kind])
    #expect(ending.exitCode == 0)
    #expect(ending.errors.isEmpty)
    let lines = ending.output.split(separator: "\n")
    #expect(lines.count == 3)
    #expect(lines[0].hasPrefix("# Install as \(path), then: "))
    #expect(lines[1].hasPrefix(kind == "sysctl" ? "# Undo: run " : "# Undo: rm \(path), then: "))
    #expect(lines[2] == "# Nothing of this kind needs to change.")
  }

  @Test(arguments: [("limits", "* hard nofile 10"), ("systemd", "LimitNOFILE=10")])
  func `--emit has the limit that the plan needs`(kind: String, setting: String) throws {
    try workspace.write(large.on(network), to: "a.plan")
    let ending = try workspace.run(["doctor", "a.plan", "--emit", kind], shell: fewDescriptors)
    #expect(ending.exitCode == 0)
    #expect(ending.output.contains("\n\(setting)"), "\(ending.output)")
  }

  @Test(arguments: [[], ["--yes"]])
  func `--fix with nothing to change changes nothing`(more: [String]) throws {
    try workspace.write(modest.on(network), to: "a.plan")
    // Not on a host where there is something to change.
    try #require(try items(["doctor", "a.plan"]).allSatisfy { $0.fix == nil })
    let ending = try workspace.run(["doctor", "a.plan", "--fix"] + more)
    #expect(ending.exitCode == 0)
    #expect(ending.errors.isEmpty)
    #expect(ending.output.hasSuffix("Nothing stands in the way.\n"))
  }

  @Test(arguments: [("broken.plan", "broken.plan:1:1: "), ("nowhere.plan", "nowhere.plan:1:1: ")])
  func `a plan that cannot be read is exit 104`(file: String, place: String) throws {
    try workspace.write("phases: []\n", to: "broken.plan")
    let ending = try workspace.run(["doctor", file])
    #expect(ending.exitCode == 104)
    #expect(ending.output.isEmpty)
    #expect(ending.errors.hasPrefix(place))
  }

  @Test(arguments: [
    ["--emit", "ansible"], ["--format", "xml"], ["a.plan", "b.plan"], ["--fixx"],
  ])
  func `a wrong command line is exit 64`(arguments: [String]) throws {
    #expect(try workspace.run(["doctor"] + arguments).exitCode == 64)
  }
}
