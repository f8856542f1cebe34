import Linux
import Testing

@testable import Coordination

@Suite struct SampleClockTests {
  private func at(_ milliseconds: UInt64) -> Instant {
    Instant(nanoseconds: 5_000_000_000 + milliseconds * 1_000_000)
  }

  @Test func `a sample between two others delays none`() {
    var clock = SampleClock(every: .seconds(1), from: at(0))
    #expect(clock.next == at(0))
    clock.noteSample(at: at(3))
    #expect(clock.next == at(1000))
    // The ends of phases.
    for instant in [110, 112, 900, 999] as [UInt64] { clock.noteSample(at: at(instant)) }
    #expect(clock.next == at(1000))
    clock.noteSample(at: at(1004))
    #expect(clock.next == at(2000))
  }

  @Test func `one that is late stands for those it has missed`() {
    var clock = SampleClock(every: .milliseconds(100), from: at(0))
    clock.noteSample(at: at(351))
    #expect(clock.next == at(400))
    clock.noteSample(at: at(400))
    #expect(clock.next == at(500))
  }
}
