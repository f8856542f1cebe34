import Addressing
import GoldenFiles
import Linux
import Messages
import Testing

@testable import Probe

/// When and from where each operation of a worker comes reads as it did.
@Suite struct WorkerStoryTests {
  private static let instants: [UInt64] = [
    0, 1, 999, 1_000_000, 250_000_000, 999_999_999, 1_000_000_000, 1_000_000_001, 7_500_000_000,
    .max,
  ]

  @Test func `schedules`() throws {
    var lines: [String] = []
    for seed in 0..<80 as Range<UInt64> {
      var chance = Chance(seed)
      var curve = ArrivalCurve()
      for _ in 0..<chance.below(4) {
        let from = chance.pick(Self.instants.dropLast())
        curve.append(
          UInt64(chance.pick([0, 1, 2, 10])), from: from,
          to: from + chance.pick([0, 1, 1_000_000, 500_000_000]))
      }
      let schedule = Schedule(
        start: Instant(nanoseconds: chance.pick([0, 5, 1_000_000_000])),
        rate: chance.pick([nil, 1, 3, 1000, 0, 1e-12]), recorded: chance.happens(60) ? curve : nil)
      let ordinals: [UInt64] = [0, 1, 2, 3, 9, 10, 11, 100]
      lines.append(
        "\(seed). \(told(schedule)): \(ordinals.map { schedule.due($0).nanoseconds })"
          + " \(ordinals.map(schedule.isPaced)) \(Self.instants.dropLast().map(schedule.count))"
          + " of \(curve.count) to \(curve.end)")
    }
    #expect(try difference("schedules.txt", lines.joined(separator: "\n") + "\n") == nil)
  }

  @Test func `rounds`() throws {
    var lines: [String] = []
    for seed in 0..<120 as Range<UInt64> {
      var chance = Chance(seed)
      let count = chance.pick([1, 2, 3])
      var cursor = RoundCursor(
        every: chance.pick([0, 1, 100, 1_000_000_000, .max / 2]),
        share: WorkerShare(index: chance.below(count), count: count))
      var parts: [String] = []
      for _ in 0..<10 {
        switch chance.below(7) {
        case 0:
          cursor.restart(
            at: Instant(nanoseconds: chance.pick([0, 7, 1_000_000])),
            slots: chance.pick([0, 1, 2, 5]))
        case 1: cursor.rewind()
        case 2: cursor.skip(to: Instant(nanoseconds: chance.pick([0, 50, 250, 3_000_000_000])))
        default: cursor.step(slots: chance.pick([0, 1, 2, 2, 5]))
        }
        let slots: [UInt32] = [0, 1, 4]
        let end = Instant(nanoseconds: chance.pick([0, 100, 1000, 5_000_000_000]))
        let round = cursor.round
        parts.append(
          "\(round)/\(cursor.slot) of \(cursor.slots) due \(cursor.due.nanoseconds), next"
            + " \(slots.map(cursor.nextRound)), left"
            + " \(slots.map { cursor.roundsLeft(at: $0, noted: round, before: end) }), passed"
            + " \(slots.map { cursor.hasPassed($0, in: round) }) \(cursor.pendingRound(1))"
            + " \(cursor.due(1, in: round &+ 1).nanoseconds)")
      }
      lines.append("\(seed). " + parts.joined(separator: "; "))
    }
    #expect(try difference("rounds.txt", lines.joined(separator: "\n") + "\n") == nil)
  }

  @Test func `walks over sources, ports and endpoints`() throws {
    var lines: [String] = []
    for seed in 0..<60 as Range<UInt64> {
      var chance = Chance(seed)
      let count = chance.pick([1, 2, 3])
      var walk = SourceWalk(
        sources: chance.pick([1, 2, 3]), ports: PortSet(10...UInt16(chance.pick([10, 11, 13]))),
        endpoints: chance.pick([1, 2, 3]),
        share: WorkerShare(index: chance.below(count), count: count))
      let steps = (0..<14).map { _ in
        let position = walk.next()
        let step = walk.step(at: position)
        return
          "\(position): \(step.source) \(walk.source(at: position)) \(step.port) \(step.endpoint)"
      }
      lines.append("\(seed). of \(walk.count): \(steps)")
    }
    #expect(try difference("walks.txt", lines.joined(separator: "\n") + "\n") == nil)
  }

  @Test func `every value has its bucket`() {
    var last = -1
    for value in Array(0..<5000) + (0..<4000).map({ 5000 + $0 * 274_000_000 as UInt64 }) + [
      1 << 40, .max,
    ] {
      let index = LatencyBuckets.index(of: value)
      #expect(index >= last && index < LatencyBuckets.count)
      last = index
      let middle = LatencyBuckets.value(at: index)
      #expect(LatencyBuckets.index(of: middle) == index)
      guard value < 1 << 40 else { continue }
      let distance = middle > value ? middle - value : value - middle
      #expect(value < 256 ? distance == 0 : distance * 128 <= value)
    }
    #expect(LatencyBuckets.index(of: .max) == LatencyBuckets.index(of: (1 << 40) - 1))
    #expect(LatencyBuckets.index(of: (1 << 40) - 1) == LatencyBuckets.count - 1)
  }

  @Test func `what sources hold is beside all else on the board`() throws {
    let board = try Scoreboard(sources: 300)
    defer { board.unmap() }
    for counter in Counter.allCases { board[counter] = 7 }
    for pattern in 0..<MessagePattern.most {
      for counter in MessageCounter.allCases { board[pattern, counter] = 8 }
    }
    let text = [UInt8](repeating: 9, count: Scoreboard.mostSaid)
    unsafe text.withUnsafeBytes { unsafe board.keepUnasked($0) }
    // The log of what is driven, filled to its end.
    var logged: [UInt8] = []
    while board.driveLog.room >= 8 {
      let bytes = [UInt8](repeating: UInt8(logged.count / 8 % 251), count: 8)
      board.driveLog.append(bytes.span)
      logged += bytes
    }
    for source in 0..<300 {
      board.addToSource(source, Int32(1 + source % 3))
      if source % 5 == 0 { board.addToSource(source, -1) }
    }
    board.addToSource(300, 1)
    for source in 0..<300 {
      #expect(board.held(bySource: source) == UInt32(source % 3 + (source % 5 == 0 ? 0 : 1)))
    }
    for counter in Counter.allCases { #expect(board[counter] == 7) }
    for pattern in 0..<MessagePattern.most {
      for counter in MessageCounter.allCases { #expect(board[pattern, counter] == 8) }
    }
    #expect(board.unasked == text)
    #expect(board.failures.rows().isEmpty)
    #expect(board.driveLog.drain() == logged)
  }
}
