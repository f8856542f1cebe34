import Addressing
import Linux
import Probe
import Recording
import SystemPackage

/// The failures of all workers, kind by kind, as the coordinator has come to know them.
struct FailureLedger {
  private struct Kind: Hashable {
    let end: End
    let phase: Int
    let call: FailedCall
    let errno: Int32
  }

  /// Connections at the instant at which a failure was first seen.
  struct Held {
    let established: Int
    let accepted: Int
  }

  private let clients: [ClientAssignment]
  private let phases: [String]
  private let started: Instant
  private var firstHeld: [Kind: Held] = [:]
  private(set) var records: [FailureRecord] = []
  private var seen = 0

  init(clients: [ClientAssignment], phases: [String], started: Instant) {
    self.clients = clients
    self.phases = phases
    self.started = started
  }

  /// Reads the workers' failure tables again; true when there is something new in them.
  mutating func update(from fleet: borrowing Fleet, held: Held) -> Bool {
    let total = fleet.total(.failures, .client) + fleet.total(.failures, .server)
    guard total != seen else { return false }
    seen = total

    var merged: [Kind: FailureRecord] = [:]
    var clientIndex = 0
    for member in fleet.members {
      let assignment = member.end == .client ? clients[clientIndex] : nil
      if assignment != nil { clientIndex += 1 }
      for row in member.board.failures.rows() {
        let kind = Kind(
          end: member.end, phase: row.phase, call: row.call, errno: row.errno?.rawValue ?? 0)
        if firstHeld[kind] == nil { firstHeld[kind] = held }
        let record = self.record(row, kind: kind, member: member, assignment: assignment)
        if let known = merged[kind] {
          var earliest = record.firstInstant < known.firstInstant ? record : known
          earliest.count = known.count + record.count
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

  private func record(
    _ row: FailureTable.Row, kind: Kind, member: Fleet.Member, assignment: ClientAssignment?
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
    let held = firstHeld[kind]
    return FailureRecord(
      end: member.end, worker: member.id, phase: phases[min(row.phase, phases.count - 1)],
      syscall: row.call.name,
      errno: row.errno.map {
        ErrnoRecord(
          number: Int($0.rawValue), name: ErrnoName.symbol(of: $0.rawValue),
          text: ErrnoName.text(of: $0.rawValue))
      },
      count: Int(row.count), firstInstant: row.first.seconds(since: started),
      stopped: row.stopped?.seconds(since: started),
      established: held?.established ?? 0, accepted: held?.accepted ?? 0, source: source,
      endpoint: endpoint)
  }
}
