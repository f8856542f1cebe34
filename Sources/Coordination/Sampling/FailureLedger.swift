import Addressing
package import Linux
package import Probe
package import Recording
import SystemPackage
import WorkerLog

/// The failures of all workers, merged by kind, as the coordinator has read them.
package struct FailureLedger {
  private struct Kind: Hashable {
    let end: End
    let phase: Int
    let call: FailedCall
    let errno: Int32
  }

  /// A kind of failure at one worker and one endpoint.
  private struct WorkerKey: Hashable {
    let kind: Kind
    let worker: Int
    let endpoint: String?
  }

  /// A kind of failure at one endpoint.
  private struct EndpointKey: Hashable {
    let kind: Kind
    let endpoint: String?
  }

  /// Failure records, merged into one per key; in the order in which the keys first came.
  private struct Merged<Key: Hashable> {
    private(set) var records: [FailureRecord] = []
    private var places: [Key: Int] = [:]

    mutating func add(_ record: FailureRecord, as key: Key) {
      if let place = places[key] {
        records[place] = records[place].merged(with: record)
      } else {
        places[key] = records.count
        records.append(record)
      }
    }
  }

  /// How many connections all workers held together when a failure of some kind first came.
  private struct Held {
    var established = 0
    var accepted = 0
  }

  private let clients: [ClientAssignment]
  private let phases: [String]
  private let started: Instant
  private var track = HeldTrack()
  private var firstHeld: [WorkerKey: Held] = [:]
  /// When a failure of a kind last stopped a worker.
  private var lastStops: [Kind: Instant] = [:]
  /// The failures of the run so far, merged by kind, in the order in which the kinds first came.
  package private(set) var records: [FailureRecord] = []
  /// The same failures, merged by kind and endpoint: the cause at one endpoint says nothing of another. Failures
  /// at the endpoints beyond the first `FailureTable.endpointsApart` may share a record, which names one of these
  /// endpoints.
  private(set) var recordsByEndpoint: [FailureRecord] = []
  /// How many failures the workers had counted when their tables were last read.
  private var failuresRead = 0

  package init(clients: [ClientAssignment], phases: [String], started: Instant) {
    self.clients = clients
    self.phases = phases
    self.started = started
  }

  /// Notes what each worker holds, and reads the workers' failure tables again where they may have
  /// changed. Call `update` at every look: what a worker held at the instant of a failure is
  /// computed from what it held at the looks before and after.
  ///
  /// - Parameters:
  ///   - now: when this look is.
  ///   - isLast: whether this is the last look at the phase. Then the tables are read wherever there has been a
  ///     failure: a worker counts a failure before it writes its row, so the look before may have seen the count
  ///     and not the row.
  /// - Returns: whether the tables were read. They are if the number of failures has changed, or if this is the
  ///   last look and there has been a failure.
  package mutating func update(
    from fleet: borrowing Fleet, at now: Instant, isLast: Bool = false
  ) -> Bool {
    track.note(
      fleet.members.map { fleet.held(by: $0) }, at: now)
    let total = fleet.total(.failures, .client) + fleet.total(.failures, .server)
    guard total != failuresRead || isLast && total > 0 else { return false }
    failuresRead = total

    var (byKind, byEndpoint) = (Merged<Kind>(), Merged<EndpointKey>())
    var clientIndex = 0
    for member in fleet.members {
      let assignment = member.end == .client ? clients[clientIndex] : nil
      if assignment != nil { clientIndex += 1 }
      for row in member.board.failures.rows() {
        let kind = Kind(
          end: member.end, phase: row.phase, call: row.call, errno: row.errno?.rawValue ?? 0)
        let tuple = tuple(of: row, member: member, assignment: assignment)
        let key = WorkerKey(kind: kind, worker: member.id, endpoint: tuple.endpoint)
        let held = firstHeld[key] ?? self.held(at: row, of: member, in: fleet)
        firstHeld[key] = held
        let record = self.record(row, held, member: member, tuple)
        if let stopped = row.lastStopped {
          lastStops[kind] = max(lastStops[kind] ?? stopped, stopped)
        }
        byKind.add(record, as: kind)
        byEndpoint.add(record, as: EndpointKey(kind: kind, endpoint: tuple.endpoint))
      }
    }
    records = byKind.records.sorted { $0.firstInstant < $1.firstInstant }
    recordsByEndpoint = byEndpoint.records.sorted { $0.firstInstant < $1.firstInstant }
    return true
  }

  /// The failures since an earlier look, with the counts since then.
  ///
  /// - Parameter before: `records` at that look.
  package func records(beyond before: [FailureRecord]) -> [FailureRecord] {
    Self.records(records, beyond: before) { $0.isSameKind($1) }
  }

  /// The failures by endpoint since an earlier look, with the counts since then.
  ///
  /// - Parameter before: `recordsByEndpoint` at that look.
  func recordsByEndpoint(beyond before: [FailureRecord]) -> [FailureRecord] {
    Self.records(recordsByEndpoint, beyond: before) {
      $0.isSameKind($1) && $0.endpoint == $1.endpoint
    }
  }

  private static func records(
    _ now: [FailureRecord], beyond before: [FailureRecord],
    _ isAlike: (FailureRecord, FailureRecord) -> Bool
  ) -> [FailureRecord] {
    now.compactMap { record in
      guard let known = before.first(where: { isAlike(record, $0) }) else { return record }
      var record = record
      record.count -= known.count
      record.retried -= known.retried
      if record.stoppedAt == known.stoppedAt { record.stoppedAt = nil }
      return record.count > 0 ? record : nil
    }
  }

  /// The failure that stopped a worker in this step of a phase: of several kinds, the one whose last stop came first.
  /// Where none has stopped one, the failure that has cost the most connections; nil where none has cost any.
  ///
  /// - Parameters:
  ///   - before: failures of before this step, which decide nothing here.
  ///   - began: when this step of the phase began.
  func deciding(
    in phase: String, beyond before: [FailureRecord], since began: Instant
  ) -> FailureRecord? {
    let ours = records(beyond: before).filter { $0.phase == phase && $0.finalCount > 0 }
    let stops = ours.compactMap { record in
      lastStop(of: record).flatMap { $0 >= began ? (record: record, at: $0) : nil }
    }
    return stops.min { $0.at < $1.at }?.record ?? ours.max { $0.finalCount < $1.finalCount }
  }

  /// `stoppedAt` is the first stop of the whole phase. In a search the same kind may stop a later step, too.
  private func lastStop(of record: FailureRecord) -> Instant? {
    guard let call = FailedCall(named: record.syscall),
      let phase = phases.firstIndex(of: record.phase)
    else { return nil }
    return lastStops[
      Kind(
        end: record.end, phase: phase, call: call, errno: record.errno.map { Int32($0.number) } ?? 0
      )]
  }

  /// What all workers held when a failure first came: the worker that failed by its own note, the others as
  /// interpolated (`HeldTrack`).
  private func held(
    at row: FailureTable.Row, of member: Fleet.Member, in fleet: borrowing Fleet
  ) -> Held {
    var held = Held()
    for (place, other) in fleet.members.enumerated() {
      let count = other.id == member.id ? Int(row.held) : track.held(by: place, at: row.first)
      switch other.end {
      case .client: held.established += count
      case .server: held.accepted += count
      case .host: break
      }
    }
    // Without clients the server's number stands for both ends.
    if clients.isEmpty { held.established = held.accepted }
    // A server's own note may include other programs' connections from the clients' addresses.
    if fleet.total(.ephemeral, .server) > 0 {
      held.accepted = min(held.accepted, held.established)
    }
    return held
  }

  /// The source address with its port, and the endpoint, of a row's first failure. Of a server's failure there is
  /// only the endpoint that the worker listens at; of a client's failure without a position there is neither.
  private func tuple(
    of row: FailureTable.Row, member: Fleet.Member, assignment: ClientAssignment?
  ) -> (source: String?, endpoint: String?) {
    guard let assignment, let position = row.position else {
      return (nil, member.endpoint.map { "\($0)" })
    }
    let walk = SourceWalk(
      sources: assignment.sources.count, ports: assignment.ports,
      endpoints: assignment.endpoints.count, share: assignment.share)
    let step = walk.step(at: position)
    return (
      "\(SocketAddress(assignment.sources[step.source], step.port))",
      "\(assignment.endpoints[step.endpoint])"
    )
  }

  private func record(
    _ row: FailureTable.Row, _ held: Held, member: Fleet.Member,
    _ tuple: (source: String?, endpoint: String?)
  ) -> FailureRecord {
    return FailureRecord(
      end: member.end, worker: member.id, phase: phases[min(row.phase, phases.count - 1)],
      syscall: row.call.name,
      errno: row.errno.map(ErrnoRecord.init),
      count: Int(row.count), retried: Int(row.retried),
      firstInstant: row.first.seconds(since: started),
      stoppedAt: row.stopped?.seconds(since: started),
      established: held.established, accepted: held.accepted, source: tuple.source,
      endpoint: tuple.endpoint)
  }
}
