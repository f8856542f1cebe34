import Foundation
import Judgement
import Messages
import Recording
import Simulation
import Testing

/// Whole runs in virtual time whose connections speak a protocol.
@Suite struct SimulatedProtocolTests {
  /// Every kind of phase, with messages that are answered.
  private static func plan(_ protocol: String, _ messages: String) -> String {
    """
    server: {listen: "127.0.0.1:9000", processes: 2}
    clients: {sources: 127.0.0.2-127.0.0.9, processes: 2}
    \(`protocol`)
    messages: {\(messages)}
    phases:
      - ramp: {to: 200, rate: 1k/s}
      - hold: {for: 2s, messages: beat}
      - churn: {rate: 100/s, lifetime: 500ms, for: 1s, messages: beat}
      - storm: {drop: 50%, backoff: 50ms..500ms, within: 10s, messages: beat}
      - hold: {for: 1s, messages: beat}
      - close: {over: 500ms}
    """
  }

  private static let plans = [
    (
      "websocket",
      plan(
        "protocol: {websocket: {ping: 300ms}}",
        "beat: {every: 500ms, send: \"{connection} {sequence}\"}")
    ),
    (
      "mqtt",
      plan(
        "protocol: {mqtt: {subscribe: \"all/{connection}\"}}",
        "beat: {every: 500ms, publish: {topic: \"all/{connection}\", payload: \"{sequence}\", qos: 1}}"
      )
    ),
    (
      "http",
      plan(
        "protocol: http",
        "beat: {every: 500ms, request: {body: \"{connection} {sequence}\"}, expect: {status: 200}}"
      )
    ),
    ("tls", plan("tls: {}", "beat: {every: 500ms, send: \"{connection} {sequence}\"}")),
    (
      "websocket over tls",
      plan(
        "tls: {}\nprotocol: websocket", "beat: {every: 500ms, send: \"{connection} {sequence}\"}")
    ),
  ]

  @Test(arguments: plans)
  func `every phase keeps its promise, and every message is answered`(
    name: String, plan: String
  ) throws {
    let run = try SimulatedRun(plan)
    #expect(run.judgement.exitCode == 0, "\(run.judgement.headline)")
    #expect(run.recording.failures.isEmpty)
    let totals = try #require(run.recording.messages(in: [0...run.recording.duration]).first)
    #expect(totals[.sent] > 1_200)
    #expect(totals[.received] == totals[.sent])
    #expect(run.recording.workers.allSatisfy { $0.exitCode == 0 })
  }

  @Test func `handshakes of TLS count in the phase that does them, behind a pause as well`() throws
  {
    let run = try SimulatedRun(
      """
      server: {listen: "127.0.0.1:9000", processes: 1}
      clients: {sources: 127.0.0.2, processes: 1}
      tls: {resume: 50%}
      phases: [pause: 2s, ramp: {to: 101, rate: 1k/s}, pause: 2s, close: {over: 100ms}]
      """)
    #expect(run.judgement.exitCode == 0, "\(run.judgement.headline)")
    let phases = [nil] + run.recording.phases.map(\.name)
    #expect(phases.map { Metrics(run.recording, phase: $0).secured } == [101, 0, 101, 0, 0])
    let resumed = phases.map { Metrics(run.recording, phase: $0).resumed }
    let share = try #require(resumed[0])
    #expect((0.4...0.5).contains(share))
    #expect(resumed == [share, nil, share, nil, nil])
  }

  @Test(arguments: plans)
  func `the same seed leaves the same bytes`(name: String, plan: String) throws {
    let files = try [7, 7, 8].map { try SimulatedRun.file(plan, seed: $0) }
    #expect(files[0].count > 10_000)
    let (same, other) = (files[0] == files[1], files[0] == files[2])
    #expect(same)
    #expect(!other)
  }
}
