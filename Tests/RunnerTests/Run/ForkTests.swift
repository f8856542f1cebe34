import Foundation
import Testing

/// When workers are forked, and who goes first.
@Suite(.tags(.realKernel)) struct ForkTests {
  private static let strace = "/usr/bin/strace"

  /// A child has one thread only, and whatever lock another one held at that instant stays locked.
  @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: strace), "no strace"))
  func `workers are forked before there is a second thread, in a second run as well`() throws {
    let workspace = try Workspace()
    try workspace.write(PlanText().on(Loopback()), to: "a.plan")
    for calls in ["first", "second"] {
      let ending = try workspace.run(
        ["a.plan", "--quiet"],
        shell: "exec \(Self.strace) -f -o \(calls) -e trace=clone,clone3,fork,vfork \"$0\" \"$@\"")
      #expect(ending.exitCode == 0, "\(ending.errors)")
      let made = try workspace.text(of: calls).split(separator: "\n")
        .filter { $0.contains("clone") && !$0.contains("resumed") }
      let workers = made.prefix { !$0.contains("CLONE_THREAD") }
      #expect(workers.count == 2, "\(made)")
      #expect(!made.dropFirst(2).contains { !$0.contains("CLONE_THREAD") }, "\(made)")
    }
  }

  /// Else it looks too late as memory runs out. Each of two plans has a coordinator of its own.
  @Test(
    .enabled(if: FileManager.default.isExecutableFile(atPath: strace), "no strace"),
    .enabled(if: mayGoFirst, "no CAP_SYS_NICE"))
  func `the coordinator is in the real-time class while it drives, and no worker ever is`() throws {
    let workspace = try Workspace()
    for name in ["a", "b"] {
      try workspace.write(PlanText().on(Loopback()), to: "\(name).plan")
    }
    let ending = try workspace.run(
      ["a.plan", "b.plan", "--quiet"],
      shell: "exec \(Self.strace) -f -o calls -e trace=clone,clone3,fork,vfork,sched_setscheduler "
        + "\"$0\" \"$@\"")
    #expect(ending.exitCode == 0, "\(ending.errors)")
    let calls = try workspace.text(of: "calls").split(separator: "\n")
      .filter { !$0.contains("resumed") && !$0.contains("CLONE_THREAD") }
      .compactMap { line in
        ["SCHED_RR", "SCHED_OTHER", "clone", "fork"].first { line.contains($0) }
      }
    let plan = ["clone", "clone", "clone", "SCHED_RR", "SCHED_OTHER"]
    #expect(calls == plan + plan)
  }

  private static var mayGoFirst: Bool {
    var (before, lowest) = (sched_param(), sched_param(sched_priority: 1))
    guard unsafe sched_setscheduler(0, SCHED_RR, &lowest) == 0 else { return false }
    return unsafe sched_setscheduler(0, SCHED_OTHER, &before) == 0
  }
}
