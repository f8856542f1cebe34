import Linux
import SystemPackage

/// The connections of a churn in the order in which their lifetimes end.
///
/// A ring, since all connections of a churn live equally long. A connection that has ended in another
/// way stays in the ring until it is the first.
struct Lifetimes: ~Copyable {
  struct End: BitwiseCopyable {
    fileprivate let rawToken: UInt64
    fileprivate let nanoseconds: UInt64

    var token: Token { Token(rawValue: rawToken) }
    var due: Instant { Instant(nanoseconds: nanoseconds) }
  }

  private let ends: Column<End>
  private let capacity: UInt32
  private var head: UInt32 = 0
  private(set) var count: UInt32 = 0

  init(capacity: Int) throws(Errno) {
    ends = try Column<End>(count: capacity)
    self.capacity = UInt32(max(1, capacity))
  }

  var isEmpty: Bool { count == 0 }
  var room: UInt32 { capacity - count }

  /// The lifetime that ends next; nil when the ring is empty.
  var first: End? { isEmpty ? nil : ends[head] }

  /// The caller sees to it that there is `room`.
  mutating func append(_ token: Token, due: Instant) {
    precondition(count < capacity)
    let place = (UInt64(head) + UInt64(count)) % UInt64(capacity)
    ends[UInt32(place)] = End(rawToken: token.rawValue, nanoseconds: due.nanoseconds)
    count += 1
  }

  mutating func removeFirst() {
    head = head + 1 == capacity ? 0 : head + 1
    count -= 1
  }
}
