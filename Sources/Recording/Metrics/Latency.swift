/// A kind of time that recordings have distributions of. `name` is its name in recordings and, for
/// those in `judged`, in conditions.
package struct Latency: Sendable, Hashable {
  package let name: String

  package init(_ name: String) { self.name = name }

  /// From the instant that the schedule intended to the end of the handshake.
  package static let connect = Self("connect")
  /// From the `connect` call to the end of the handshake.
  package static let connectUncorrected = Self("connect.uncorrected")
  /// From the instant that the schedule intended to the whole answer.
  package static let roundTrip = Self("rtt")
  /// From the instant of sending to the whole answer.
  package static let roundTripUncorrected = Self("rtt.uncorrected")
  /// How long after their planned instants connections were begun and messages were sent.
  package static let drift = Self("drift")

  /// The latencies whose percentiles conditions may name. Tolerances may name all of these but
  /// drift, by which runs are not compared.
  package static let judged: [Self] = [connect, roundTrip, drift]

  /// The same latency from the instant at which it really began, instead of the intended one; nil
  /// where that is not measured.
  package var uncorrected: Self? {
    switch self {
    case .connect: .connectUncorrected
    case .roundTrip: .roundTripUncorrected
    default: nil
    }
  }
}
