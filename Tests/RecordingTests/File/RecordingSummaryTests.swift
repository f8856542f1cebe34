import Foundation
import GRDB
import Testing

@testable import Recording

@Suite struct RecordingSummaryTests {
  private let directory: TemporaryDirectory
  private let path: String

  init() throws {
    directory = try TemporaryDirectory()
    path = directory.file("run.recording")
  }

  @Test func `is what the whole recording comes to`() throws {
    var recording = Recording.full
    recording.verdict = .limit
    try recording.write(to: path)
    let summary = try RecordingSummary.read(from: path)
    #expect(summary == RecordingSummary(recording, Metrics(recording), verdict: .limit))
    #expect(summary.held == 19_930)
    #expect(summary.goal == 1_000_000)
    #expect(summary.started == "2026-01-02T03:04:05.678Z")
    #expect(summary.limit?.isEmpty == false)
    #expect(summary.connectP99 == Metrics(recording).connect?.seconds(at: .p99))
  }

  @Test func `its limit is the one that decided, as everywhere`() throws {
    var recording = Recording.full
    var stop = try #require(recording.limits.first)
    (stop.resource, stop.syscall, stop.stoppedAt) = (.descriptorsPerProcess, "socket", 30)
    stop.firstInstant = 30
    var early = stop
    (early.resource, early.syscall, early.stoppedAt) = (.closedByPeer, "closed", nil)
    early.firstInstant = 2
    recording.limits = [early, stop]
    try recording.write(to: path)
    #expect(try RecordingSummary.read(from: path).limit == stop.cause)
  }

  @Test func `a refusal is told in the words of who refused`() throws {
    var recording = Recording.full
    var refusal = try #require(recording.limits.first)
    (refusal.resource, refusal.syscall, refusal.stoppedAt) = (.refusedByPeer, "websocket", 30)
    refusal.evidence = [Fact("seen", "x"), Fact(LimitRecord.saidName, "HTTP 503")]
    recording.limits = [refusal]
    try recording.write(to: path)
    let summary = try RecordingSummary.read(from: path)
    #expect(summary.limit?.hasSuffix("websocket: HTTP 503") == true)
    #expect(summary.limit == RecordingSummary(recording, Metrics(recording), verdict: nil).limit)
  }

  @Test func `a close holds nothing of its own`() throws {
    var recording = Recording(planName: "p")
    recording.phases = [(PhaseKind.ramp, 100, 10), (.close, 100, 0)].map { kind, count, phantom in
      PhaseRecord(
        name: kind.rawValue, kind: kind, title: "", planLine: 1, started: 0, ended: 1,
        outcome: .done, established: count, phantom: phantom)
    }
    try recording.write(to: path)
    #expect(try RecordingSummary.read(from: path).held == 90)
    #expect(Metrics(recording).held == 90)
  }

  @Test func `has nothing where nothing was measured`() throws {
    try Recording(planName: "p").write(to: path)
    #expect(
      try RecordingSummary.read(from: path)
        == RecordingSummary(planName: "p", started: "", held: 0))
  }

  @Test func `reads no sample`() throws {
    try Recording.full.write(to: path)
    try DatabaseQueue(path: path).write { database in
      try database.execute(sql: "DROP VIEW reading; DROP TABLE sample; DROP TABLE series")
    }
    #expect(try RecordingSummary.read(from: path).held == 19_930)
    #expect(throws: RecordingError.self) { try Recording.read(from: path) }
  }

  @Test func `reads a run that was cut off, and leaves nothing beside it`() throws {
    var recording = Recording.full
    recording.complete = false
    let writer = try RecordingWriter(path: path, recording: recording)
    let before = try directory.contents
    let summary = try RecordingSummary.read(from: path)
    #expect(!summary.complete)
    #expect(summary.verdict == nil)
    #expect(try directory.contents == before)
    withExtendedLifetime(writer) {}
  }

  @Test func `refuses numbers that no run can come to`() throws {
    try Recording.full.write(to: path)
    try DatabaseQueue(path: path).write { database in
      try database.execute(
        sql: "UPDATE phase SET established = 9223372036854775807, phantom = -5")
    }
    #expect(throws: RecordingError.self) { try RecordingSummary.read(from: path) }
  }

  @Test func `refuses what is no recording`() throws {
    try Data("not SQLite".utf8).write(to: URL(fileURLWithPath: path))
    #expect(throws: RecordingError.foreign(path: path)) { try RecordingSummary.read(from: path) }
  }
}
