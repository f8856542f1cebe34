import Linux
import Recording

/// An order to open some connections, while `ConnectSession` carries it out.
struct OpenOrder {
  /// After this many failures in a row no more connections are begun: their cause will stay.
  static let mostFailuresInARow = 100

  /// The number of the order, from 1.
  let number: Int
  /// How many connections the order is for.
  let total: Int
  let start: Instant
  /// Nanoseconds from one connection to the next; 0 for as fast as it goes.
  let interval: Double
  /// The kernel's counters when the order began: those that have risen since are evidence.
  let before: [Series.Key: Double]

  /// How many connections were begun, whatever became of them.
  var begun = 0
  /// Handshakes under way.
  var connecting = 0
  private(set) var established = 0
  /// Connections of this order that the peer closed, or that a failed `epoll_ctl` closed here, before the order was
  /// complete.
  var lost = 0
  private var failuresInARow = 0
  /// Whether no more connections are to be begun, though some of `total` are left.
  var isStopped = false
  var failures = FailureTally()

  init(
    number: Int, total: Int, rate: Double?, start: Instant, before: [Series.Key: Double]
  ) {
    self.number = number
    self.total = total
    self.start = start
    self.before = before
    interval = rate.map { 1e9 / $0 } ?? 0
  }

  /// When the next connection is due; nil when no more are to be begun.
  var due: Instant? {
    guard !isStopped, begun < total else { return nil }
    return start.advanced(byNanoseconds: UInt64(min(interval * Double(begun), 1e18)))
  }

  var isOver: Bool { due == nil && connecting == 0 }

  mutating func noteEstablished() {
    established += 1
    failuresInARow = 0
  }

  /// - Parameter isHopeless: whether the next connection would fail as well.
  mutating func noteFailure(isHopeless: Bool) {
    failuresInARow += 1
    if isHopeless || failuresInARow == Self.mostFailuresInARow { isStopped = true }
  }

  /// How many connections of the order stand.
  var standing: Int { established - lost }
}
