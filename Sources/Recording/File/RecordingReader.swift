import Foundation
import GRDB

extension Recording {
  /// Reads a recording: a finished one, one that was cut off, or one that a run still writes. The file stays as it
  /// is, and nothing is left beside it.
  package static func read(from path: String) throws(RecordingError) -> Recording {
    try RecordingFile(path).read { database in
      let check = try String.fetchOne(database, sql: "PRAGMA quick_check(1)")
      guard check == "ok" else {
        throw Malformed(reason: check.map(oneLine) ?? "it fails its own check")
      }
      let recording = try Recording(database: database)
      try recording.refuseImpossible()
      return recording
    }
  }

  /// Reads all tables. Of the numbers none is checked (`refuseImpossible`).
  init(database: Database) throws {
    guard let run = try Row.fetchOne(database, sql: "SELECT * FROM run") else {
      throw Malformed(reason: "it says nothing about its run")
    }
    self.init(planName: try run.get("plan_name"))
    planFile = try run.get("plan_file")
    planText = try run.get("plan_text")
    effectivePlan = try run.get("effective_plan")
    seed = try Self.seed(try run.get("seed"))
    programVersion = try run.get("program_version")
    started = try run.get("started")
    hostname = try run.get("hostname")
    complete = try run.get("complete")
    interrupted = try run.get("interrupted")
    fault = try run.get("fault")
    let verdictName: String? = try run.get("verdict")
    verdict = verdictName.flatMap(Verdict.init(rawValue:))

    overrides = try PlanOverride.all(in: database).map(\.fact)
    // Format 1.0 had no attachments.
    if try database.tableExists(Attachment.table) {
      attachments = try Attachment.all(in: database)
    }
    // `drive` and `replay` are there since format 1.2.
    if try database.tableExists(ReplayRecord.table) {
      drive = try DriveRecord.all(in: database)
      replay = try ReplayRecord.all(in: database).first
    }
    if try database.tableExists(SearchStep.table) {
      searchSteps = try SearchStep.all(in: database)
    }
    host = try HostFact.all(in: database).map(\.fact)
    phases = try PhaseRecord.all(in: database).map(\.asItEnded)
    workers = try WorkerRecord.all(in: database)
    failures = try FailureRecord.all(in: database)
    limits = try LimitRecord.all(in: database, evidence: LimitEvidence.all(in: database))
    prediction = try PredictionTerm.all(in: database)
    thresholds = try ThresholdResult.all(in: database)
    series = try Series.all(in: database)
    distributions = try DistributionRecord.all(in: database).sortedStably(by: \.to)
    duration = try run.get("duration") ?? lastInstant
  }

  private static func seed(_ text: String) throws -> UInt64 {
    guard let seed = UInt64(text) else { throw Malformed(reason: "its seed is no number") }
    return seed
  }

  /// The end of the run's last sample or interval, for a run that has recorded no duration.
  private var lastInstant: Double {
    let points = series.compactMap { $0.points.last?.at }
    return (points + distributions.map(\.to)).max() ?? 0
  }
}

extension LimitRecord {
  /// The limits with their evidence, which has a table of its own.
  static func all(
    in database: Database, evidence: [LimitEvidence]
  ) throws -> [LimitRecord] {
    var limits = try all(in: database)
    for line in evidence {
      guard limits.indices.contains(line.limit) else {
        throw Malformed(reason: "evidence names a limit that is not there")
      }
      limits[line.limit].evidence.append(line.fact)
    }
    return limits
  }
}

extension Series {
  fileprivate static func all(in database: Database) throws -> [Series] {
    var all: [Series] = []
    var positions: [Int: Int] = [:]
    let rows = try Row.fetchCursor(database, sql: "SELECT * FROM series ORDER BY id")
    while let row = try rows.next() {
      positions[try row.get("id")] = all.count
      let key = Key(try row.get("name"), label: try row.get("label"))
      all.append(Series(key: key, unit: try row.get("unit"), kind: try row.choice("kind")))
    }
    let samples = try Row.fetchCursor(
      database, sql: "SELECT series, at, value FROM sample ORDER BY at, series")
    while let sample = try samples.next() {
      guard let position = positions[try sample.decode(Int.self, atIndex: 0)] else {
        throw Malformed(reason: "a sample names a series that is not there")
      }
      all[position].points.append(
        Point(
          at: try sample.decode(Double.self, atIndex: 1),
          value: try sample.decode(Double.self, atIndex: 2)))
    }
    return all
  }
}

extension DriveRecord {
  fileprivate static func all(in database: Database) throws -> [DriveRecord] {
    var all: [DriveRecord] = []
    let rows = try Row.fetchCursor(database, sql: "SELECT * FROM drive ORDER BY id")
    while let row = try rows.next() {
      let entries: Data = try row.get("entries")
      all.append(DriveRecord(worker: try row.get("worker"), entries: [UInt8](entries)))
    }
    return all
  }
}

extension DistributionRecord {
  fileprivate static func all(in database: Database) throws -> [DistributionRecord] {
    var all: [DistributionRecord] = []
    let rows = try Row.fetchCursor(database, sql: "SELECT * FROM histogram ORDER BY id")
    while let row = try rows.next() {
      let buckets: Data = try row.get("buckets")
      guard let distribution = Distribution(encoded: buckets) else {
        throw Malformed(reason: "a histogram cannot be decoded")
      }
      all.append(
        DistributionRecord(
          latency: Latency(try row.get("metric")), phase: try row.get("phase"),
          from: try row.get("started"), to: try row.get("ended"), distribution: distribution))
    }
    return all
  }
}

extension PhaseRecord {
  /// The phase, with the outcome `interrupted` where it began and never ended. Earlier programs recorded a phase as
  /// `skipped` until it had ended.
  fileprivate var asItEnded: PhaseRecord {
    guard outcome == .skipped, started != nil, ended == nil else { return self }
    var phase = self
    phase.outcome = .interrupted
    return phase
  }
}
