import Foundation
import Judgement
import Plan
import Recording
import Simulation
import Testing

/// What whole runs in virtual time keep of what a server says.
@Suite struct SimulatedRemarkTests {
  private static let head = """
    target: 127.0.0.1:9000
    clients: {sources: 127.0.0.2, processes: 1}
    """

  /// Runs a plan with a file of data, and returns the run and the bytes of its recording.
  private func run(
    _ plan: String, data: String, against manner: SimulatedPeer.Manner
  ) throws -> (run: SimulatedRun, file: Data) {
    let directory = FileManager.default.temporaryDirectory
      .appendingPathComponent("remarks-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: directory) }
    func path(_ name: String) -> String { directory.appendingPathComponent(name).path }
    try data.write(toFile: path("users.csv"), atomically: true, encoding: .utf8)
    try "\(Self.head)\ndata: {users: users.csv}\n\(plan)".write(
      toFile: path("test.plan"), atomically: true, encoding: .utf8)
    let run = try SimulatedRun(
      try Plan.load(file: path("test.plan")), on: SimulatedHost(), seed: 1, against: manner,
      recordingAt: path("run.recording"))
    return (run, try Data(contentsOf: URL(fileURLWithPath: path("run.recording"))))
  }

  private static let users =
    "name,token\n" + (0..<20).map { "user-\($0),4f1c9a7e-\($0)-secret\n" }.joined()

  @Test func `a value of data that a server repeats in a wrong answer is kept nowhere`() throws {
    let (run, file) = try run(
      """
      messages: {login: {every: 1s, send: "AUTH {users.name} {users.token}\\n"}}
      phases: [ramp: {to: 20}, hold: {for: 3s, messages: login}]
      """, data: Self.users, against: .answersWrongly(every: 1))
    let remark = try #require(run.recording.phases.last).remark
    #expect(remark.hasPrefix("60 answers to login were wrong: "), "\(remark)")
    #expect(remark.hasSuffix("UTH {users.name} {users.token}\\n\""), "\(remark)")
    #expect(file.count > 10_000)
    let isKept = file.range(of: Data("4f1c9a7e".utf8)) != nil
    #expect(!isKept)
  }

  @Test func `a value of data that a refusal repeats is kept nowhere`() throws {
    // The server's reason is `come "back" later`; its quotes are escaped in the words that are kept.
    let (run, file) = try run(
      """
      protocol: {mqtt: {version: 5, username: "{users.name}", password: "{users.token}"}}
      phases: [ramp: {to: 20}, hold: 1s]
      """, data: "name,token\nany,\"come \"\"back\"\"\"\n",
      against: .speaks(Speech(.mqtt5, .ends(0x89))))
    let limit = try #require(run.recording.limits.first)
    #expect(
      limit.evidence.contains {
        $0.value == "DISCONNECT: server busy (137): \"{users.token} later\""
      },
      "\(limit.evidence)")
    let isKept = ["come \"back", "come \\\"back"].contains { file.range(of: Data($0.utf8)) != nil }
    #expect(!isKept)
  }

  @Test func `the remark says that a placeholder in an expected text stands for itself`() throws {
    for expect in ["{text: \"ok {sequence}\\n\"}", "{until: \"\\n\", text: \"{sequence}\"}"] {
      let run = try SimulatedRun(
        """
        \(Self.head)
        messages: {ping: {every: 1s, send: "ok {sequence}\\n", expect: \(expect)}}
        phases: [ramp: {to: 1}, hold: {for: 1s, messages: ping}]
        """, against: .echoes)
      #expect(
        run.recording.phases.last?.remark
          == "1 answer to ping was wrong: \"ok 0\\n\"; the expected text has {sequence}, which stands there as it"
          + " is written: expect: echo or matches: takes what varies")
    }
    let run = try SimulatedRun(
      """
      \(Self.head)
      messages: {ping: {every: 1s, send: "{{1} {sequence}\\n", expect: {text: "{a} {1}"}}}
      phases: [ramp: {to: 1}, hold: {for: 1s, messages: ping}]
      """, against: .echoes)
    #expect(run.recording.phases.last?.remark == "1 answer to ping was wrong: \"{1} 0\\n\"")
  }
}
