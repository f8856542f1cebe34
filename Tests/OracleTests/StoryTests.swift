import Foundation
import GoldenFiles
import Plan
import Simulation
import Testing

@testable import Oracle

/// Whole runs in virtual time read as they did, to the last number: whoever changes what a run does sees
/// in the difference what that comes to.
@Suite struct StoryTests {
  private func played(_ body: (String, KeptProgress) throws -> SimulatedRun) throws -> String {
    let path = FileManager.default.temporaryDirectory
      .appendingPathComponent("story-\(UUID().uuidString).recording").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    let progress = KeptProgress()
    let run = try body(path, progress)
    return story(of: run, told: progress.lines)
  }

  /// Plans that between them use all that a plan may have.
  struct Case: CustomTestStringConvertible, Sendable {
    let name: String
    let text: String
    var host = SimulatedHost()
    var events: [SimulatedWorkers.Event] = []
    var peer: SimulatedPeer.Manner?

    var testDescription: String { name }
  }

  @Test(arguments: cases)
  func `a plan's run reads as it did`(case it: Case) throws {
    let story = try played { path, progress in
      try SimulatedRun(
        try Plan.read(text: it.text, file: "\(it.name).plan", files: Plan.attached(Self.files)),
        on: it.host,
        seed: 3, events: it.events, against: it.peer, progress: progress, recordingAt: path)
    }
    #expect(try difference("\(it.name).txt", story) == nil)
  }

  /// Among them are shortages, faults, events, peers and storms.
  @Test(arguments: [0, 2, 3, 4, 5, 6, 8, 9, 11, 12, 14, 17, 20, 23, 26, 29, 35, 41] as [UInt64])
  func `a seed's run reads as it did`(seed: UInt64) throws {
    let scenario = Scenario(seed: seed)
    let story = try played { path, progress in
      try SimulatedRun(scenario, progress: progress, recordingAt: path)
    }
    #expect(try difference("seed-\(seed).txt", "\(scenario)\n" + story) == nil)
  }

  /// Of more seeds only sums are kept; the test above shows how to see a run of one.
  @Test func `more seeds' runs come to what they did`() throws {
    var lines: [String] = []
    for seed in 42..<92 as Range<UInt64> {
      // Where a disk is full depends on the pages that a file has, which are not the same each time.
      let scenario = Scenario(seed: seed)
      guard scenario.pages == nil else { continue }
      let story = try played { path, progress in
        try SimulatedRun(scenario, progress: progress, recordingAt: path)
      }
      lines.append("seed \(seed), \(scenario.theme): \(digest([story]))")
    }
    #expect(try difference("sums.txt", lines.joined(separator: "\n") + "\n") == nil)
  }
}

extension StoryTests {
  static let cases: [Case] = [
    Case(
      name: "every-kind",
      text: """
        server: {listen: "127.0.0.1:9000", processes: 2}
        clients: {sources: 127.0.0.2-127.0.0.5, processes: 2}
        phases:
          - ramp: {to: 300, rate: 500/s}
          - hold: 1s
          - churn: {rate: 100/s, lifetime: 300ms, for: 1s}
          - search: {from: 300, step: 100, to: 500, confirm: 500ms}
          - pause: 300ms
          - close: {over: 500ms}
        thresholds: [connections >= 300, connect.p99 < 1s, failures == 0, connect.rate > 100/s]
        sampling: {every: 250ms}
        """),
    Case(
      name: "messages",
      text: """
        server: {listen: "127.0.0.1:9000", processes: 2, reply: echo}
        clients: {sources: 127.0.0.2-127.0.0.3, processes: 2}
        messages:
          beat: {every: 400ms, send: "beat {connection} {sequence}\\n", expect: echo, timeout: 1s}
          flood: {rate: 500/s, send: "{random:100}", expect: {bytes: 100B}, timeout: 500ms}
          flat-out: {rate: unlimited, bytes: 64B}
        phases:
          - ramp: {to: 60, rate: 200/s, messages: beat}
          - hold: {for: 20ms, messages: flat-out}
          - hold: {for: 1500ms, messages: [beat, flood]}
          - churn: {rate: 50/s, lifetime: 500ms, for: 1s, messages: flood}
          - close: fin
        thresholds: [messages.lost == 0, rtt.p99 < 1s in hold, messages.rate > 100/s]
        sampling: {every: 250ms}
        """),
    Case(
      name: "push",
      text: """
        server: {listen: "127.0.0.1:9000", reply: {push: {every: 400ms, send: "tick\\n"}}}
        phases:
          - ramp: {to: 50, rate: 200/s}
          - hold: 1500ms
          - close: reset
        thresholds: [messages.received >= 50 in hold, messages.lost == 0]
        sampling: {every: 250ms}
        """),
    Case(
      name: "abort",
      text: """
        server: {listen: "127.0.0.1:9000", reply: {send: "no"}}
        messages: {ping: {rate: 100/s, send: ping, expect: {text: "yes"}, timeout: 300ms}}
        phases:
          - ramp: {to: 20, rate: 200/s}
          - hold: {for: 5s, messages: ping}
          - close: reset
        thresholds: [messages.lost == 0 abort, failures.rate < 1% for 1s]
        sampling: {every: 250ms}
        """),
    Case(
      name: "slow-network",
      text: """
        server: {listen: "127.0.0.1:9000", backlog: 10}
        clients: {sources: 127.0.0.2-127.0.0.4, processes: 2, connect-timeout: 1s, retries: 2}
        on-limit: hold
        tolerate: 1%
        phases:
          - ramp: {to: 400, rate: 400/s}
          - hold: 1s
          - close: {over: 500ms}
        sampling: {every: 500ms}
        """,
      host: host {
        $0.dials.loss = 0.05
        $0.dials.latency = 20_000_000
      }),
    Case(
      name: "few-descriptors",
      text: """
        server: {listen: "127.0.0.1:9000", processes: 2}
        clients: {sources: 127.0.0.2-127.0.0.3, processes: 2}
        on-limit: hold
        expect-limit: {resource: descriptors-per-process, connections: 100..300}
        phases: [{ramp: {to: 600, rate: 1k/s}}, {hold: 500ms}, {close: reset}]
        sampling: {every: 250ms}
        """,
      host: host { $0.descriptorsPerProcess = 120 }),
    // The first server is process 1000. A limit that is as it was is not lowered.
    Case(
      name: "lowered-descriptors",
      text: """
        server: {listen: "127.0.0.1:9000", processes: 2}
        clients: {sources: 127.0.0.2-127.0.0.3, processes: 2}
        on-limit: hold
        phases: [{ramp: {to: 600, rate: 1k/s}}, {close: reset}]
        sampling: {every: 250ms}
        """,
      host: host {
        $0.descriptorsPerProcess = 120
        $0.loweredDescriptors = [1000: 100, 1001: 120]
      }),
    Case(
      name: "unlowered-descriptors",
      text: """
        server: {listen: "127.0.0.1:9000", processes: 1}
        clients: {sources: 127.0.0.2-127.0.0.3, processes: 1}
        on-limit: hold
        phases: [{ramp: {to: 200, rate: 1k/s}}, {close: reset}]
        sampling: {every: 250ms}
        """,
      host: host {
        $0.descriptorsPerProcess = 120
        $0.loweredDescriptors = [1000: 120]
      }),
    Case(
      name: "little-memory",
      text: """
        server: {listen: "127.0.0.1:9000"}
        guard: {memory: 10%}
        phases: [{ramp: {to: 4000, rate: 2k/s}}, {close: reset}]
        sampling: {every: 250ms}
        """,
      host: host { $0.memory = 3000 * $0.memoryPerSocket }),
    Case(
      name: "found-ceiling",
      text: """
        target: 127.0.0.1:9000
        messages: {ping: {every: 500ms, send: ping, expect: echo, timeout: 500ms}}
        phases:
          - search: {from: 40, step: 40, to: 300, confirm: 500ms, messages: ping,
              until: messages.lost > 0}
          - close: fin
        sampling: {every: 250ms}
        """, peer: .capped(at: 130, .resets)),
    Case(
      name: "worker-dies",
      text: """
        server: {listen: "127.0.0.1:9000", processes: 2}
        clients: {sources: 127.0.0.2-127.0.0.3, processes: 2}
        on-limit: hold
        phases: [{ramp: {to: 200, rate: 400/s}}, {hold: 1s}, {ramp: {to: 300, rate: 400/s}}, {close: fin}]
        sampling: {every: 250ms}
        """, events: [.init(at: .milliseconds(900), .kill(3))]),
    Case(
      name: "signal",
      text: """
        server: {listen: "127.0.0.1:9000"}
        phases: [{ramp: {to: 200, rate: 100/s}}, {hold: 1s}, {close: fin}]
        sampling: {every: 250ms}
        """, events: [.init(at: .milliseconds(900), .signal(2))]),
    Case(
      name: "worker-stops",
      text: """
        server: {listen: "127.0.0.1:9000", processes: 2}
        clients: {sources: 127.0.0.2-127.0.0.3, processes: 2}
        on-limit: stop
        phases: [{ramp: {to: 200, rate: 400/s}}, {hold: 1s}, {close: fin}]
        sampling: {every: 1s}
        """, events: [.init(at: .milliseconds(300), .stop(3))]),
    Case(
      name: "server-pauses",
      text: """
        server: {listen: "127.0.0.1:9000", processes: 1}
        on-limit: hold
        phases:
          - churn: {rate: 200/s, lifetime: 300ms, for: 2s, with: fin}
          - ramp: {to: 50, rate: 200/s}
          - close: {rate: 100/s, with: reset}
        sampling: {every: 500ms}
        """,
      events: [.init(at: .milliseconds(700), .stop(0)), .init(at: .milliseconds(2600), .resume(0))]),
    Case(
      name: "suspended",
      text: """
        server: {listen: "127.0.0.1:9000", processes: 1, reply: echo}
        messages: {ping: {every: 500ms, send: ping, expect: echo}}
        phases: [{ramp: {to: 40, rate: 200/s}}, {hold: {for: 2s, messages: ping}}, {close: fin}]
        sampling: {every: 500ms}
        """, events: [.init(at: .seconds(1), .suspend(.seconds(30)))]),
    Case(
      name: "conversations",
      text: """
        server: {listen: "127.0.0.1:9000", processes: 2, reply: echo}
        messages:
          talk: {conversation: talk.yaml, substitute: {"key": "key-{connection}"}}
          again: {conversation: talk.yaml, expect: length, delays: none, rate: 50/s, timeout: 1s}
          leave: {conversation: leave.yaml}
        phases:
          - ramp: {to: 30, rate: 100/s, messages: talk}
          - hold: {for: 1s, messages: again}
          - churn: {rate: 40/s, lifetime: 400ms, for: 1s, messages: leave}
          - close: fin
        sampling: {every: 500ms}
        """),
    Case(
      name: "nobody-listens",
      text: """
        target: 127.0.0.1:9000
        on-limit: hold
        phases: [{ramp: {to: 30, rate: 100/s}}, {churn: {rate: 50/s, lifetime: 100ms, for: 1s}}, {close: fin}]
        sampling: {every: 500ms}
        """, peer: .neverListens),
    Case(
      name: "nobody-accepts",
      text: """
        target: 127.0.0.1:9000
        on-limit: hold
        phases:
          - ramp: {to: 30, rate: 100/s}
          - hold: 500ms
          - churn: {rate: 50/s, lifetime: 100ms, for: 1s}
          - search: {from: 30, step: 10, to: 60, confirm: 300ms}
          - close: {over: 300ms}
        sampling: {every: 500ms}
        """, peer: .neverAccepts),
    Case(
      name: "late-answers",
      text: """
        target: 127.0.0.1:9000
        messages: {ping: {every: 300ms, send: "ping {sequence}", expect: echo, timeout: 200ms}}
        phases: [{ramp: {to: 30, rate: 100/s}}, {hold: {for: 2s, messages: ping}}, {close: fin}]
        thresholds: [messages.lost == 0, rtt.p99 < 100ms]
        sampling: {every: 500ms}
        """, peer: .answersLate(by: 250_000_000)),
    Case(
      name: "wrong-answers",
      text: """
        target: 127.0.0.1:9000
        messages:
          ping: {rate: 100/s, send: "ping {sequence}", expect: echo, timeout: 300ms}
          line: {every: 400ms, send: "line\\n", expect: {until: "\\n", text: "line"}, timeout: 300ms}
        phases:
          - ramp: {to: 20, rate: 100/s, messages: ping}
          - hold: {for: 1s, messages: [ping, line]}
          - close: fin
        thresholds: [messages.lost < 10 abort, failures.rate < 1% for 1s]
        sampling: {every: 500ms}
        """, peer: .answersWrongly(every: 7)),
    Case(
      name: "idle-closed",
      text: """
        target: 127.0.0.1:9000
        on-limit: hold
        tolerate: 10%
        phases: [{ramp: {to: 40, rate: 100/s}}, {hold: 2s}, {ramp: {to: 60}}, {close: fin}]
        sampling: {every: 500ms}
        """, peer: .closesIdle(after: 900_000_000)),
  ]

  private static let files: [String: [UInt8]] = [
    "talk.yaml": Array(
      """
      conversation: 1
      connections:
        - steps:
            - {send: "SET key 1\\r\\n", after: 2ms}
            - {receive: "SET key 1\\r\\n", after: 1ms}
            - {send: "GET key\\r\\n", after: 20ms}
            - {receive: "GET key\\r\\n"}
      """.utf8),
    "leave.yaml": Array(
      """
      conversation: 1
      connections:
        - steps:
            - {send: "QUIT"}
            - {receive: "QUIT"}
            - {close: client, after: 5ms}
      """.utf8),
  ]

  private static func host(_ change: (inout SimulatedHost) -> Void) -> SimulatedHost {
    var host = SimulatedHost()
    change(&host)
    return host
  }
}
