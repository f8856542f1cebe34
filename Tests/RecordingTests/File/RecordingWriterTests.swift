import Foundation
import GRDB
import Testing

@testable import Recording

@Suite struct RecordingWriterTests {
  private let directory: TemporaryDirectory
  private let path: String

  init() throws {
    directory = try TemporaryDirectory()
    path = directory.file("run.recording")
  }

  @Test func `a recording that cannot be begun leaves nothing in the way of the next`() throws {
    // Without its journal SQLite writes nothing.
    let journal = path + "-journal"
    try FileManager.default.createDirectory(
      atPath: journal + "/x", withIntermediateDirectories: true)
    #expect(throws: RecordingError.self) { try Recording.full.write(to: path) }
    #expect(!FileManager.default.fileExists(atPath: path))
    try FileManager.default.removeItem(atPath: journal)
    try Recording.full.write(to: path)
  }

  @Test func `a run that is killed reads up to its last sample`() throws {
    let writer = try RecordingWriter(path: path, recording: Recording.full.planned)
    for instant in 0..<5 { try writer.append(sample(at: Double(instant))) }
    let killed = try copyAsKilled()
    let before = try FileManager.default.contentsOfDirectory(atPath: killed.path)

    let recording = try Recording.read(from: killed.file("run.recording"))

    #expect(!recording.complete)
    #expect(recording.duration == 4)
    #expect(recording.series(.established)?.points.map(\.value) == [0, 1000, 2000, 3000, 4000])
    #expect(recording.phases == Recording.full.phases)
    #expect(recording.limits == Recording.full.limits)
    #expect(recording.distributions.count == 5)
    #expect(try FileManager.default.contentsOfDirectory(atPath: killed.path) == before)
  }

  @Test func `a run that is killed in the middle of a sample reads up to the one before`() throws {
    let writer = try RecordingWriter(path: path, recording: Recording.full.planned)
    for instant in 0..<5 { try writer.append(sample(at: Double(instant))) }
    let killed = try copyAsKilled()
    let wal = killed.file("run.recording-wal")
    let bytes = try Data(contentsOf: URL(fileURLWithPath: wal))
    try bytes.dropLast(100).write(to: URL(fileURLWithPath: wal))

    #expect(try Recording.read(from: killed.file("run.recording")).duration == 3)
  }

  @Test func `a run that is killed while it is judged is complete, without a verdict`() throws {
    let writer = try RecordingWriter(path: path, recording: Recording.full.planned)
    try writer.append(sample(at: 1))
    try writer.write(
      RunEnd(duration: 2, interrupted: true, state: RunState(phases: Recording.full.phases)))
    let killed = try copyAsKilled()

    let recording = try Recording.read(from: killed.file("run.recording"))
    #expect(recording.complete)
    #expect(recording.interrupted)
    #expect(recording.duration == 2)
    #expect(recording.verdict == nil)
  }

  @Test func `a phase that was begun and never ended was cut off, not skipped`() throws {
    var recording = Recording.full
    recording.phases[0].outcome = .skipped
    (recording.phases[0].started, recording.phases[0].ended) = (1, nil)
    try recording.write(to: path)
    #expect(try Recording.read(from: path).phases[0].outcome == .interrupted)
  }

  @Test func `a ramp over microseconds asks for more a second than there are seconds`() throws {
    var recording = Recording.full
    recording.phases[0].plannedRate = 1e12
    try recording.write(to: path)
    #expect(try Recording.read(from: path).phases[0].plannedRate == 1e12)
  }

  @Test func `a run that is killed before its first sample still says what it was`() throws {
    let writer = try RecordingWriter(path: path, recording: Recording.full.planned)
    let killed = try copyAsKilled()

    let recording = try Recording.read(from: killed.file("run.recording"))
    #expect(recording == Recording.full.planned)
    #expect(try killed.contents == ["run.recording"])
    try writer.finish(RunEnd(duration: 0, state: RunState()))
  }

  @Test func `reads a recording while it is written, whatever is checkpointed`() throws {
    let writer = try RecordingWriter(path: path, recording: Recording.full.planned)
    for instant in 0..<1_000 {
      try writer.append(sample(at: Double(instant)))
      if instant % 250 == 0 {
        #expect(try Recording.read(from: path).duration == Double(instant))
      }
    }
  }

  @Test(arguments: ["", "-wal", "-shm", "-journal"])
  func `a link in the place of its log is not followed`(suffix: String) throws {
    let victim = directory.file("victim")
    let path = directory.file("new.recording")
    try FileManager.default.createSymbolicLink(
      atPath: path + suffix, withDestinationPath: victim)
    // Whether it can be written so is another matter.
    try? Recording.full.write(to: path)
    #expect(!FileManager.default.fileExists(atPath: victim))
    try Data("precious".utf8).write(to: URL(fileURLWithPath: victim))
    for name in ["", "-wal", "-shm", "-journal"] where name != suffix {
      try? FileManager.default.removeItem(atPath: path + name)
    }
    try? Recording.full.write(to: path)
    #expect(try String(contentsOfFile: victim, encoding: .utf8) == "precious")
  }

  @Test func `reads through a symbolic link and leaves the file alone`() throws {
    let writer = try RecordingWriter(path: path, recording: Recording.full.planned)
    try writer.append(sample(at: 1))
    let wal = try Data(contentsOf: URL(fileURLWithPath: path + "-wal"))
    let link = directory.file("latest.recording")
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: path)
    #expect(try Recording.read(from: link).duration == 1)
    #expect(try Data(contentsOf: URL(fileURLWithPath: path + "-wal")) == wal)
  }

  @Test func `the end is filled in and the file is made whole`() throws {
    let full = Recording.full
    let writer = try RecordingWriter(path: path, recording: full.planned)
    try writer.append(sample(at: 1))
    try writer.finish(
      RunEnd(
        duration: 9, interrupted: true, fault: "x", state: full.state, verdict: .interrupted,
        thresholds: full.thresholds))

    let recording = try Recording.read(from: path)
    #expect(recording.complete && recording.interrupted)
    #expect(recording.duration == 9)
    #expect(recording.fault == "x")
    #expect(recording.verdict == .interrupted)
    #expect(recording.thresholds == full.thresholds)
    #expect(try directory.contents == ["run.recording"])
    #expect(throws: RecordingError.self) { try writer.append(sample(at: 2)) }
  }

  @Test(arguments: ["SELECT 1", "BEGIN"])
  func `the file is made whole even while somebody reads it`(_ begin: String) throws {
    let writer = try RecordingWriter(path: path, recording: Recording.full.planned)
    try writer.append(sample(at: 0))
    var configuration = Configuration()
    configuration.readonly = true
    configuration.allowsUnsafeTransactions = true
    let reader = try DatabaseQueue(path: path, configuration: configuration)
    func samples() throws -> Int? {
      try reader.unsafeRead { try Int.fetchOne($0, sql: "SELECT count(DISTINCT at) FROM sample") }
    }
    try reader.unsafeRead { try $0.execute(sql: begin) }
    #expect(try samples() == 1)
    try writer.append(sample(at: 1))

    try writer.finish(RunEnd(duration: 1, state: RunState()))

    #expect(try samples() == (begin == "BEGIN" ? 1 : 2))
    #expect(try directory.contents == ["run.recording"])
    let recording = try Recording.read(from: path)
    #expect(recording.complete && recording.series(.established)?.points.count == 2)
  }

  @Test func `facts that changed replace the ones before, and lists may shrink`() throws {
    let full = Recording.full
    let writer = try RecordingWriter(path: path, recording: full)
    var state = full.state
    state.phases[1].outcome = .done
    state.workers[0].connections = 77
    state.failures.removeLast()
    state.limits[0].evidence = [Fact("other", "evidence")]
    try writer.append(Sample(at: 1, readings: [], state: state))
    try writer.append(Sample(at: 2, readings: []))

    let recording = try writer.snapshot()
    #expect(recording.state == state)
  }

  @Test func `what a full disk took back is written again once there is room`() throws {
    let writer = try RecordingWriter(path: path, recording: Recording.full.planned)
    try writer.append(sample(at: 0))
    func readings(_ value: Double) -> [Reading] {
      (0..<2_000).map {
        Reading(.failures("cause \($0)"), unit: "failures", kind: .counter, value: value)
      }
    }
    var state = Recording.full.state
    state.phases[1].outcome = .interrupted
    try writer.limit(toPages: 1)
    #expect(throws: RecordingError.self) {
      try writer.append(Sample(at: 1, readings: readings(1), state: state))
    }
    #expect(try writer.snapshot().state == Recording.full.state)
    try writer.limit(toPages: 1 << 20)
    try writer.append(Sample(at: 2, readings: readings(2), state: state))

    let recording = try writer.snapshot()
    #expect(recording.state == state)
    for cause in [0, 1_999] {
      #expect(recording.series(.failures("cause \(cause)"))?.points == [.init(at: 2, value: 2)])
    }
  }

  @Test func `a value that is no number is left out`() throws {
    let writer = try RecordingWriter(path: path, recording: Recording.full.planned)
    let reading = Reading(.slab, unit: "bytes", kind: .gauge, value: .nan)
    try writer.append(Sample(at: 1, readings: [reading]))
    try writer.append(
      Sample(at: 2, readings: [Reading(.slab, unit: "bytes", kind: .gauge, value: .infinity)]))
    #expect(try writer.snapshot().series(.slab)?.points == [.init(at: 2, value: .infinity)])
  }

  private func sample(at instant: Double) -> Sample {
    let full = Recording.full
    return Sample(
      at: instant,
      readings: [
        Reading(.established, unit: "connections", kind: .gauge, value: instant * 1000),
        Reading(.failures("client socket EMFILE"), unit: "failures", kind: .counter, value: 1),
      ],
      distributions: [
        DistributionRecord(
          latency: .connect, phase: "ramp", from: max(0, instant - 1), to: instant,
          distribution: Distribution(buckets: [.init(value: 40_000, count: 1000)]))
      ], state: full.state)
  }

  /// The files as `kill -9` would leave them: copied from under the open writer.
  private func copyAsKilled() throws -> TemporaryDirectory {
    let killed = try TemporaryDirectory()
    for name in try directory.contents where name != "run.recording-shm" {
      try FileManager.default.copyItem(
        atPath: directory.file(name), toPath: killed.file(name))
    }
    return killed
  }
}

extension Recording {
  /// As it is known before the run.
  var planned: Recording {
    var planned = self
    planned.complete = false
    planned.duration = 0
    planned.interrupted = false
    planned.fault = nil
    planned.phases = []
    planned.workers = []
    planned.series = []
    planned.distributions = []
    planned.failures = []
    planned.limits = []
    planned.verdict = nil
    planned.thresholds = []
    return planned
  }
}
