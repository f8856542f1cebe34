import Linux
import SystemPackage
import WorkerLog

/// How far the server has come with its rounds of pushing.
struct Pushing {
  /// When the next round is due.
  var next: Instant
  /// The descriptor that the round has come to; nil between two rounds.
  var slot: UInt32?
}

/// Pushes: the server sends the same bytes to every connection, at intervals, unasked.
extension Server where System: ~Copyable {
  /// The most connections to push to between two waits for events.
  private static var mostPushesPerTurn: Int { 64 }
  /// The most descriptors to walk past between two waits for events.
  private static var mostSlotsPerTurn: Int { 4096 }

  /// When to go on pushing; nil for never.
  func nextPush() -> Instant? {
    guard reply.kind == .push else { return nil }
    return pushing.slot == nil ? pushing.next : now
  }

  /// Pushes to some of the connections, if it is time.
  mutating func push() {
    guard let next = nextPush(), next <= now else { return }
    pushMore()
  }

  /// Goes on with the round, or begins the next one.
  @inline(never)
  private mutating func pushMore() {
    var slot = pushing.slot ?? beginRound()
    var pushed = 0
    for _ in 0..<Self.mostSlotsPerTurn where slot <= topmost && pushed < Self.mostPushesPerTurn {
      if open[slot] {
        pushOnce(slot)
        pushed += 1
      }
      slot += 1
    }
    pushing.slot = slot <= topmost ? slot : nil
  }

  /// Begins a round; returns the descriptor to begin with. A server that is behind leaves rounds out, so
  /// that no two run at once.
  private mutating func beginRound() -> UInt32 {
    let missedRounds = now.nanoseconds(since: pushing.next) / reply.every
    let (untilNext, overflow) = (missedRounds + 1).multipliedReportingOverflow(by: reply.every)
    pushing.next = pushing.next.advanced(byNanoseconds: overflow ? .max : untilNext)
    return 0
  }

  /// Pushes to one connection, unless its socket has not taken the last message whole, or takes nothing
  /// now.
  private mutating func pushOnce(_ slot: UInt32) {
    guard unsent.isEmpty || unsent[slot] == nil else { return }
    let text = unsafe reply.text
    switch unsafe kernel.send(descriptor(slot), text) {
    case .moved(let count):
      board.add(.bytesSent, UInt64(count))
      if count < text.count {
        unsafe keep(slot, UnsafeRawBufferPointer(rebasing: text[count...]))
      } else {
        countPush(to: slot)
      }
    case .wouldBlock: return
    case .failed(let error): endBroken(slot, .write, error)
    case .closed: end(slot)
    }
  }

  /// Counts a message that has gone out whole.
  mutating func countPush(to slot: UInt32) {
    if origins[slot] != .elsewhere { board.add(.pushed) }
  }
}
