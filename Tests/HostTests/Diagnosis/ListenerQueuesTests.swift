import Linux
import Testing

@testable import Host

/// What goes with a listener that is closed.
@Suite struct ListenerQueuesTests {
  private final class Space {}
  private let space = ObjectIdentifier(Space())

  private func lost(
    _ looks: [(milliseconds: UInt64, waiting: [UInt32: Int])], notReached: Set<UInt32> = []
  ) -> Int {
    var queues = ListenerQueues()
    return looks.enumerated().reduce(0) { lost, look in
      let (milliseconds, waiting) = look.element
      let reached = Set(waiting.keys.filter { look.offset == 0 || !notReached.contains($0) })
      return lost
        + queues.update(
          space, waiting, reached: reached,
          at: Instant(nanoseconds: 1_000_000_000 + milliseconds * 1_000_000))
    }
  }

  @Test func `what waits at a socket that accepts nothing goes with it`() {
    #expect(
      lost([(0, [1: 0]), (250, [1: 20]), (500, [1: 40]), (1_300, [1: 70]), (1_400, [2: 3])]) == 70)
  }

  @Test(arguments: [
    ([20, 0, 5], 0), ([20, 8, 20], 0), ([9, 9, 0], 0), ([20, 12, 30], 22), ([40, 20, 240], 220),
  ])
  func `a queue that is taken from faster than it is long may have been emptied`(
    waiting: [Int], expected: Int
  ) {
    let looks = waiting.enumerated().map { (UInt64($0.offset + 1) * 600, [UInt32(1): $0.element]) }
    #expect(lost([(0, [1: 0])] + looks + [(2_500, [:])]) == expected)
  }

  @Test func `what waited before the phase is not the phase's`() {
    #expect(lost([(0, [1: 30]), (500, [1: 30]), (1_700, [1: 30]), (1_900, [:])]) == 0)
    #expect(lost([(0, [1: 30]), (500, [1: 50]), (1_700, [1: 60]), (1_900, [:])]) == 30)
  }

  @Test func `one of two sockets that share a port is closed`() {
    #expect(lost([(0, [:]), (100, [1: 2, 2: 0]), (1_700, [1: 9, 2: 1]), (1_900, [2: 0])]) == 9)
  }

  @Test func `one that is not reached any more is open still`() {
    let looks: [(UInt64, [UInt32: Int])] = [
      (0, [1: 0]), (100, [1: 2]), (1_700, [1: 9]), (1_800, [1: 9, 2: 0]), (1_900, [1: 4, 2: 0]),
      (2_000, [2: 0]),
    ]
    #expect(lost(looks, notReached: [1]) == 0)
  }
}
