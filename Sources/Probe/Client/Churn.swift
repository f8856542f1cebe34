import Linux
import SystemPackage

/// The connections of a churn, which live for a while, beside those that stay. Knows how many there are, how
/// long they live, and which one's lifetime ends next.
struct Churn: ~Copyable {
  private var lifetimes: Lifetimes
  /// Nanoseconds.
  private var lifetime: UInt64 = 0
  private(set) var closesWithReset = true
  /// Whether the current phase is a churn, so that the connections that it opens have a lifetime.
  private(set) var isCurrentPhase = false
  /// Whether the connections of a churn that still stand are to be closed at once.
  private(set) var isOver = true
  /// Connections of a churn that are held, or whose handshake is under way.
  private(set) var count = 0

  init(capacity: Int) throws(Errno) {
    lifetimes = try Lifetimes(capacity: capacity)
  }

  mutating func begin(lifetime: UInt64, reset: Bool) {
    self.lifetime = lifetime
    closesWithReset = reset
    isCurrentPhase = true
    isOver = false
  }

  /// Has the connections of the churn that still stand closed at once.
  mutating func end() { isOver = true }

  /// Another phase begins. The connections of the churn that still stand are closed at once; those that the
  /// new phase opens stay, unless it is a churn, too (`begin`).
  mutating func endPhase() {
    isOver = true
    isCurrentPhase = false
  }

  /// Whether `lifetimes` has room for the handshakes that are under way, and for one more.
  func hasRoom(besides connecting: UInt64) -> Bool { connecting < UInt64(lifetimes.room) }

  /// A connection is begun.
  mutating func noteBegun() { count += 1 }

  /// A connection, or its handshake, has ended for whatever reason.
  mutating func noteGone() { count -= 1 }

  /// A connection is established: its lifetime begins.
  mutating func beginLifetime(_ token: Token, at now: Instant) {
    lifetimes.append(token, due: now.advanced(byNanoseconds: lifetime))
  }

  var hasLifetimes: Bool { !lifetimes.isEmpty }

  /// The lifetime that ends next, whether or not its connection still stands; nil when none is
  /// left.
  var nextEnd: Lifetimes.End? { lifetimes.first }

  mutating func removeNextEnd() { lifetimes.removeFirst() }
}
