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

  /// A kind of failure at one worker.
  private struct FailureKey: Hashable {
    let kind: Kind
    let worker: Int
    let endpoint: String?
  }

  /// A kind of failure at one endpoint.
  private struct Place: Hashable {
    let kind: Kind
    let endpoint: String?
  }

  /// Records of failures that are alike, in the order of the first that was added.
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

  /// Connections that all workers held at the instant of a first failure.
  private struct Held {
    var established = 0
    var accepted = 0
  }

  private let clients: [ClientAssignment]
  private let phases: [String]
  private let started: Instant
  private var track = HeldTrack()
  private var firstHeld: [FailureKey: Held] = [:]
  /// When a failure of a kind last stopped a worker.
  private var lastStops: [Kind: Instant] = [:]
  package private(set) var records: [FailureRecord] = []
  /// The same failures, by kind and endpoint: what is at one endpoint says nothing of another. Beyond the
  /// first endpoints of a plan some share a record, which names one of them (`FailureTable.endpointsApart`).
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
  ///   - isLast: whether there will be no further look. Then the tables are read wherever there has
  ///     been a failure: a worker counts a failure before it writes its row, so the look before may
  ///     have seen the count and not the row.
  /// - Returns: whether the tables were read: the number of failures has changed, or this is the
  ///   last look and there has been a failure.
  package mutating func update(
    from fleet: borrowing Fleet, at now: Instant, isLast: Bool = false
  ) -> Bool {
    track.note(
      fleet.members.map { fleet.held(by: $0) }, at: now)
    let total = fleet.total(.failures, .client) + fleet.total(.failures, .server)
    guard total != failuresRead || isLast && total > 0 else { return false }
    failuresRead = total

    var (kinds, places) = (Merged<Kind>(), Merged<Place>())
    var clientIndex = 0
    for member in fleet.members {
      let assignment = member.end == .client ? clients[clientIndex] : nil
      if assignment != nil { clientIndex += 1 }
      for row in member.board.failures.rows() {
        let kind = Kind(
          end: member.end, phase: row.phase, call: row.call, errno: row.errno?.rawValue ?? 0)
        let tuple = tuple(of: row, member: member, assignment: assignment)
        let key = FailureKey(kind: kind, worker: member.id, endpoint: tuple.endpoint)
        let held = firstHeld[key] ?? self.held(at: row, of: member, in: fleet)
        firstHeld[key] = held
        let record = self.record(row, held, member: member, tuple)
        if let stopped = row.lastStopped {
          lastStops[kind] = max(lastStops[kind] ?? stopped, stopped)
        }
        kinds.add(record, as: kind)
        places.add(record, as: Place(kind: kind, endpoint: tuple.endpoint))
      }
    }
    records = kinds.records.sorted { $0.firstInstant < $1.firstInstant }
    recordsByEndpoint = places.records.sorted { $0.firstInstant < $1.firstInstant }
    return true
  }

  /// What has failed since an earlier look, with the counts since then.
  package func records(beyond before: [FailureRecord]) -> [FailureRecord] {
    Self.records(records, beyond: before) { $0.isSameKind($1) }
  }

  /// The same by endpoint; so are the earlier records.
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

  /// The failure that first stopped a worker in a phase. Where none has stopped one, the failure that has
  /// cost the most connections; nil where none has cost any.
  ///
  /// - Parameters:
  ///   - before: failures of earlier steps of the same phase, which decide nothing here.
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

  /// What all workers held at the instant of a failure: the one that failed by its own note, the
  /// others as interpolated.
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

  /// The source, with its port, and the endpoint of a row's first failure, as far as it concerns any.
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
