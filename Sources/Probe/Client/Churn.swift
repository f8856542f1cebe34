import Linux
import SystemPackage

/// What the client keeps of a churn.
struct Churn: ~Copyable {
  var lifetimes: Lifetimes
  /// Nanoseconds.
  var lifetime: UInt64 = 0
  var reset = true
  /// The phase is a churn, so what is opened is opened for a lifetime.
  var isOpening = false
  /// Whatever still lives is to be closed at once.
  var isOver = true
  /// Connections of a churn that are held, or whose handshake is under way.
  var transients = 0

  init(capacity: Int) throws(Errno) {
    lifetimes = try Lifetimes(capacity: capacity)
  }
}
