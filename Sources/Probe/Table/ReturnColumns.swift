import Linux
import SystemPackage

/// What a `ConnectionTable` keeps of connections that are in the place of one that was cut or lost: 5 bytes a row, or
/// 1 where none comes back, of which pages that nobody writes cost no memory.
struct ReturnColumns: ~Copyable {
  /// Which attempt a connection is. 0 for one that is in nobody's place.
  private let attempts: Column<UInt8>
  /// When its handshake was over (`milliseconds`).
  private let instants: Column<UInt32>

  /// - Parameter returning: whether connections come back.
  init(rows: Int, returning: Bool) throws(Errno) {
    // Locals first: a throw must find either both of the columns in place or none.
    let attempts = try Column<UInt8>(count: rows)
    let instants = try Column<UInt32>(count: returning ? rows : 0)
    self.attempts = attempts
    self.instants = instants
  }

  @inline(__always)
  func attempt(of slot: UInt32) -> UInt8 { attempts[slot] }

  /// Written only where it changes: pages of zeros cost no memory.
  @inline(__always)
  func setAttempt(of slot: UInt32, to attempt: UInt8) {
    if attempts[slot] != attempt { attempts[slot] = attempt }
  }

  /// Notes that a connection whose attempt is not 0 was established.
  @inline(__always)
  func noteReturn(of slot: UInt32, at now: Instant) { instants[slot] = Self.milliseconds(now) }

  /// Nanoseconds since `noteReturn`, to the millisecond. After 49 days they begin with 0 again.
  @inline(__always)
  func timeSinceReturn(of slot: UInt32, at now: Instant) -> UInt64 {
    UInt64(Self.milliseconds(now) &- instants[slot]) * 1_000_000
  }

  private static func milliseconds(_ instant: Instant) -> UInt32 {
    UInt32(truncatingIfNeeded: instant.nanoseconds / 1_000_000)
  }
}
