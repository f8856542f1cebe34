import Linux

/// When each connection is due to send its next message, for a pattern that every connection plays once per interval,
/// or once per phase.
///
/// A round lasts one interval, and every connection has its instant in it: connection `slot` of
/// `slots`, at worker `index` of `count`, is due when (slot + index / count) / slots of the round
/// have passed. The cursor walks through the slots in that order, so its size does not depend on the
/// number of connections.
struct RoundCursor: BitwiseCopyable {
  /// Nanoseconds of a round.
  private let every: UInt64
  /// The worker's `WorkerShare`.
  private let index: UInt64
  private let count: UInt64
  /// When `firstRound` begins, in nanoseconds.
  private var start: UInt64 = 0
  /// The first round since `restart`. Round numbers go on from phase to phase, so that a round that a row has
  /// noted in an earlier phase is a past one.
  private(set) var firstRound: UInt32 = 0
  private(set) var round: UInt32 = 0
  private(set) var slot: UInt32 = 0
  /// How many slots the round has; fixed while it lasts.
  private(set) var slots: UInt32 = 1
  /// The first round with `slots`. The rounds just before it had `slotsBefore`; how many slots
  /// older rounds had is not kept.
  private var slotsSince: UInt32 = 0
  private var slotsBefore: UInt32 = 1

  /// - Parameter every: nanoseconds of a round; means nothing for a pattern that is played once or at a rate.
  init(every: UInt64, share: WorkerShare) {
    self.every = max(1, every)
    index = UInt64(share.index)
    count = UInt64(share.count)
  }

  /// Begins the rounds of a phase, at its first slot.
  mutating func restart(at instant: Instant, slots: UInt32) {
    start = instant.nanoseconds
    firstRound = round &+ 1
    round = firstRound
    slot = 0
    self.slots = max(1, slots)
    slotsSince = round
  }

  /// Begins the walk through the round once more, at its first slot. For patterns that are played once: connections
  /// in slots that the cursor has passed may not have played them.
  mutating func rewind() { slot = 0 }

  /// The instant of the connection that the cursor stands at.
  var due: Instant { due(slot, in: round) }

  /// When a slot is due in a round, which must not lie before `firstRound`.
  func due(_ slot: UInt32, in round: UInt32) -> Instant {
    let (begin, overflow) = every.multipliedReportingOverflow(by: UInt64(round &- firstRound))
    if overflow { return .distantFuture }
    let slots = round < slotsSince ? slotsBefore : slots
    let place = UInt64(min(slot, slots - 1)) * count + index
    let offset = (UInt64(slots) * count).dividingFullWidth(
      every.multipliedFullWidth(by: place)
    ).quotient
    return Instant(nanoseconds: start).advanced(byNanoseconds: begin).advanced(
      byNanoseconds: offset)
  }

  /// Goes on to the next slot.
  ///
  /// - Parameter slots: how many slots the next round has, should this step begin it.
  mutating func step(slots: UInt32) {
    slot += 1
    guard slot >= self.slots else { return }
    slot = 0
    round &+= 1
    guard max(1, slots) != self.slots else { return }
    slotsBefore = self.slots
    slotsSince = round
    self.slots = max(1, slots)
  }

  /// In how many rounds the cursor still comes to a slot before an instant, and finds its message due.
  ///
  /// - Parameter noted: the round that the row has noted for its next message, maybe in an earlier phase.
  func roundsLeft(at slot: UInt32, noted: UInt32, before end: Instant) -> UInt64 {
    let next = max(pendingRound(noted), nextRound(at: slot))
    let due = due(slot, in: next)
    guard due < end else { return 0 }
    return 1 + (end.nanoseconds(since: due) - 1) / every
  }

  /// Goes on to the first round that begins at an instant or later.
  mutating func skip(to end: Instant) {
    guard due < end else { return }
    let rounds = (end.nanoseconds - start + every - 1) / every
    round = firstRound &+ UInt32(clamping: rounds)
    slot = 0
  }

  /// The round in which the cursor comes to a slot next.
  func nextRound(at slot: UInt32) -> UInt32 {
    slot >= self.slot && slot < slots ? round : round &+ 1
  }

  /// The round of a row's next message, given the round that the row has noted for it, maybe in an
  /// earlier phase.
  func pendingRound(_ noted: UInt32) -> UInt32 { max(noted, firstRound) }

  /// Whether the cursor has already been at a slot in a round.
  func hasPassed(_ slot: UInt32, in round: UInt32) -> Bool {
    round < self.round || (round == self.round && slot < self.slot)
  }
}
