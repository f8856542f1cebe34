import Linux
import SystemPackage

/// What a client knows of the connections that a churn has opened: how many there are, how long they live, and
/// whose lifetime ends next. Connections of other phases, which stay, are not counted here.
struct Churn: ~Copyable {
  private var lifetimes: Lifetimes
  /// Nanoseconds from the instant at which a connection is established.
  private var lifetime: UInt64 = 0
  /// Whether connections are closed with a reset; else in order, with FIN.
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

  /// The phase that has just begun (`endPhase`) is a churn. Connections of an earlier churn that still stand
  /// live on to the end of their own lifetimes.
  mutating func begin(lifetime: UInt64, reset: Bool) {
    self.lifetime = lifetime
    closesWithReset = reset
    isCurrentPhase = true
    isOver = false
  }

  /// Has the connections of the churn that still stand closed at once.
  mutating func end() { isOver = true }

  /// Another phase begins. The connections of the churn that still stand are to be closed at once, and those
  /// that the new phase opens stay. Where the new phase is a churn, too, `begin` takes back both.
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
