import Linux
import Testing

@testable import Coordination

/// Which workers count as silent, look by look.
@Suite struct LivenessTests {
  private let start = Instant(nanoseconds: 1_000_000_000)

  /// What is heard of a worker in looks a second apart, given its turns at each.
  private func heard(_ turns: [UInt64], every pause: Duration = .seconds(1)) -> [Liveness.Answer] {
    var liveness = Liveness(workers: 1)
    return turns.enumerated().map { look, turns in
      let isTime = liveness.beginLook(at: start.advanced(by: pause * look))
      #expect(isTime)
      return liveness.listen(to: 0, turns: turns)
    }
  }

  @Test func `a worker that turns is heard`() {
    #expect(heard([1, 5, 6, 1000]).allSatisfy { $0 == .turning })
  }

  @Test func `a worker that rests is woken, and heard when it has turned`() {
    #expect(heard([3, 3, 4, 4, 5]) == [.turning, .resting, .turning, .resting, .turning])
  }

  @Test func `a worker that does not turn when it is woken is silent from then on`() {
    #expect(
      heard([3, 3, 3, 3, 3])
        == [
          .turning, .resting, .silent(.seconds(1)), .silent(.seconds(2)), .silent(.seconds(3)),
        ])
  }

  @Test func `one that never came up is silent as well`() {
    #expect(heard([0, 0, 0]) == [.resting, .silent(.seconds(1)), .silent(.seconds(2))])
  }

  @Test func `when all of the host stood still, nobody was silent`() {
    #expect(
      heard([3, 3, 3], every: .seconds(3600)) == [.turning, .resting, .silent(.seconds(2))])
  }

  @Test func `it looks once a second, and at each worker by itself`() {
    var liveness = Liveness(workers: 2)
    var looks = 0
    for tenth in 0..<25 where liveness.beginLook(at: start.advanced(by: .milliseconds(100) * tenth))
    {
      looks += 1
      #expect(liveness.listen(to: 0, turns: UInt64(tenth + 1)) == .turning)
      _ = liveness.listen(to: 1, turns: 7)
    }
    #expect(looks == 3)
    _ = liveness.beginLook(at: start.advanced(by: .seconds(4)))
    #expect(liveness.listen(to: 1, turns: 7) == .silent(.seconds(3)))
  }

  @Test(
    arguments: [
      ("T", true), ("t", true), ("S", true), ("R", false), ("D", false), (nil, false),
    ] as [(Character?, Bool)])
  func `whoever may go on by itself gets more time`(state: Character?, isShort: Bool) {
    #expect(HungWorker.patience(state) == (isShort ? .seconds(5) : .seconds(30)))
    #expect(HungWorker.isStopped(state) == (state == "T"))
    #expect(!HungWorker(state: state, time: .seconds(5)).words.isEmpty)
  }
}
