import Foundation
import Testing

/// When workers are forked.
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
}
