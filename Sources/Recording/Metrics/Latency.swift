/// A kind of latency that recordings have distributions of. Recordings use `name` for it, and so do conditions where
/// the latency is in `judged`.
package struct Latency: Sendable, Hashable {
  package let name: String

  package init(_ name: String) { self.name = name }

  /// From the instant at which the schedule wanted the connection to the end of its handshake, or of the last one where
  /// TLS or a WebSocket has its own on top of TCP's.
  package static let connect = Self("connect")
  /// From the `connect` call, the last one where there were several tries, to the same end.
  package static let connectUncorrected = Self("connect.uncorrected")
  /// From the instant at which the schedule wanted the message to its whole answer.
  package static let roundTrip = Self("rtt")
  /// From the instant at which the message was begun to its whole answer.
  package static let roundTripUncorrected = Self("rtt.uncorrected")
  /// How long after their planned instants connections and messages were begun.
  package static let drift = Self("drift")
  /// From the instant at which the client saw that TCP's handshake was over to the end of TLS's.
  package static let secure = Self("tls")

  /// The latencies whose percentiles conditions may name. Tolerances of a comparison may name these too, but not
  /// `drift`, because runs are not compared by it.
  package static let judged: [Self] = [connect, secure, roundTrip, drift]

  /// The latency of the same operations, from when they were really begun; nil where that is not measured.
  package var uncorrected: Self? {
    switch self {
    case .connect: .connectUncorrected
    case .roundTrip: .roundTripUncorrected
    default: nil
    }
  }
}
