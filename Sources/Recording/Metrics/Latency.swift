/// What a recording has distributions of, by the name that it has there.
package struct Latency: Sendable, Hashable {
  package let name: String

  package init(_ name: String) { self.name = name }

  /// From the instant that the schedule intended to the end of the handshake.
  package static let connect = Self("connect")
  /// The same from the `connect` call.
  package static let connectUncorrected = Self("connect.uncorrected")
  /// From the instant that the schedule intended to the whole answer.
  package static let roundTrip = Self("rtt")
  /// The same from the instant of sending.
  package static let roundTripUncorrected = Self("rtt.uncorrected")
  /// How late connections were begun and messages were sent.
  package static let drift = Self("drift")

  /// The latencies whose percentiles conditions and tolerances may name.
  package static let judged: [Self] = [connect, roundTrip, drift]

  /// What is measured beside it, from the instant that something was really begun.
  package var uncorrected: Self? {
    switch self {
    case .connect: .connectUncorrected
    case .roundTrip: .roundTripUncorrected
    default: nil
    }
  }
}
