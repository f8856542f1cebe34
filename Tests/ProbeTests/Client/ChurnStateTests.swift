import Linux
import Testing

@testable import Probe

/// What the client keeps of a churn, without the client.
@Suite struct ChurnStateTests {
  private static func token(_ slot: UInt32) -> Token { Token(slot: slot, generation: 1) }

  /// What a churn says of itself.
  private struct Seen: Equatable {
    var next: UInt32?
    var due: UInt64?
    /// Handshakes under way that it has room for, besides the one more.
    var room = 0
  }

  private func look(_ churn: borrowing Churn) -> Seen {
    Seen(
      next: churn.nextEnd?.token.slot, due: churn.nextEnd?.due.nanoseconds,
      room: (0..<8).prefix { churn.hasRoom(besides: UInt64($0)) }.count)
  }

  @Test func `lives end in the order in which they began`() throws {
    var churn = try Churn(capacity: 2)
    #expect(look(churn) == Seen(room: 2))
    churn.begin(lifetime: 100, reset: false)
    churn.beginLifetime(Self.token(7), at: Instant(nanoseconds: 10))
    churn.beginLifetime(Self.token(3), at: Instant(nanoseconds: 20))
    #expect(look(churn) == Seen(next: 7, due: 110, room: 0))
    churn.removeNextEnd()
    #expect(look(churn) == Seen(next: 3, due: 120, room: 1))
    churn.removeNextEnd()
    #expect(look(churn) == Seen(room: 2))
  }

  @Test func `an end closes what lives, and the phase goes on being a churn`() throws {
    var churn = try Churn(capacity: 2)
    var states = [[churn.isCurrentPhase, churn.isOver, churn.closesWithReset]]
    churn.begin(lifetime: 100, reset: false)
    states.append([churn.isCurrentPhase, churn.isOver, churn.closesWithReset])
    churn.noteBegun()
    churn.end()
    states.append([churn.isCurrentPhase, churn.isOver, churn.closesWithReset])
    churn.endPhase()
    states.append([churn.isCurrentPhase, churn.isOver, churn.closesWithReset])
    #expect(
      states == [
        [false, true, true], [true, false, false], [true, true, false], [false, true, false],
      ])
    let begun = churn.count
    churn.noteGone()
    let left = churn.count
    #expect((begun, left) == (1, 0))
  }
}
