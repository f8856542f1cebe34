/// What a phase does. The raw values are the words of plans and recordings.
///
/// Whatever depends on the kind asks for one of the traits below, or switches over all kinds, so
/// that a new kind is a compiler error wherever it has to be thought of.
package enum PhaseKind: String, Sendable, Hashable, CaseIterable {
  case ramp, hold, churn, search, pause, close

  /// Whether it opens connections: a limit, a full server or the memory guard stops that.
  package var grows: Bool {
    switch self {
    case .ramp, .churn, .search: true
    case .hold, .pause, .close: false
    }
  }

  /// Whether what stands at its start is to stand all through it.
  package var keeps: Bool {
    switch self {
    case .hold, .pause: true
    case .ramp, .churn, .search, .close: false
    }
  }

  /// Whether messages are played in it, and conditions may be of it alone.
  package var plays: Bool {
    switch self {
    case .ramp, .hold, .churn, .search: true
    case .pause, .close: false
    }
  }

  /// Whether arrivals keep a pace that the plan sets, so that `connect.rate` means something.
  package var hasConnectRate: Bool {
    switch self {
    case .ramp, .churn: true
    case .hold, .search, .pause, .close: false
    }
  }

  /// Whether a share of what it promises may be missing.
  package var tolerates: Bool {
    switch self {
    case .ramp, .hold, .churn, .close: true
    // A number is found or not, and a pause promises nothing.
    case .search, .pause: false
    }
  }

  /// Whether it finds a number of connections instead of being told one: what it meets on the way
  /// is what it was to find.
  package var finds: Bool {
    switch self {
    case .search: true
    case .ramp, .hold, .churn, .pause, .close: false
    }
  }
}
