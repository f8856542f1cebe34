import Testing

@testable import Probe

@Suite struct OpeningTests {
  @Test func `counts down to nothing`() {
    var opening = Opening()
    #expect(opening.isDone)
    opening.plan(2)
    #expect(opening.remainingCount == 2)
    opening.noteBegun()
    #expect(!opening.isDone)
    opening.noteBegun()
    #expect(opening.isDone)
    opening.plan(-3)
    #expect(opening.isDone)
    #expect(opening.remainingCount == 0)
  }

  @Test func `gives up after a hundred failures in a row`() {
    /// Failures until the worker gives up.
    func failures(of opening: inout Opening) -> Int {
      var count = 1
      while opening.noteFailure() { count += 1 }
      return count
    }
    var opening = Opening()
    opening.beginPhase(retries: 3)
    #expect(failures(of: &opening) == Opening.mostFailuresInARow)
    opening.beginPhase(retries: 3)
    for _ in 1..<Opening.mostFailuresInARow { _ = opening.noteFailure() }
    opening.noteSuccess()
    #expect(failures(of: &opening) == Opening.mostFailuresInARow)
  }

  @Test func `once it has ended, no handshake is begun again`() {
    var opening = Opening()
    opening.beginPhase(retries: 3)
    opening.plan(10)
    opening.noteBegun()
    opening.end()
    #expect(opening.isDone)
    #expect(opening.begun == 1)
    #expect(opening.retries == 0)
  }
}
