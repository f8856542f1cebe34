import Addressing
import Linux
import Probe
import Recording
import SystemPackage
import WorkerLog

/// The failures of all workers, kind by kind, as the coordinator has come to know them.
struct FailureLedger {
  private struct Kind: Hashable {
    let end: End
    let phase: Int
    let call: FailedCall
    let errno: Int32
  }

  /// A kind at one worker.
  private struct Place: Hashable {
    let kind: Kind
    let worker: Int
  }

  /// Connections at the instant of the first failure.
  private struct Held {
    var established = 0
    var accepted = 0
  }

  private let clients: [ClientAssignment]
  private let phases: [String]
  private let started: Instant
  private var track = HeldTrack()
  private var firstHeld: [Place: Held] = [:]
  private(set) var records: [FailureRecord] = []
  private var seen = 0

  init(clients: [ClientAssignment], phases: [String], started: Instant) {
    self.clients = clients
    self.phases = phases
    self.started = started
  }

  /// Reads the workers' failure tables again; true when there is something new in them. To be called
  /// at every look: what is held then is what a failure's instant is put between.
  ///
  /// - Parameters:
  ///   - now: when this look is.
  ///   - isLast: whether there will be no further look. A worker counts a failure before it writes
  ///     down which, so that a look in between sees half of it.
  mutating func update(
    from fleet: borrowing Fleet, at now: Instant, isLast: Bool = false
  ) -> Bool {
    track.look(
      fleet.members.map { $0.isAlive ? Int($0.board[.held]) : 0 }, at: now)
    let total = fleet.total(.failures, .client) + fleet.total(.failures, .server)
    guard total != seen || isLast && total > 0 else { return false }
    seen = total

    var merged: [Kind: FailureRecord] = [:]
    var clientIndex = 0
    for member in fleet.members {
      let assignment = member.end == .client ? clients[clientIndex] : nil
      if assignment != nil { clientIndex += 1 }
      for row in member.board.failures.rows() {
        let kind = Kind(
          end: member.end, phase: row.phase, call: row.call, errno: row.errno?.rawValue ?? 0)
        let place = Place(kind: kind, worker: member.id)
        let held = firstHeld[place] ?? self.held(at: row, of: member, in: fleet)
        firstHeld[place] = held
        let record = self.record(row, held, member: member, assignment: assignment)
        if let known = merged[kind] {
          var earliest = record.firstInstant < known.firstInstant ? record : known
          earliest.count = known.count + record.count
          earliest.retried = known.retried + record.retried
          earliest.stopped = [known.stopped, record.stopped].compactMap(\.self).min()
          merged[kind] = earliest
        } else {
          merged[kind] = record
        }
      }
    }
    records = merged.values.sorted { $0.firstInstant < $1.firstInstant }
    return true
  }

  /// What stopped a worker in a phase; else what has cost the most connections; nil where nothing has
  /// cost any.
  func deciding(in phase: String) -> FailureRecord? {
    let ours = records.filter { $0.phase == phase && $0.final > 0 }
    let stops = ours.filter { $0.stopped != nil }
    return stops.min { $0.stopped! < $1.stopped! } ?? ours.max { $0.final < $1.final }
  }

  /// What the worker has noted of itself, and what all others held at that instant.
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
    // A server alone counts for both.
    if clients.isEmpty { held.established = held.accepted }
    return held
  }

  private func record(
    _ row: FailureTable.Row, _ held: Held, member: Fleet.Member, assignment: ClientAssignment?
  ) -> FailureRecord {
    var source: String?
    var endpoint = member.endpoint.map { "\($0)" }
    if let assignment, let position = row.position {
      let walk = SourceWalk(
        sources: assignment.sources.count, ports: assignment.ports,
        endpoints: assignment.endpoints.count, share: assignment.share)
      let step = walk.step(at: position)
      source = "\(SocketAddress(assignment.sources[step.source], step.port))"
      endpoint = "\(assignment.endpoints[step.endpoint])"
    }
    return FailureRecord(
      end: member.end, worker: member.id, phase: phases[min(row.phase, phases.count - 1)],
      syscall: row.call.name,
      errno: row.errno.map(ErrnoRecord.init),
      count: Int(row.count), retried: Int(row.retried),
      firstInstant: row.first.seconds(since: started),
      stopped: row.stopped?.seconds(since: started),
      established: held.established, accepted: held.accepted, source: source,
      endpoint: endpoint)
  }
}
