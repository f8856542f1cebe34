import Linux
import Testing

@testable import Coordination

/// What others held at the instant of somebody's failure.
@Suite struct HeldTrackTests {
  private func instant(_ milliseconds: UInt64) -> Instant {
    Instant(nanoseconds: 5_000_000_000 + milliseconds * 1_000_000)
  }

  @Test func `between two looks a count lies in between`() {
    var track = HeldTrack()
    track.note([0, 60, 600], at: instant(0))
    track.note([100, 60, 400], at: instant(100))
    for (at, held) in [
      (0, [0, 60, 600]), (9, [9, 60, 582]), (50, [50, 60, 500]), (100, [100, 60, 400]),
    ] as [(UInt64, [Int])] {
      #expect((0..<3).map { track.held(by: $0, at: instant(at)) } == held)
    }
  }

  @Test func `beyond the looks it is that of the nearest`() {
    var track = HeldTrack()
    #expect(track.held(by: 0, at: instant(0)) == 0)
    track.note([7], at: instant(10))
    #expect(track.held(by: 0, at: instant(0)) == 7)
    #expect(track.held(by: 0, at: instant(20)) == 7)
    track.note([9], at: instant(20))
    #expect(track.held(by: 0, at: instant(0)) == 7)
    #expect(track.held(by: 0, at: instant(40)) == 9)
  }

  @Test func `two looks at one instant are no trap`() {
    var track = HeldTrack()
    track.note([1], at: instant(10))
    track.note([3], at: instant(10))
    #expect(track.held(by: 0, at: instant(0)) == 3)
    #expect(track.held(by: 0, at: instant(10)) == 3)
  }
}
