import Linux
import Recording
import Simulation
import SystemPackage
import Testing
import WorkerLog

@testable import Coordination
@testable import Probe

/// The failures of all workers as one list, from simulated workers.
@Suite struct FailureLedgerTests {
  private static let plan = """
    server: {listen: "127.0.0.1:9000", processes: 4}
    clients: {sources: 127.0.0.2, processes: 2}
    phases: [ramp: {to: 1000, rate: 1k/s}]
    """

  @Test func `a kind of failure is one record, with what was held at its first`() throws {
    var host = SimulatedHost()
    host.descriptorsPerProcess = 300
    try withSimulatedFleet(Self.plan, on: host) { prepared, workers, fleet in
      let started = workers.now()
      var ledger = FailureLedger(
        clients: prepared.staffing.clients, phases: ["ramp"], started: started)
      fleet.post(.begin, phase: 0, start: started)
      var news: [Bool] = []
      for _ in 0..<15 {
        workers.pause(until: workers.now().advanced(by: .milliseconds(100)))
        news.append(ledger.update(from: fleet, at: workers.now()))
      }
      // Each of the two clients met it once, at about the same instant, and no look after that has news.
      #expect(news.count { $0 } <= 2)
      #expect(news.suffix(5).allSatisfy { !$0 })
      let record = try #require(ledger.records.first)
      #expect(ledger.records.count == 1)
      #expect(record.end == .client)
      #expect(record.syscall == "socket")
      #expect(record.errno?.name == "EMFILE")
      #expect(record.count == 2)
      // 293 descriptors a client are left for connections.
      let held = fleet.current(.held, .client)
      // What the others held lies between two looks, a hundred connections apart.
      #expect(abs(record.established - held) < 50, "\(record.established) of \(held)")
      #expect(abs(record.accepted - held) < 50)
      #expect(record.stoppedAt != nil)
      #expect(abs(record.firstInstant - Double(held) / 1000) < 0.05)
      #expect(ledger.deciding(in: "ramp", beyond: [], since: started) == record)
      #expect(ledger.deciding(in: "hold", beyond: [], since: started) == nil)
      // What was known before counts no more, and what has come since counts alone.
      #expect(ledger.records(beyond: ledger.records).isEmpty)
      #expect(ledger.deciding(in: "ramp", beyond: ledger.records, since: started) == nil)
      var before = record
      before.count = 1
      before.stoppedAt = nil
      let since = try #require(ledger.records(beyond: [before]).first)
      #expect(since.count == 1)
      #expect(since.stoppedAt == record.stoppedAt)
    }
  }

  @Test func `what stops a later step of a search decides it, however many others fail`() throws {
    try withSimulatedFleet(Self.plan) { prepared, workers, fleet in
      let started = workers.now()
      var ledger = FailureLedger(
        clients: prepared.staffing.clients, phases: ["ramp"], started: started)
      let table = try #require(fleet.members.first { $0.end == .client }).board.failures
      func fail(_ call: FailedCall, _ errno: Errno, times: Int, at instant: Instant) {
        for _ in 0..<times {
          table.add(call, errno, phase: 0, at: instant, held: 1, position: nil)
        }
      }
      let (first, second) = (started.advanced(by: .seconds(1)), started.advanced(by: .seconds(9)))
      fail(.socket, .tooManyOpenFiles, times: 1, at: first)
      table.markStopped(.socket, .tooManyOpenFiles, phase: 0, at: first)
      _ = ledger.update(from: fleet, at: first, isLast: true)
      let before = ledger.records
      fail(.socket, .tooManyOpenFiles, times: 1, at: second)
      table.markStopped(.socket, .tooManyOpenFiles, phase: 0, at: second)
      fail(.connect, .timedOut, times: 500, at: second)
      fleet.members.first { $0.end == .client }?.board.add(.failures, 502)
      _ = ledger.update(from: fleet, at: second, isLast: true)
      let decides = ledger.deciding(in: "ramp", beyond: before, since: second)
      #expect(decides?.errno?.name == "EMFILE")
      #expect(ledger.records.first?.stoppedAt == 1)
      // In a step that nothing stopped, the most decide.
      let later = second.advanced(by: .seconds(1))
      #expect(
        ledger.deciding(in: "ramp", beyond: before, since: later)?.errno?.name == "ETIMEDOUT")
    }
  }

  @Test func `failures at two endpoints are one record of their kind, and two by endpoint`() throws
  {
    let plan = """
      target: ["127.0.0.1:9000", "127.0.0.1:9001"]
      clients: {sources: 127.0.0.2, processes: 1}
      phases: [ramp: {to: 100, rate: 1k/s}]
      """
    try withSimulatedFleet(plan) { prepared, workers, fleet in
      let started = workers.now()
      var ledger = FailureLedger(
        clients: prepared.staffing.clients, phases: ["ramp"], started: started)
      fleet.post(.begin, phase: 0, start: started)
      workers.pause(until: started.advanced(by: .milliseconds(20)))
      _ = ledger.update(from: fleet, at: workers.now())
      let before = ledger.recordsByEndpoint
      workers.pause(until: started.advanced(by: .seconds(1)))
      _ = ledger.update(from: fleet, at: workers.now())
      // Nobody listens: each handshake is refused.
      #expect(ledger.records.map(\.errno?.name) == ["ECONNREFUSED"])
      let places = ledger.recordsByEndpoint
      #expect(Set(places.map(\.endpoint)) == ["127.0.0.1:9000", "127.0.0.1:9001"])
      #expect(places.count == 2)
      #expect(places.reduce(0) { $0 + $1.count } == ledger.records[0].count)
      #expect(abs(places[0].count - places[1].count) <= 2)
      let since = ledger.recordsByEndpoint(beyond: before)
      let known = before.reduce(0) { $0 + $1.count }
      #expect(since.reduce(0) { $0 + $1.count } == ledger.records[0].count - known)
      #expect(ledger.recordsByEndpoint(beyond: places).isEmpty)
    }
  }
}
