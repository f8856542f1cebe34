import Foundation
import Glibc
import Recording
import Testing

/// Hosts that let a process use a part of the machine only: control groups, resource limits, user
/// namespaces. What is predicted is what happens, and what fails is told with its cause.
@Suite(.tags(.realKernel), .serialized) struct BoundedHostTests {
  private let workspace: Workspace
  private let network: Loopback

  init() throws {
    workspace = try Workspace()
    network = try Loopback()
  }

  private func needRoot() throws {
    if geteuid() != 0 { try Test.cancel("only root may change who it is") }
  }

  /// The number that `check` predicts.
  private func predicted(_ output: String) throws -> Int {
    let line = try #require(output.split(separator: "\n").first { $0.hasPrefix("Predicted: ") })
    let number = try #require(line.firstMatch(of: /; ([\d,]+) connections, bound by/))
    return try #require(Int(number.1.filter { $0 != "," }))
  }

  // MARK: Memory

  @Test func `in a control group the guard ends the run where the prediction says`() throws {
    let group = try TestGroup("memory")
    try group.set(group.limitFile, 256 << 20)
    // Slowly, as what comes between two looks at the memory is beyond the prediction.
    let plan = PlanText(
      goal: "100k", phases: ["ramp: {to: \"${goal}\", rate: 2k/s}", "close: reset"])
    try workspace.write(plan.on(network), to: "a.plan")
    let check = try workspace.run(["check", "a.plan"], shell: group.shell)
    let predicted = try predicted(check.output)
    #expect(check.output.contains("a limit before the goal; "))
    #expect(check.output.contains("bound by host memory-guard (\(group.directory)/"))

    let (_, summary) = try workspace.summary(of: ["a.plan"], shell: group.shell)
    #expect(summary.exit == 100)
    #expect(group.kills == 0)
    let limit = try #require(summary.limit)
    #expect(limit.resource == "memory-guard")
    #expect(limit.knob == group.limitFile)
    #expect(limit.fix?.hasSuffix(" | tee \(group.directory)/\(group.limitFile)") == true)
    let reached = summary.connections.established
    #expect(
      abs(reached - predicted) <= predicted / 20, "predicted \(predicted), reached \(reached)")

    // What fits is not refused.
    let fits = try workspace.run(
      ["run", "a.plan", "--set", "goal=500", "--preflight", "strict"], shell: group.shell)
    #expect(!fits.errors.contains("the host will stop"), "\(fits.errors)")
  }

  // MARK: Workers that cannot be started

  private func counted(_ processes: Int) -> PlanText {
    PlanText(
      goal: "200", server: "processes: \(processes)", clients: "processes: \(processes)")
  }

  @Test func `a group with too few processes is predicted, refused, and told when it fails`() throws
  {
    let group = try TestGroup("pids")
    try group.set("pids.max", 12)
    try workspace.write(counted(8).on(network), to: "a.plan")
    let check = try workspace.run(["check", "a.plan"], shell: group.shell)
    let words = "16 worker processes cannot be started: pids.max of \(group.directory) 12, "
    #expect(check.output.contains("Predicted: the run cannot start: \(words)"))

    let refused = try workspace.run(["a.plan", "--preflight", "strict"], shell: group.shell)
    #expect(refused.exitCode == 106)
    #expect(refused.errors.contains("refused: \(words)"), "\(refused.errors)")

    let failed = try workspace.run(["a.plan"], shell: group.shell)
    #expect(failed.exitCode == 1)
    #expect(
      failed.errors.contains(
        /cannot start the workers: fork failed for worker \d+ of 16 with EAGAIN/),
      "\(failed.errors)")
    #expect(failed.errors.contains("pids.max of \(group.directory), now 12, needed "))
    #expect(failed.errors.contains(" | tee \(group.directory)/pids.max"))
  }

  @Test func `a group that has just enough processes is enough, and one less is not`() throws {
    let group = try TestGroup("pids")
    try workspace.write(counted(2).on(network), to: "a.plan")
    // The coordinator and four workers.
    try group.set("pids.max", 5)
    let check = try workspace.run(["check", "a.plan"], shell: group.shell)
    #expect(check.output.contains("Predicted: the goal is within reach; "), "\(check.output)")
    let passed = try workspace.run(["a.plan"], shell: group.shell)
    #expect(passed.exitCode == 0, "\(passed.errors)")
    // Another test's run may be a reason to refuse this one; tasks are none.
    let strict = try workspace.run(["a.plan", "--preflight", "strict"], shell: group.shell)
    #expect(!strict.errors.contains("pids.max"), "\(strict.errors)")

    try group.set("pids.max", 4)
    let refused = try workspace.run(["a.plan", "--preflight", "strict"], shell: group.shell)
    #expect(refused.errors.contains("4, 1 in use leaves room for 3; 5 are needed"))
    let failed = try workspace.run(["a.plan"], shell: group.shell)
    #expect(failed.errors.contains("fork failed for worker 4 of 4 with EAGAIN"), "\(failed.errors)")
  }

  @Test func `processes that are chosen fit into a group, and the plan passes`() throws {
    let group = try TestGroup("pids")
    try group.set("pids.max", 12)
    try workspace.write(PlanText(goal: "200").on(network), to: "a.plan")
    let ending = try workspace.run(["a.plan"], shell: group.shell)
    #expect(ending.exitCode == 0, "\(ending.errors)")
  }

  @Test func `few descriptors bound the processes that are chosen, as was predicted`() throws {
    let shell = "ulimit -n 64; exec \"$0\" \"$@\""
    // The first server that is full ends the growth of all. Slowly, as after a stall of this machine its
    // workers catch up, one before the other.
    let plan = PlanText(goal: "3k", phases: ["ramp: {to: \"${goal}\", rate: 300/s}"])
    try workspace.write(plan.on(network), to: "a.plan")
    let check = try workspace.run(["check", "a.plan"], shell: shell)
    let predicted = try predicted(check.output)
    #expect(
      check.output.contains("(RLIMIT_NOFILE of the coordinator 64, of which it needs 30 itself)"))
    let (ending, summary) = try workspace.summary(of: ["a.plan"], shell: shell)
    #expect(summary.exit == 100, "\(ending.errors)")
    #expect(summary.limit?.errno?.name == "EMFILE")
    let reached = summary.connections.established - (summary.connections.phantom ?? 0)
    #expect(
      abs(reached - predicted) <= predicted / 20, "predicted \(predicted), reached \(reached)")
  }

  @Test func `event counters of the coordinator are told when they are what is short`() throws {
    let shell = "ulimit -n 64; exec \"$0\" \"$@\""
    try workspace.write(counted(40).on(network), to: "a.plan")
    let check = try workspace.run(["check", "a.plan"], shell: shell)
    #expect(check.output.contains("Predicted: the run cannot start: 80 worker processes cannot"))
    let failed = try workspace.run(["a.plan"], shell: shell)
    #expect(failed.exitCode == 1)
    #expect(
      failed.errors.contains(
        /cannot start the workers: eventfd failed for worker \d+ of 80 with EMFILE/),
      "\(failed.errors)")
    #expect(failed.errors.contains("RLIMIT_NOFILE of the coordinator, now 64, needed 110"))
  }

  @Test func `a user's limit of processes is predicted, and named when it fails`() throws {
    try needRoot()
    let shell = """
      chmod 777 . && exec prlimit --nproc=5:5 \
      setpriv --reuid 65533 --regid 65533 --clear-groups "$0" "$@"
      """
    try workspace.write(counted(8).on(network), to: "a.plan")
    let check = try workspace.run(["check", "a.plan"], shell: shell)
    #expect(
      check.output.contains("16 worker processes cannot be started: RLIMIT_NPROC 5, "),
      "\(check.output) \(check.errors)")
    let failed = try workspace.run(["a.plan"], shell: shell)
    #expect(failed.exitCode == 1)
    #expect(failed.errors.contains("RLIMIT_NPROC, now 5, needed "), "\(failed.errors)")
  }

  // MARK: Processor time

  @Test func `a worker that has used up RLIMIT_CPU is told by it`() throws {
    var plan = PlanText(
      goal: "200", server: "processes: 1", clients: "processes: 1",
      phases: ["ramp: {to: \"${goal}\"}", "hold: {for: 8s, messages: m}"])
    plan.rest = ["messages: {m: {rate: unlimited, bytes: 64B}}", "on-limit: stop"]
    try workspace.write(plan.on(network), to: "a.plan")
    let shell = "exec prlimit --cpu=1:1 \"$0\" \"$@\""
    let (ending, summary) = try workspace.summary(of: ["a.plan"], shell: shell)
    #expect(summary.exit == 100, "\(ending.errors)")
    #expect(summary.limit?.resource == "worker-died")
    #expect(summary.limit?.knob == "RLIMIT_CPU")
    #expect(summary.limit?.now == 1)
  }

  // MARK: User namespaces

  @Test func `capabilities in a user namespace raise no limit`() throws {
    let shell = "ulimit -n 300; exec unshare --user --map-root-user \"$0\" \"$@\""
    let plan = PlanText(goal: "1k", server: "processes: 1", clients: "processes: 1")
    try workspace.write(plan.on(network), to: "a.plan")
    let check = try workspace.run(["check", "a.plan"], shell: shell)
    if check.errors.contains("unshare") { try Test.cancel("no user namespace can be made") }
    #expect(try predicted(check.output) < 300)
    #expect(check.output.contains(" RLIMIT_NOFILE 300") || check.output.contains("(now 300)"))
  }
}
