import Linux
import SystemPackage
import Testing
import WorkerLog

@testable import Probe

@Suite struct FailureTableTests {
  @Test func `failures that are alike share a row, which keeps the first one`() throws {
    let board = try Scoreboard(sources: 0)
    defer { board.unmap() }
    let table = board.failures
    #expect(table.rows().isEmpty)
    table.add(
      .bind, .addressInUse, phase: 1, at: Instant(nanoseconds: 7), held: 3, position: 0)
    table.add(
      .bind, .addressInUse, phase: 1, at: Instant(nanoseconds: 9), held: 4, position: 8)
    let row = FailureTable.Row(
      call: .bind, errno: .addressInUse, phase: 1, count: 2, first: Instant(nanoseconds: 7),
      held: 3, position: 0)
    #expect(table.rows() == [row])
  }

  @Test func `call, errno and phase each make another row, in order of appearance`() throws {
    let board = try Scoreboard(sources: 0)
    defer { board.unmap() }
    let kinds: [(FailedCall, Errno?, Int)] = [
      (.closed, nil, 0), (.closed, .connectionReset, 0), (.read, .connectionReset, 0),
      (.closed, nil, 1), (.connectTimeout, nil, 65535),
    ]
    for _ in 0..<3 {
      for (call, error, phase) in kinds {
        board.failures.add(call, error, phase: phase, at: .now(), held: 0, position: nil)
      }
    }
    let rows = board.failures.rows()
    #expect(rows.map(\.call) == kinds.map(\.0))
    #expect(rows.map(\.errno) == kinds.map(\.1))
    #expect(rows.map(\.phase) == kinds.map(\.2))
    #expect(rows.allSatisfy { $0.count == 3 && $0.position == nil })
  }

  @Test func `each of the first endpoints has rows of its own, and the others share one`() throws {
    let board = try Scoreboard(sources: 0)
    defer { board.unmap() }
    let table = board.failures
    let endpoints = FailureTable.endpointsApart + 3
    for endpoint in 0..<endpoints {
      let row = table.add(
        .connectTimeout, nil, phase: 2, endpoint: endpoint, at: .now(), held: 0,
        position: UInt32(endpoint))
      table.markRetried(row)
    }
    table.markStopped(.connectTimeout, nil, phase: 2, endpoint: 1, at: Instant(nanoseconds: 5))
    let rows = table.rows()
    #expect(rows.map(\.position) == (0...FailureTable.endpointsApart).map { UInt32($0) })
    #expect(rows.map(\.count) == rows.map(\.retried))
    #expect(rows.dropLast().allSatisfy { $0.count == 1 })
    #expect(rows.last?.count == 3)
    #expect(rows.allSatisfy { $0.call == .connectTimeout && $0.errno == nil && $0.phase == 2 })
    #expect(rows.filter { $0.stopped != nil }.map(\.position) == [1])
  }

  @Test func `the last row takes what finds no row of its own`() throws {
    let board = try Scoreboard(sources: 0)
    defer { board.unmap() }
    for phase in 0..<FailureTable.capacity + 10 {
      board.failures.add(
        .connect, .timedOut, phase: phase, at: .now(), held: 0, position: UInt32(phase))
    }
    let rows = board.failures.rows()
    #expect(rows.count == FailureTable.capacity)
    #expect(rows.dropLast().allSatisfy { $0.count == 1 })
    #expect(rows.last?.count == 11)
    #expect(rows.last?.phase == FailureTable.capacity - 1)
  }

  @Test(arguments: FailedCall.allCases)
  func `every call comes back as it was written`(call: FailedCall) throws {
    let board = try Scoreboard(sources: 0)
    defer { board.unmap() }
    board.failures.add(
      call, .noMemory, phase: 0, at: .now(), held: .max, position: .max)
    let row = try #require(board.failures.rows().first)
    #expect(row.call == call)
    #expect(row.position == .max)
    #expect(row.held == .max)
    #expect(!call.name.isEmpty)
  }
}
