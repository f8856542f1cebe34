import Foundation
import Glibc
import Recording
import Testing

/// What is said of runs that are slower than planned, where processors are short for them alone.
@Suite(.tags(.realKernel)) struct PaceRunTests {
  private let workspace: Workspace
  private let network: Loopback

  init() throws {
    workspace = try Workspace()
    network = try Loopback()
  }

  private func remark(
    _ phases: [String], rest: [String] = [], of phase: Int = 0, shell: String? = nil
  ) throws -> String {
    var plan = PlanText(goal: "20k", phases: phases)
    plan.rest = rest
    try workspace.write(plan.on(network), to: "slow.plan")
    let ending = try workspace.run(["slow.plan"], shell: shell)
    // Arrivals of a churn that are late break its promise.
    #expect(ending.exitCode == 0 || ending.exitCode == 100, "\(ending.errors)")
    return try workspace.recording(of: "slow").phases[phase].remark
  }

  @Test func `on one processor that it has to itself a run is short of processors`() throws {
    let remark = try remark(
      ["ramp: {to: 20k, rate: 10M/s}", "close: reset"],
      shell: "exec taskset -c 0 \"$0\" \"$@\"")
    #expect(remark.contains("of 10,000,000/s planned: "), "\(remark)")
    #expect(remark.contains("busy"), "\(remark)")
    #expect(!remark.contains("not the reason"), "\(remark)")
  }

  @Test func `a churn on one processor is short of processors`() throws {
    let remark = try remark(
      ["churn: {rate: 100k/s, lifetime: 50ms, for: 500ms}", "close: reset"],
      shell: "exec taskset -c 0 \"$0\" \"$@\"")
    #expect(remark.contains("of 100,000/s planned: "), "\(remark)")
    #expect(remark.contains("busy"), "\(remark)")
  }

  @Test func `messages that were not sent in time are told of`() throws {
    // Where other programs take more than a quarter of that processor, it is not the run that fills it. Another try may
    // find it free.
    var (remark, othersTakeIt) = ("", true)
    for _ in 0..<3 where othersTakeIt && !remark.contains("busy") {
      remark = try self.remark(
        ["ramp: {to: 100}", "hold: {for: 1s, messages: m}", "close: reset"],
        rest: ["messages: {m: {rate: 5M/s, bytes: 64B, expect: echo}}"], of: 1,
        shell: "exec taskset -c 0 \"$0\" \"$@\"")
      #expect(remark.contains("of 5,000,000/s messages planned: "), "\(remark)")
      #expect(remark.contains(" messages were due and not sent"), "\(remark)")
      othersTakeIt = try Self.idleShareOfFirstProcessor() < 0.75
    }
    #expect(
      remark.contains("busy") || othersTakeIt && remark.contains("found no connection free"),
      "\(remark)")
  }

  /// The share of a second in which processor 0 has nothing to do, now that the run is over.
  private static func idleShareOfFirstProcessor() throws -> Double {
    func ticks() throws -> (idle: Double, all: Double) {
      let text = try String(contentsOfFile: "/proc/stat", encoding: .utf8)
      let line = try #require(text.split(separator: "\n").first { $0.hasPrefix("cpu0 ") })
      let counts = line.split(separator: " ").dropFirst().prefix(8).compactMap { Double($0) }
      return (counts[3], counts.reduce(0, +))
    }
    let before = try ticks()
    Thread.sleep(forTimeInterval: 1)
    let after = try ticks()
    return (after.idle - before.idle) / max(1, after.all - before.all)
  }

  /// Where groups of version 1 can be made for a while.
  private static let groups = "/sys/fs/cgroup/cpu"
  private static let canBound =
    getuid() == 0 && FileManager.default.isWritableFile(atPath: groups + "/cpu.cfs_quota_us")

  @Test(.enabled(if: canBound))
  func `a control group that throttles is named, with how often it did`() throws {
    let group = "\(Self.groups)/runner-test-\(getpid())"
    let remark = try remark(
      ["ramp: {to: 20k, rate: 10M/s}", "close: reset"],
      shell: """
        mkdir \(group) && echo 20000 > \(group)/cpu.cfs_quota_us && echo $$ > \(group)/tasks
        "$0" "$@"; code=$?
        echo $$ > \(Self.groups)/tasks; rmdir \(group); exit $code
        """)
    #expect(
      remark.contains(/the control group throttled \d+ of \d+ periods \(cpu\.cfs_quota_us\)/),
      "\(remark)")
  }
}
