import Linux
import Testing
import WorkerLog

@testable import Probe

/// What a worker writes down of what it drives.
@Suite struct DriveLogTests {
  private let board: Scoreboard

  init() throws { board = try Scoreboard(sources: 0) }

  private func at(_ ticks: UInt64) -> Instant {
    Instant(nanoseconds: 7_000_000_000 + ticks * DriveEntry.tick)
  }

  @Test func `one entry a tick, of few bytes`() {
    defer { board.unmap() }
    var notes = DriveNotes(board.driveLog)
    notes.begin(phase: 2, at: at(0))
    for _ in 0..<5 { notes.countArrival(at: at(1)) }
    notes.countArrival(at: at(4))
    notes.countMessage(3, at: at(4))
    notes.flush()
    #expect(board.driveLog.drain() == [2, 2, 1 << 3 | 4, 5, 3 << 3, 1, 3])
    #expect(board.driveLog.drain() == [])
  }

  @Test func `a tick is written when the worker is about to sleep through its end`() {
    defer { board.unmap() }
    var notes = DriveNotes(board.driveLog)
    notes.begin(phase: 0, at: at(0))
    notes.countArrival(at: at(0))
    notes.flush(before: at(0).advanced(byNanoseconds: 10))
    #expect(board.driveLog.drain() == [])
    notes.flush(before: at(1))
    #expect(board.driveLog.drain() == [2, 0, 0])
    notes.countArrival(at: at(9))
    notes.flush(before: nil)
    #expect(board.driveLog.drain() == [9 << 3])
  }

  @Test func `a search is one phase, however often it is begun`() {
    defer { board.unmap() }
    var notes = DriveNotes(board.driveLog)
    notes.begin(phase: 0, at: at(0))
    notes.countArrival(at: at(1))
    notes.begin(phase: 0, at: at(5))
    notes.countArrival(at: at(6))
    notes.flush()
    #expect(board.driveLog.drain() == [2, 0, 1 << 3, 5 << 3])
  }

  /// As busy as a worker is at most, before a coordinator that looks in time or late.
  @Test(arguments: [1, 2], [100, 300])
  func `every tick of 64 patterns is kept apart`(messages: Int, looks: UInt64) {
    defer { board.unmap() }
    let log = board.driveLog
    var notes = DriveNotes(log)
    notes.begin(phase: 0, at: at(0))
    var bytes: [UInt8] = []
    for tick in 0..<1000 as Range<UInt64> {
      for pattern in 0..<64 {
        for _ in 0..<messages { notes.countMessage(pattern, at: at(tick)) }
      }
      notes.flush(before: at(tick + 1))
      if tick % looks == looks - 1, log.isFilling { bytes += log.drain() }
    }
    bytes += log.drain()
    var rest = bytes[...]
    var counts: [UInt64: UInt64] = [:]
    var tick: UInt64 = 0
    while let entry = DriveEntry(from: &rest) {
      tick += entry.ticks
      if case .messages = entry.kind { counts[tick, default: 0] += entry.count }
    }
    #expect(rest.isEmpty)
    #expect(counts.count == 1000)
    #expect(counts.values.allSatisfy { $0 == UInt64(64 * messages) })
  }

  @Test func `a full log delays what it has no room for, and loses nothing`() throws {
    defer { board.unmap() }
    let log = board.driveLog
    var notes = DriveNotes(log)
    notes.begin(phase: 0, at: at(0))
    let ticks = UInt64(DriveLog.capacity)
    for tick in 0..<ticks {
      for _ in 0..<2 { notes.countArrival(at: at(tick)) }
    }
    #expect(log.isFilling)
    var bytes = log.drain()
    notes.countArrival(at: at(ticks + 1))
    notes.flush()
    bytes += log.drain()
    var total = 0
    var rest = bytes[2...]
    while let header = rest.popFirst() {
      // Past the number of ticks, where it needs more than one byte.
      if header & 0x80 != 0 { while let byte = rest.popFirst(), byte & 0x80 != 0 {} }
      guard header & 4 != 0 else {
        total += 1
        continue
      }
      var (count, shift) = (0, 0)
      while let byte = rest.popFirst() {
        count |= Int(byte & 0x7F) << shift
        shift += 7
        if byte & 0x80 == 0 { break }
      }
      total += count
    }
    #expect(total == Int(ticks) * 2 + 1)
  }
}
