/// What a phase does. The raw values are the words of plans and recordings.
///
/// Code that depends on the kind asks for one of the traits below where it can. So this file needs
/// for a new kind only a case, its traits and its `progress`. `Phase.Kind` has what a plan says of
/// a kind, the file `PhaseWork.swift` what a run does for it.
package enum PhaseKind: String, Sendable, Hashable, CaseIterable {
  case ramp, hold, churn, storm, search, pause, close

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
    static let makesGood = Self(rawValue: 256)
  }

  private var traits: Traits {
    switch self {
    case .ramp: [.grows, .plays, .hasConnectRate, .tolerates, .makesGood]
    case .hold: [.keeps, .plays, .tolerates, .makesGood]
    case .churn: [.grows, .comesAndGoes, .plays, .hasConnectRate, .tolerates]
    case .storm: [.grows, .plays, .tolerates]
    case .search: [.grows, .plays, .finds]
    case .pause: [.keeps]
    case .close: [.closes, .tolerates]
    }
  }

  /// Whether the phase opens connections. A limit, a full server or the memory guard stops growth.
  package var grows: Bool { traits.contains(.grows) }
  /// Whether the phase closes the connections that it opens, so that many more may come than stand
  /// at once.
  package var comesAndGoes: Bool { traits.contains(.comesAndGoes) }
  /// Whether the phase opens connections that are to stay, also in the place of others.
  package var addsConnections: Bool { grows && !comesAndGoes }
  /// Whether the phase leaves the connections as they are: it opens none and closes none.
  package var keeps: Bool { traits.contains(.keeps) }
  /// Whether the phase closes the connections that stand at its start.
  package var closes: Bool { traits.contains(.closes) }
  /// Whether the phase plays message patterns. A plan may write `messages` and `thresholds` in such
  /// a phase.
  package var plays: Bool { traits.contains(.plays) }
  /// Whether the phase has a `connect.rate`: it opens connections at the plan's pace, or as fast as the host
  /// can. A search has none, as it opens connections in steps, nor has a storm, where backoffs set the pace.
  package var hasConnectRate: Bool { traits.contains(.hasConnectRate) }
  /// Whether a share of the phase's promise may be missing. A search tolerates nothing, because it
  /// finds a number or does not. A pause promises nothing.
  package var tolerates: Bool { traits.contains(.tolerates) }
  /// Whether the phase has a promise to keep: every phase but a pause.
  package var promises: Bool { tolerates || finds }
  /// Whether the phase finds a number of connections instead of being told one. It is meant to meet
  /// limits on the way, so these do not break its promise.
  package var finds: Bool { traits.contains(.finds) }
  /// Whether what is lost in the phase comes back where the plan's clients reconnect. A storm has its own way back.
  package var makesGood: Bool { traits.contains(.makesGood) }
  /// Whether the phase promises that connections stand at its end.
  package var promisesConnections: Bool { tolerates && !comesAndGoes && !closes }

  /// How far a phase came, for a headline: "900 of 1,000 connections". Nil for a pause, which
  /// promises nothing. The words for a search are those for one that found no number.
  func progress(_ promise: PhasePromise) -> String? {
    let counts = "\(Format.count(promise.keptCount)) of \(Format.count(promise.promised))"
    switch self {
    case .ramp: return "\(counts) connections"
    case .hold: return "\(counts) connections held"
    case .churn:
      let lost =
        promise.lostBeside > 0
        ? "\(Format.count(promise.lostBeside)) of the connections held beside the churn lost; " : ""
      return "\(lost)\(counts) arrivals lived as planned"
    case .storm: return "\(counts) connections there again"
    case .search: return "the search found no number of connections that lasts"
    case .close:
      return
        "\(Format.count(promise.missed)) of \(Format.count(promise.promised)) connections left open"
    case .pause: return nil
    }
  }
}
