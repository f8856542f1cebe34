/// One entry of a client worker's drive log: how many connections, or messages of one pattern, the worker
/// began in one tick. The worker writes the entry, the recording keeps its bytes as they are, and a replay
/// reads them. docs/recording.md has the format (`drive.entries`).
package struct DriveEntry: Sendable, Equatable {
  package enum Kind: Sendable, Equatable {
    /// Connections that the schedule had the worker begin, whatever became of them.
    case arrivals
    /// Messages of the pattern at this place in the plan.
    case messages(pattern: Int)
    /// From here on ticks count from the start of the phase at this place in the plan.
    case phase(Int)
  }

  /// Nanoseconds in a tick: a millisecond.
  package static let tick: UInt64 = 1_000_000
  /// Ticks of an entry, and of all entries of a phase together, are fewer than this: 285,000 years.
  /// No sum of two such numbers overflows.
  package static let mostTicks: UInt64 = 1 << 53
  /// A place is less than this.
  private static let mostPlaces: UInt64 = 1 << 16
  /// A count is less than this.
  private static let mostCount: UInt64 = 1 << 32

  package var kind: Kind
  /// Ticks since the entry before.
  package var ticks: UInt64
  package var count: UInt64

  package init(_ kind: Kind, ticks: UInt64, count: UInt64 = 1) {
    self.kind = kind
    self.ticks = ticks
    self.count = count
  }

  /// Passes the entry's bytes to `append`, as up to three numbers (`Varint`). The first has the
  /// kind in its lowest two bits, then a bit that says whether a count follows, then the ticks. Next
  /// comes the place of a pattern or a phase, which arrivals do not have, and last the count, unless it is 1.
  package func write(_ append: (UInt8) -> Void) {
    let countFlag: UInt64 = count == 1 ? 0 : 4
    switch kind {
    case .arrivals: Varint.write(ticks << 3 | countFlag, append)
    case .messages(let pattern):
      Varint.write(ticks << 3 | countFlag | 1, append)
      Varint.write(UInt64(pattern), append)
    case .phase(let place):
      Varint.write(ticks << 3 | countFlag | 2, append)
      Varint.write(UInt64(place), append)
    }
    if count != 1 { Varint.write(count, append) }
  }

  /// Takes an entry from the start of the bytes; nil where they are no entry.
  package init?(from bytes: inout ArraySlice<UInt8>) {
    guard let header = Varint.take(from: &bytes), header >> 3 < Self.mostTicks else { return nil }
    ticks = header >> 3
    var place = 0
    if header & 3 != 0 {
      guard let number = Varint.take(from: &bytes), number < Self.mostPlaces else { return nil }
      place = Int(number)
    }
    switch header & 3 {
    case 0: kind = .arrivals
    case 1: kind = .messages(pattern: place)
    case 2: kind = .phase(place)
    default: return nil
    }
    count = 1
    guard header & 4 != 0 else { return }
    guard let many = Varint.take(from: &bytes), many > 0, many < Self.mostCount else { return nil }
    count = many
  }
}
