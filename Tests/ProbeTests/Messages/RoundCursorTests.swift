import Linux
import Testing

@testable import Probe

@Suite struct RoundCursorTests {
  private static let second: UInt64 = 1_000_000_000

  private func cursor(
    every: UInt64 = second, index: Int = 0, count: Int = 1, slots: UInt32, start: UInt64 = 0
  ) -> RoundCursor {
    var cursor = RoundCursor(every: every, share: WorkerShare(index: index, count: count))
    cursor.restart(at: Instant(nanoseconds: start), slots: slots)
    return cursor
  }

  @Test func `a round deals its time out evenly`() {
    var cursor = cursor(slots: 4, start: 7)
    var dues: [UInt64] = []
    for _ in 0..<9 {
      dues.append(cursor.due.nanoseconds)
      cursor.step(slots: 4)
    }
    #expect(dues == (0..<9).map { 7 + $0 * Self.second / 4 })
  }

  @Test(arguments: [0, 1, 5, 11])
  func `what is left of the rounds is counted as the walk would`(steps: Int) {
    let end = Instant(nanoseconds: 7 * Self.second + 1)
    var walked = cursor(slots: 4)
    for _ in 0..<steps { walked.step(slots: 4) }
    let counted = (0..<4 as Range<UInt32>).map { walked.roundsLeft(at: $0, noted: 0, before: end) }
    var skipped = walked
    skipped.skip(to: end)
    var left = [UInt64](repeating: 0, count: 4)
    while walked.due < end {
      left[Int(walked.slot)] += 1
      walked.step(slots: 4)
    }
    #expect(counted == left)
    // A message that was begun ahead of the cursor is none of what is left.
    #expect(walked.roundsLeft(at: 1, noted: walked.firstRound, before: end) == 0)
    #expect(skipped.due >= end)
    #expect((0..<4).allSatisfy { skipped.roundsLeft(at: $0, noted: 0, before: end) == 0 })
  }

  @Test(arguments: [1, 2, 3, 7], [1, 2, 10, 999] as [UInt32])
  func `workers interleave`(workers: Int, slots: UInt32) {
    var dues: [UInt64] = []
    for index in 0..<workers {
      var cursor = cursor(index: index, count: workers, slots: slots)
      for _ in 0..<slots {
        dues.append(cursor.due.nanoseconds)
        cursor.step(slots: slots)
      }
    }
    dues.sort()
    let all = UInt64(workers) * UInt64(slots)
    #expect(dues == (0..<all).map { $0 * Self.second / all })
  }

  @Test func `a change of slots waits for the next round`() {
    var cursor = cursor(slots: 2)
    cursor.step(slots: 8)
    #expect(cursor.slots == 2)
    #expect(cursor.due.nanoseconds == Self.second / 2)
    cursor.step(slots: 8)
    #expect(cursor.slots == 8)
    #expect(cursor.due.nanoseconds == Self.second)
    cursor.step(slots: 8)
    #expect(cursor.due.nanoseconds == Self.second + Self.second / 8)
  }

  @Test(arguments: [1, 4, 40] as [UInt32])
  func `a round that is over keeps its instants`(slots: UInt32) {
    var cursor = cursor(slots: 2)
    let round = cursor.round
    for _ in 0..<2 { cursor.step(slots: slots) }
    #expect(cursor.due(1, in: round).nanoseconds == Self.second / 2)
    // And when later rounds have as many as this one.
    for _ in 0..<slots { cursor.step(slots: slots) }
    #expect(cursor.due(1, in: round).nanoseconds == Self.second / 2)
    #expect(
      cursor.due(slots - 1, in: round + 1).nanoseconds
        == Self.second + Self.second * UInt64(slots - 1) / UInt64(slots))
  }

  @Test func `a slot is passed once the cursor has left it`() {
    var cursor = cursor(slots: 3)
    let round = cursor.round
    cursor.step(slots: 3)
    #expect(cursor.hasPassed(0, in: round))
    #expect(!cursor.hasPassed(1, in: round))
    #expect(cursor.hasPassed(2, in: round - 1))
    #expect(!cursor.hasPassed(0, in: round + 1))
    #expect(cursor.nextRound(at: 0) == round + 1)
    #expect(cursor.nextRound(at: 1) == round)
    // It was not there when the round began.
    #expect(cursor.nextRound(at: 3) == round + 1)
  }

  @Test func `what was noted in an earlier phase counts from the start of the next`() {
    var cursor = cursor(slots: 3)
    for _ in 0..<10 { cursor.step(slots: 3) }
    let noted = cursor.round - 2
    cursor.restart(at: Instant(nanoseconds: 50), slots: 3)
    #expect(cursor.pendingRound(noted) == cursor.round)
    #expect(cursor.due.nanoseconds == 50)
    #expect(cursor.pendingRound(cursor.round + 1) == cursor.round + 1)
  }

  @Test(arguments: [0, 1, .max] as [UInt64])
  func `no interval and no number of connections is too large`(every: UInt64) {
    var cursor = cursor(every: every, index: 6, count: 7, slots: .max)
    for _ in 0..<3 {
      #expect(cursor.due(.max, in: cursor.round) >= cursor.due)
      cursor.step(slots: .max)
    }
    #expect(cursor.due(5, in: cursor.round + 3) >= cursor.due)
  }

  @Test func `without connections the rounds go by`() {
    var cursor = cursor(slots: 0)
    cursor.step(slots: 0)
    #expect(cursor.due.nanoseconds == Self.second)
  }
}
