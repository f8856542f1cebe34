import Plan
import Recording
import Testing

@testable import Coordination

/// The course of a run, from events alone.
@Suite struct RunCourseTests {
  private static let kinds: [PhaseKind] = [.ramp, .hold, .churn, .search, .pause, .close]

  private static func course(_ onLimit: Plan.OnLimit = .hold) -> RunCourse {
    RunCourse(kinds: kinds, onLimit: onLimit)
  }

  private static let guardStop = FailureRecord(
    end: .host, worker: nil, phase: "ramp", syscall: FailureRecord.memoryGuardCall, errno: nil,
    count: 1, firstInstant: 1, stoppedAt: 1, established: 1, accepted: 1, source: nil, endpoint: nil
  )

  /// The places of the phases that are entered, when some do not keep their promise.
  private static func entered(
    _ course: RunCourse, breaking broken: Set<Int> = [], useless: Int? = nil
  ) -> [Int] {
    var course = course
    var entered: [Int] = []
    while let phase = course.enterNextPhase() {
      entered.append(phase)
      course.startGrowing()
      let decision = course.handle(
        .phaseEnded(isKept: !broken.contains(phase), canGoOn: phase != useless))
      #expect(decision == .nothing)
      #expect(!course.mayGrow)
    }
    return entered
  }

  @Test func `what follows a broken promise is the policy's to say`() {
    for policy in Plan.OnLimit.allCases {
      #expect(Self.entered(Self.course(policy)) == [0, 1, 2, 3, 4, 5])
    }
    for broken in 0..<5 {
      let before = Array(0...broken)
      #expect(Self.entered(Self.course(.hold), breaking: [broken]) == [0, 1, 2, 3, 4, 5])
      #expect(Self.entered(Self.course(.stop), breaking: [broken]) == before + [5])
      #expect(Self.entered(Self.course(.fail), breaking: [broken]) == before)
      // Nothing means anything without a worker that could not begin.
      for policy in Plan.OnLimit.allCases {
        #expect(Self.entered(Self.course(policy), useless: broken) == before)
      }
    }
  }

  @Test func `the first signal settles and ends the run, the second ends the program`() {
    for phase in Self.kinds.indices {
      var course = Self.course()
      for _ in 0...phase { _ = course.enterNextPhase() }
      course.startGrowing()
      #expect(course.waitsGoOn)
      #expect(course.handle(.signal) == .settle)
      #expect(!course.waitsGoOn && course.isInterrupted)
      #expect(course.outcome(isKept: true) == .interrupted)
      #expect(course.handle(.violated) == .nothing)
      #expect(!course.isAborted)
      #expect(course.handle(.signal) == .exit)
      #expect(course.enterNextPhase() == nil)
    }
  }

  @Test func `growth is stopped once, and only where there is some`() {
    var course = Self.course()
    #expect(course.handle(.serverIsLimited) == .nothing)
    _ = course.enterNextPhase()
    #expect(course.handle(.memoryIsShort(Self.guardStop)) == .nothing)
    course.startGrowing()
    #expect(course.handle(.memoryIsShort(Self.guardStop)) == .settle)
    #expect(course.guardStop == Self.guardStop)
    #expect(!course.mayGrow)
    #expect(course.handle(.serverIsLimited) == .nothing)
    #expect(course.waitsGoOn, "what was opened is still waited for")
    // A hold opens nothing.
    _ = course.enterNextPhase()
    #expect(course.guardStop == nil)
    course.startGrowing()
    #expect(!course.mayGrow)
    _ = course.enterNextPhase()
    course.startGrowing()
    #expect(course.handle(.serverIsLimited) == .settle)
    #expect(course.guardStop == nil)
    course.startGrowing()
    #expect(course.mayGrow, "the next step of a search may")
    course.stopGrowing()
    #expect(!course.mayGrow)
  }

  @Test func `a condition ends its phase and the run, but for what closes`() {
    var course = Self.course(.hold)
    _ = course.enterNextPhase()
    course.startGrowing()
    #expect(course.handle(.violated) == .settle)
    #expect(course.handle(.violated) == .nothing)
    #expect(!course.waitsGoOn)
    #expect(course.outcome(isKept: true) == .aborted)
    // Answers that are under way are waited for.
    #expect(course.handle(.messagesStopped) == .settle)
    #expect(course.waitsGoOn)
    _ = course.handle(.phaseEnded(isKept: true, canGoOn: true))
    #expect(course.enterNextPhase() == 5)
    #expect(course.outcome(isKept: true) == .done)
    #expect(course.outcome(isKept: false) == .limit)
  }
}
