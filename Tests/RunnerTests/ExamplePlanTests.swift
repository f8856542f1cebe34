import Foundation
import Glibc
import Plan
import Recording
import Testing

/// The plans that ship with the project.
@Suite(.tags(.realKernel)) struct ExamplePlanTests {
  private static let directory = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("plans")

  static let names: [String] =
    ((try? FileManager.default.contentsOfDirectory(atPath: directory.path)) ?? [])
    .filter { $0.hasSuffix(".plan") }.sorted()

  static func plan(_ name: String) -> URL { directory.appendingPathComponent("\(name).plan") }

  /// Those that go to a server which must be started first, or end in a limit; each has a test.
  private static let special = [
    "nginx.plan", "redis.plan", "session.plan", "search.plan", "expected-limit.plan",
  ]

  private let workspace: Workspace

  init() throws { workspace = try Workspace() }

  /// The plan as it stands, but on addresses of its own.
  private func write(_ name: String) throws {
    let network = try Loopback()
    var text = try String(contentsOf: Self.directory.appendingPathComponent(name), encoding: .utf8)
    #expect(text.contains("listen: 127.0.0.1:9000"), "a plan with another server needs a test")
    text = text.replacing("127.0.0.1:9000", with: network.endpoint)
    text = text.replacing("127.0.0.2-127.0.0.21", with: network.sources(20))
    text = text.replacing("127.1.0.0/24", with: network.sources(200))
    // How long a machine takes that does other things as well is no matter here.
    text = text.replacing(/p99 < \d+m?s/, with: "p99 < 1m")
    text = text.replacing("lifetime: 2s, for", with: "lifetime: 2s, tolerate: 50%, for")
    try workspace.write(text, to: name)
  }

  @Test func `there are some`() {
    #expect(Self.names.count >= 3)
  }

  @Test(arguments: names.filter { !special.contains($0) })
  func `passes in a small form`(name: String) throws {
    try write(name)
    let text = try workspace.text(of: name)
    let hasSpan = text.contains("span: ")
    let hasRate = text.contains("rate: 2k/s, span")
    let (ending, summary) = try workspace.summary(
      of: [name, "--set", "goal=500"] + (hasSpan ? ["--set", "span=3s"] : [])
        + (hasRate ? ["--set", "rate=100/s"] : []))
    #expect(summary.verdict == "passed", "\(ending.errors)")
    let most = hasRate ? 500...720 : 500...500
    #expect(most.contains(summary.connections.established))
    let accepted = try #require(summary.connections.accepted)
    #expect(most.contains(accepted))
    #expect(summary.thresholds.allSatisfy { $0.passed == true })
  }

  @Test func `search finds the ceiling of a process`() throws {
    try write("search.plan")
    let (ending, summary) = try workspace.summary(
      of: ["search.plan", "--set", "from=300", "--set", "step=300"],
      shell: "ulimit -n 1000; exec \"$0\" \"$@\"")
    #expect(summary.verdict == "passed", "\(ending.errors)")
    #expect(try workspace.recording(of: "search").phases.first?.ceiling == 992)
  }

  @Test func `the expected limit is a pass`() throws {
    try write("expected-limit.plan")
    let (ending, summary) = try workspace.summary(
      of: ["expected-limit.plan", "--set", "goal=2k"],
      shell: "ulimit -n 1000; exec \"$0\" \"$@\"")
    #expect(summary.verdict == "passed", "\(ending.errors)")
    #expect(summary.limit?.errno?.name == "EMFILE")
  }

  @Test(arguments: names)
  func `reads the same from its effective form`(name: String) throws {
    let path = Self.directory.appendingPathComponent(name).path
    let plan = try Plan.load(file: path)
    let again = try Plan.read(
      text: plan.effective, file: path, files: Plan.attached(plan.attachments))
    #expect(again.effective == plan.effective)
    #expect(again.mostConnections == plan.mostConnections)
    #expect(again.phases.map(\.title) == plan.phases.map(\.title))
    #expect(again.server == plan.server)
    #expect(again.clients == plan.clients)
  }

  @Test(.enabled(if: descriptors >= 10_100, "a process gets fewer than 10,100 descriptors here"))
  func `quick passes in full`() throws {
    try write("quick.plan")
    let (ending, summary) = try workspace.summary(of: ["quick.plan"])
    #expect(summary.verdict == "passed", "\(ending.errors)")
    #expect(summary.connections.established == 20_000)
    #expect(summary.connections.accepted == 20_000)
    let points = try #require(workspace.recording(of: "quick").series(.established)).points
    #expect(points.allSatisfy { $0.value <= 20_000 })
  }

  /// As many as a process may have.
  private static let descriptors: UInt64 = {
    var limit = rlimit()
    getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    return UInt64(limit.rlim_max)
  }()
}
