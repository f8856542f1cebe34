/// What is remembered of a connection's beginning and end, in a byte: whether it was begun late,
/// how many of its handshakes timed out, and whether a churn closed it too early.
struct ConnectionHistory: BitwiseCopyable, Equatable {
  /// A connection of a churn that was closed before its lifetime was over; stored as a number of
  /// timeouts that cannot occur.
  static var cutShort: Self { Self(rawValue: 0x7F) }

  private(set) var rawValue: UInt8 = 0

  init(rawValue: UInt8) { self.rawValue = rawValue }

  /// - Parameter isLate: whether the connection was begun more than `Counter.lateAfter` after it
  ///   was due.
  init(isLate: Bool = false) { rawValue = isLate ? 0x80 : 0 }

  var isLate: Bool { rawValue & 0x80 != 0 }
  /// Handshakes of this connection that have timed out, at most `ClientAssignment.mostRetries`.
  var timeouts: Int { Int(rawValue & 0x7F) }

  var afterTimeout: Self { Self(rawValue: rawValue + 1) }
}
