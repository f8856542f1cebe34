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

  @Test func `those that a connection has are passed over until it gives them back`() throws {
    var tuples = try tuples()
    #expect(tuples.count == 4)
    var left = tuples.count
    let first = try #require(tuples.next(&left))
    tuples.take(first.position)
    left = tuples.count
    var seen: [UInt32] = []
    while let step = tuples.next(&left) { seen.append(step.position) }
    #expect(Set(seen) == Set(0..<4).subtracting([first.position]))
    #expect(left == 0)
    tuples.giveBack(first.position)
    left = tuples.count
    seen = []
    while let step = tuples.next(&left) { seen.append(step.position) }
    #expect(Set(seen) == Set(0..<4))
  }

  @Test func `one of somebody else is noted once, and tried again`() throws {
    var tuples = try tuples()
    #expect(tuples.noteForeign(2))
    #expect(!tuples.noteForeign(2))
    var left = tuples.count
    var seen: [UInt32] = []
    while let step = tuples.next(&left) { seen.append(step.position) }
    #expect(seen.contains(2))
  }
}
