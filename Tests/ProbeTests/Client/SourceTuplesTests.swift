import Addressing
import Testing

@testable import Probe

@Suite struct SourceTuplesTests {
  private func tuples() throws -> SourceTuples {
    try SourceTuples(
      SourceWalk(
        sources: 2, ports: PortSet(1000...1001), endpoints: 1,
        share: WorkerShare(index: 0, count: 1)))
  }

  /// All that are not taken, each once.
  private func round(_ tuples: inout SourceTuples) -> [UInt32] {
    var left = tuples.count
    var seen: [UInt32] = []
    while let step = tuples.next(&left) { seen.append(step.position) }
    return seen.sorted()
  }

  @Test func `those that a connection has are passed over until it gives them back`() throws {
    var tuples = try tuples()
    #expect(round(&tuples) == [0, 1, 2, 3])
    tuples.take(1)
    #expect(round(&tuples) == [0, 2, 3])
    tuples.giveBack(1)
    #expect(round(&tuples) == [0, 1, 2, 3])
  }

  @Test func `one of somebody else is noted once, and tried again`() throws {
    var tuples = try tuples()
    let (first, second) = (tuples.noteForeign(2), tuples.noteForeign(2))
    #expect(first && !second)
    #expect(round(&tuples) == [0, 1, 2, 3])
  }
}
