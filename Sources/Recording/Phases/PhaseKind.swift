/// What a phase does. The raw values are the words of plans and recordings.
///
/// Whatever depends on the kind asks for one of the traits below, so that a new kind is one row here. What
/// a plan says of it is in `Phase.Kind`, what a run does for it in `PhaseWork`.
package enum PhaseKind: String, Sendable, Hashable, CaseIterable {
  case ramp, hold, churn, search, pause, close

  private struct Traits: OptionSet {
    let rawValue: Int

    static let grows = Self(rawValue: 1)
    static let comesAndGoes = Self(rawValue: 2)
    static let keeps = Self(rawValue: 4)
    static let plays = Self(rawValue: 8)
    static let hasConnectRate = Self(rawValue: 16)
    static let tolerates = Self(rawValue: 32)
    static let finds = Self(rawValue: 64)
    static let closes = Self(rawValue: 128)
  }

  private var traits: Traits {
    switch self {
    case .ramp: [.grows, .plays, .hasConnectRate, .tolerates]
    case .hold: [.keeps, .plays, .tolerates]
    case .churn: [.grows, .comesAndGoes, .plays, .hasConnectRate, .tolerates]
    case .search: [.grows, .plays, .finds]
    case .pause: [.keeps]
    case .close: [.closes, .tolerates]
    }
  }

  /// Whether it opens connections: a limit, a full server or the memory guard stops that.
  package var grows: Bool { traits.contains(.grows) }
  /// Whether what it opens is closed within it, so that many more may come than stand at once.
  package var comesAndGoes: Bool { traits.contains(.comesAndGoes) }
  /// Whether it opens connections that are to stay.
  package var raises: Bool { grows && !comesAndGoes }
  /// Whether what stands at its start is to stand all through it.
  package var keeps: Bool { traits.contains(.keeps) }
  /// Whether it closes what stands at its start.
  package var closes: Bool { traits.contains(.closes) }
  /// Whether messages are played in it, and conditions may be of it alone.
  package var plays: Bool { traits.contains(.plays) }
  /// Whether arrivals keep a pace that the plan sets, so that `connect.rate` means something.
  package var hasConnectRate: Bool { traits.contains(.hasConnectRate) }
  /// Whether a share of what it promises may be missing. Not of a search, as a number is found or not,
  /// nor of a pause, which promises nothing.
  package var tolerates: Bool { traits.contains(.tolerates) }
  /// Whether it finds a number of connections instead of being told one: what it meets on the way is
  /// what it was to find.
  package var finds: Bool { traits.contains(.finds) }
  /// Whether what stood at its end is what it promised and kept.
  package var promisesConnections: Bool { tolerates && !comesAndGoes && !closes }

  /// How far a phase came, for a headline: "900 of 1,000 connections". Nil where nothing is promised.
  func progress(_ promise: PhasePromise) -> String? {
    let counts = "\(Format.count(promise.kept)) of \(Format.count(promise.promised))"
    switch self {
    case .ramp: return "\(counts) connections"
    case .hold: return "\(counts) connections held"
    case .churn:
      let lost =
        promise.lostBeside > 0
        ? "\(Format.count(promise.lostBeside)) of the connections held beside the churn lost; " : ""
      return "\(lost)\(counts) arrivals lived as planned"
    case .search: return "the search found no number of connections that lasts"
    case .close:
      return
        "\(Format.count(promise.missed)) of \(Format.count(promise.promised)) connections left open"
    case .pause: return nil
    }
  }
}
