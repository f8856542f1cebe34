import Foundation
import GRDB

/// The main figures of a run, for a line in the history of its plan.
///
/// The summary is read without the samples: a recording of an hour holds a million of them, and a history has
/// dozens of recordings.
package struct RecordingSummary: Sendable, Equatable {
  package var planName: String
  /// UTC, ISO 8601 with milliseconds.
  package var started: String
  package var complete: Bool
  /// As judged at the run's end or, in a summary of a `Recording`, as judged now. Nil where the run was not judged.
  package var verdict: Verdict?
  /// The most connections that a phase asked for; nil where no phase asked for any.
  package var goal: Int?
  /// The most connections that stood at both ends in any phase (`Metrics.heldInAnyPhase`).
  package var held: Int
  /// The 99th percentile of `Latency.connect`, in seconds; nil where nothing was measured.
  package var connectP99: Double?
  /// The limit that explains the first broken promise, in one phrase (`LimitRecord.cause`); nil without one.
  package var limit: String?

  package init(
    planName: String, started: String, complete: Bool = true, verdict: Verdict? = nil,
    goal: Int? = nil, held: Int, connectP99: Double? = nil, limit: String? = nil
  ) {
    self.planName = planName
    self.started = started
    self.complete = complete
    self.verdict = verdict
    self.goal = goal
    self.held = held
    self.connectP99 = connectP99
    self.limit = limit
  }
}

extension RecordingSummary {
  /// Reads the summary of a recording, and only the tables that it needs.
  package static func read(from path: String) throws(RecordingError) -> RecordingSummary {
    try RecordingFile(path).read { database in try RecordingSummary(database) }
  }

  /// The summary of a recording that has been read already.
  ///
  /// - Parameters:
  ///   - metrics: those of the whole run.
  ///   - verdict: as judged now. The conditions may be others than at the run's end.
  package init(_ recording: Recording, _ metrics: Metrics, verdict: Verdict?) {
    self.init(
      planName: recording.planName, started: recording.started, complete: recording.complete,
      verdict: verdict, goal: metrics.goal, held: metrics.heldInAnyPhase,
      connectP99: metrics.connect?.seconds(at: .p99),
      limit: recording.brokenPhases.first?.limit?.cause)
  }

  private init(_ database: Database) throws {
    guard let run = try Row.fetchOne(database, sql: "SELECT * FROM run") else {
      throw Malformed(reason: "it says nothing about its run")
    }
    let course = try Recording(planName: "") {
      $0.phases = try PhaseRecord.all(in: database)
      // A refusal's words stand in its evidence.
      $0.limits = try LimitRecord.all(in: database, evidence: LimitEvidence.all(in: database))
    }
    try course.refuseImpossible()
    let reach = course.reached(in: nil)
    let verdictName: String? = try run.get("verdict")
    self.init(
      planName: try run.get("plan_name"), started: try run.get("started"),
      complete: try run.get("complete"), verdict: verdictName.flatMap(Verdict.init(rawValue:)),
      goal: reach.goal, held: reach.held,
      connectP99: try Self.connectP99(in: database),
      limit: course.brokenPhases.first?.limit?.cause)
  }

  private static func connectP99(in database: Database) throws -> Double? {
    var distributions: [Distribution] = []
    let rows = try Row.fetchCursor(
      database, sql: "SELECT buckets FROM histogram WHERE metric = ?",
      arguments: [Latency.connect.name])
    while let row = try rows.next() {
      guard let distribution = Distribution(encoded: try row.get("buckets")) else {
        throw Malformed(reason: "a histogram cannot be decoded")
      }
      distributions.append(distribution)
    }
    return Distribution(merging: distributions).seconds(at: .p99)
  }
}
