import Linux
import SystemPackage

/// Connections that live for a while, beside those that stay: how many there are, for how long they
/// live, and whose life ends next.
struct Churn: ~Copyable {
  private var lifetimes: Lifetimes
  /// Nanoseconds.
  private var lifetime: UInt64 = 0
  /// Whether they are closed with a reset.
  private(set) var closesWithReset = true
  /// The phase is a churn, so what is opened is opened for a lifetime.
  private(set) var isOpening = false
  /// Whatever still lives is to be closed at once.
  private(set) var isOver = true
  /// Connections of a churn that are held, or whose handshake is under way.
  private(set) var count = 0

  init(capacity: Int) throws(Errno) {
    lifetimes = try Lifetimes(capacity: capacity)
  }

  mutating func begin(lifetime: UInt64, reset: Bool) {
    self.lifetime = lifetime
    closesWithReset = reset
    isOpening = true
    isOver = false
  }

  /// Closes at once what still lives.
  mutating func end() { isOver = true }

  /// A phase of another kind begins: what it opens stays.
  mutating func endPhase() {
    isOver = true
    isOpening = false
  }

  /// Whether so many handshakes that are under way, and one more, all get a place among the lifetimes.
  func hasRoom(besides connecting: UInt64) -> Bool { connecting < UInt64(lifetimes.room) }

  /// A connection is begun.
  mutating func noteBegun() { count += 1 }

  /// A connection is gone, in whichever way.
  mutating func noteGone() { count -= 1 }

  /// A connection stands from now on.
  mutating func beginLifetime(_ token: Token, at now: Instant) {
    lifetimes.append(token, due: now.advanced(byNanoseconds: lifetime))
  }

  var hasLifetimes: Bool { !lifetimes.isEmpty }

  /// The next life to end, whether or not its connection is there still; nil when there is none.
  var nextEnd: Lifetimes.End? { lifetimes.first }

  mutating func removeNextEnd() { lifetimes.removeFirst() }
}
