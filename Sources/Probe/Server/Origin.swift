/// Where a connection that the server has accepted comes from, as far as the peer's address and port tell.
enum Origin: UInt8, BitwiseCopyable {
  /// From one of the run's own sources, and no ephemeral port.
  case own
  /// From one of the run's own sources, and from a port that the kernel gives to any program.
  case ephemeral
  /// From none of the run's sources.
  case elsewhere

  /// The counter of all connections of this origin that were ever accepted.
  var acceptedCounter: Counter {
    switch self {
    case .own: .opened
    case .ephemeral: .ephemeral
    case .elsewhere: .strangers
    }
  }

  /// The counter of the connections of this origin that stand now.
  var heldCounter: Counter {
    switch self {
    case .own: .held
    case .ephemeral: .ephemeralHeld
    case .elsewhere: .strangersHeld
    }
  }
}
