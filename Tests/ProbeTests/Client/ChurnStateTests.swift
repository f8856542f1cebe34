import Linux
import Testing

@testable import Probe

/// What the client keeps of a churn, without the client.
@Suite struct ChurnStateTests {
  private static func token(_ slot: UInt32) -> Token { Token(slot: slot, generation: 1) }

  @Test func `lives end in the order in which they began`() throws {
    var churn = try Churn(capacity: 2)
    churn.begin(lifetime: 100, reset: false)
    #expect(!churn.closesWithReset)
    churn.beginLifetime(Self.token(7), at: Instant(nanoseconds: 10))
    churn.beginLifetime(Self.token(3), at: Instant(nanoseconds: 20))
    #expect(churn.nextEnd?.token.slot == 7)
    #expect(churn.nextEnd?.due == Instant(nanoseconds: 110))
    #expect(!churn.hasRoom(besides: 0))
    churn.removeNextEnd()
    #expect(churn.nextEnd?.token.slot == 3)
    #expect(churn.hasRoom(besides: 0))
    #expect(!churn.hasRoom(besides: 1))
    churn.removeNextEnd()
    #expect(!churn.hasLifetimes)
    #expect(churn.nextEnd == nil)
  }

  @Test func `an end closes what lives, and the phase goes on being a churn`() throws {
    var churn = try Churn(capacity: 2)
    #expect(churn.isOver)
    churn.begin(lifetime: 100, reset: true)
    #expect(churn.isOpening && !churn.isOver)
    churn.noteBegun()
    churn.end()
    #expect(churn.isOpening && churn.isOver)
    #expect(churn.count == 1)
    churn.endPhase()
    #expect(!churn.isOpening)
    churn.noteGone()
    #expect(churn.count == 0)
  }
}
