import GRDB

import struct Foundation.Data

/// Writes the tables of a recording, and keeps what it must know of their rows to add to them.
struct Tables {
  private var phases = StoredList<PhaseRecord>()
  private var workers = StoredList<WorkerRecord>()
  private var failures = StoredList<FailureRecord>()
  private var limits = StoredList<LimitRecord>()
  private var evidence = StoredList<LimitEvidence>()
  private var searchSteps = StoredList<SearchStep>()
  /// The `id` of each series that has a row.
  private var series: [Series.Key: Int] = [:]

  /// Writes everything but the run's end and the thresholds.
  mutating func begin(_ recording: Recording, in database: Database) throws {
    try database.execute(
      sql: """
        INSERT INTO run (plan_name, plan_file, plan_text, effective_plan, seed, program_version, \
        started, hostname, complete, interrupted) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0, 0)
        """,
      arguments: [
        recording.planName, recording.planFile, recording.planText, recording.effectivePlan,
        String(recording.seed), recording.programVersion, recording.started, recording.hostname,
      ])
    try Self.fill(recording.overrides.map(PlanOverride.init(fact:)), in: database)
    try Self.fill(recording.attachments, in: database)
    try Self.fill(recording.host.map(HostFact.init(fact:)), in: database)
    try Self.fill(recording.prediction, in: database)
    try update(to: recording.state, in: database)
    for series in recording.series {
      let id = try declare(series.key, series.unit, series.kind, in: database)
      for point in series.points {
        try Self.insert(point.value, at: point.at, series: id, in: database)
      }
    }
    for record in recording.distributions { try Self.insert(record, in: database) }
    for record in recording.drive { try Self.insert(record, in: database) }
    try Self.fill([recording.replay].compactMap(\.self), in: database)
  }

  mutating func append(_ sample: Sample, in database: Database) throws {
    for reading in sample.readings {
      let id = try declare(reading.key, reading.unit, reading.kind, in: database)
      try Self.insert(reading.value, at: sample.at, series: id, in: database)
    }
    for record in sample.distributions { try Self.insert(record, in: database) }
    for record in sample.drive { try Self.insert(record, in: database) }
    if let state = sample.state { try update(to: state, in: database) }
  }

  mutating func end(_ end: RunEnd, _ isComplete: Bool, in database: Database) throws {
    try update(to: end.state, in: database)
    try Self.fill(end.thresholds, in: database)
    try Self.fill([end.replay].compactMap(\.self), in: database)
    try database.execute(
      sql: "UPDATE run SET duration = ?, complete = ?, interrupted = ?, fault = ?, verdict = ?",
      arguments: [end.duration, isComplete, end.interrupted, end.fault, end.verdict?.rawValue])
  }

  private mutating func update(to state: RunState, in database: Database) throws {
    try phases.update(to: state.phases, in: database)
    try workers.update(to: state.workers, in: database)
    try failures.update(to: state.failures, in: database)
    try limits.update(to: state.limits, in: database)
    try searchSteps.update(to: state.searchSteps, in: database)
    try evidence.update(to: LimitEvidence.of(state.limits), in: database)
  }

  /// The `id` of a series; the first call for a series inserts its row.
  private mutating func declare(
    _ key: Series.Key, _ unit: String, _ kind: Series.Kind, in database: Database
  ) throws -> Int {
    if let id = series[key] { return id }
    let id = series.count + 1
    try database.cachedStatement(
      sql: "INSERT INTO series (id, name, label, unit, kind) VALUES (?, ?, ?, ?, ?)"
    ).execute(arguments: [id, key.name, key.label, unit, kind.rawValue])
    series[key] = id
    return id
  }

  /// Leaves out NaN: SQLite would store it as NULL, which the column does not allow.
  private static func insert(
    _ value: Double, at instant: Double, series: Int, in database: Database
  ) throws {
    guard !value.isNaN else { return }
    try database.cachedStatement(
      sql: "INSERT OR REPLACE INTO sample (at, series, value) VALUES (?, ?, ?)"
    ).execute(arguments: [instant, series, value])
  }

  private static func insert(_ record: DistributionRecord, in database: Database) throws {
    let percentiles = record.distribution.percentiles([50, 99])?.map { Int64(clamping: $0) }
    try database.cachedStatement(
      sql: """
        INSERT INTO histogram (metric, phase, started, ended, count, p50, p99, maximum, buckets) \
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
        """
    ).execute(arguments: [
      record.latency.name, record.phase, record.from, record.to,
      Int64(clamping: record.distribution.count), percentiles?[0], percentiles?[1],
      record.distribution.maximum.map { Int64(clamping: $0) }, record.distribution.encoded,
    ])
  }

  private static func insert(_ record: DriveRecord, in database: Database) throws {
    try database.cachedStatement(sql: "INSERT INTO drive (worker, entries) VALUES (?, ?)")
      .execute(arguments: [record.worker, Data(record.entries)])
  }

  /// Writes a list whose elements do not change during the run.
  private static func fill<Record: Listed>(_ records: [Record], in database: Database) throws {
    var list = StoredList<Record>()
    try list.update(to: records, in: database)
  }
}
