import Linux
import Testing

@testable import Host

/// What goes with a listener that is closed.
@Suite struct ListenerQueuesTests {
  private final class Space {}
  private let space = ObjectIdentifier(Space())

  private func lost(_ looks: [(milliseconds: UInt64, waiting: [UInt32: Int])]) -> Int {
    var queues = ListenerQueues()
    return looks.reduce(0) {
      $0
        + queues.look(
          in: space, $1.waiting,
          at: Instant(nanoseconds: 1_000_000_000 + $1.milliseconds * 1_000_000))
    }
  }

  @Test func `what waits at a socket that accepts nothing goes with it`() {
    #expect(
      lost([(0, [1: 0]), (250, [1: 20]), (500, [1: 40]), (800, [1: 70]), (1_000, [2: 3])]) == 70)
  }

  @Test func `a queue that was empty a moment ago may have been emptied again`() {
    #expect(lost([(0, [1: 0]), (250, [1: 20]), (500, [1: 0]), (750, [1: 5]), (1_000, [:])]) == 0)
  }

  @Test func `what waited before the phase is not the phase's`() {
    #expect(lost([(0, [1: 30]), (500, [1: 30]), (1_000, [1: 30]), (1_500, [:])]) == 0)
    #expect(lost([(0, [1: 30]), (500, [1: 50]), (1_000, [1: 60]), (1_500, [:])]) == 30)
  }

  @Test func `one of two sockets that share a port is closed`() {
    #expect(lost([(0, [:]), (100, [1: 2, 2: 0]), (700, [1: 9, 2: 1]), (900, [2: 0])]) == 9)
  }

  @Test func `nobody listens, and somebody does again`() {
    #expect(lost([(0, [1: 0]), (100, [1: 2]), (700, [1: 9]), (900, [:]), (950, [2: 4])]) == 9)
  }
}
