package import Recording
package import Simulation

/// A refusal in a protocol that a scenario is to meet, in which kind of phase.
package struct RefusalAim: Hashable, Sendable {
  package let tongue: Speech.Tongue
  package let refusal: Speech.Refusal
  package let kind: PhaseKind

  /// All refusals that seeds aim at. Scenarios meet others only by chance.
  package static let all: [RefusalAim] = Speech.Tongue.allCases.flatMap { tongue in
    refusals(in: tongue).flatMap { refusal in
      kinds(of: refusal, in: tongue).map { RefusalAim(tongue: tongue, refusal: refusal, kind: $0) }
    }
  }

  static func refusals(in tongue: Speech.Tongue) -> [Speech.Refusal] {
    switch tongue {
    case .http: [401, 403, 429, 503].map { .answers($0) } + [.babbles]
    case .webSocket:
      [401, 403, 429, 503].map { .answers($0) } + [1008, 1011, 1013].map { .ends($0) }
        + [.babbles, .ignoresPings]
    case .mqtt: (1...5).map { .answers($0) } + [.babbles, .ignoresPings]
    case .mqtt5:
      [0x87, 0x89, 0x97].map { .answers($0) } + [0x89, 0x8B, 0x97].map { .ends($0) }
        + [.babbles, .ignoresPings]
    }
  }

  /// The kinds of phases in which the refusal can be met.
  private static func kinds(of refusal: Speech.Refusal, in tongue: Speech.Tongue) -> [PhaseKind] {
    switch refusal {
    // A request is refused where messages are played.
    case _ where tongue == .http: [.hold]
    case .answers, .babbles: [.ramp, .churn, .search, .storm]
    case .ends: [.ramp, .hold, .churn, .search]
    case .ignoresPings: [.hold, .churn]
    }
  }

  /// The words that the refusal's limit has to have; nil where it has none of the peer's.
  var words: String? {
    let reason = "\"come \\\"back\\\" later\""
    switch (tongue, refusal) {
    case (.webSocket, .answers(let status)): return "HTTP \(status)"
    case (.webSocket, .ends(let code)):
      let meanings: [UInt16: String] = [
        1008: "policy violation", 1011: "internal error", 1013: "try again later",
      ]
      return "close \(code) (\(meanings[code] ?? "?")): \(reason)"
    case (.webSocket, .babbles): return "no HTTP"
    case (.mqtt, .answers(let code)):
      let meanings = [
        "unacceptable protocol version", "identifier rejected", "server unavailable",
        "bad user name or password", "not authorized",
      ]
      return "\(meanings[Int(code) - 1]) (\(code))"
    case (.mqtt5, .answers(let code)): return "\(Self.reasons[code] ?? "?") (\(code))"
    case (.mqtt5, .ends(let code)):
      return "DISCONNECT: \(Self.reasons[code] ?? "?") (\(code)): \(reason)"
    default: return nil
    }
  }

  /// Reason codes of MQTT 5 (table 2.4), without capitals.
  private static let reasons: [UInt16: String] = [
    0x87: "not authorized", 0x89: "server busy", 0x8B: "server shutting down",
    0x97: "quota exceeded",
  ]
}

extension RefusalAim: CustomStringConvertible, Comparable {
  package var description: String { "\(tongue.rawValue): \(refusal) in \(kind.rawValue)" }

  package static func < (a: RefusalAim, b: RefusalAim) -> Bool { a.description < b.description }
}
