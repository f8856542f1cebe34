import Probe
import Recording
import TLS
import WorkerLog

/// What an end heard, or said, when it was refused, with how often; of all workers together.
struct RefusalTally {
  /// How many kinds besides the most frequent are named.
  private static let mostOthers = 5

  private var kinds: [(refusal: Refusal, count: Int)] = []

  /// Refusals with the same number are of one kind, whatever else was said; those without one are by the words that are
  /// not quoted from the peer.
  mutating func add(_ refusal: Refusal, _ count: Int) {
    let known = kinds.firstIndex {
      $0.refusal.code == refusal.code
        && (refusal.code != nil || $0.refusal.ownWords == refusal.ownWords)
    }
    if let known { kinds[known].count += count } else { kinds.append((refusal, count)) }
  }

  /// The kinds by how frequent they are; of those that are alike in this, the one that came first is first.
  private var ordered: [(refusal: Refusal, count: Int)] {
    kinds.enumerated()
      .sorted { ($1.element.count, $0.offset) < ($0.element.count, $1.offset) }
      .map(\.element)
  }

  var mostFrequent: Refusal? { ordered.first?.refusal }

  /// What the evidence of a limit says of refusals.
  var facts: [Fact] { facts(LimitRecord.saidName, others: "also said") }

  /// What the evidence of a limit says of answers that have not come.
  var factsOfSilence: [Fact] { facts(LimitRecord.missingName, others: "also missing") }

  private func facts(_ name: String, others nameOfOthers: String) -> [Fact] {
    guard let first = ordered.first else { return [] }
    var others = ordered.dropFirst().prefix(Self.mostOthers).map {
      "\($0.refusal.words) × \(Format.count($0.count))"
    }
    let rest = ordered.dropFirst(1 + Self.mostOthers)
    if !rest.isEmpty {
      others.append(
        "and \(Format.count(rest.count)) more × \(Format.count(rest.reduce(0) { $0 + $1.count }))")
    }
    return [
      Fact(name, first.refusal.words),
      first.refusal.code.map { Fact(LimitRecord.codeName, SaidCode($0).description) },
      others.isEmpty ? nil : Fact("how often", Format.count(first.count)),
      others.isEmpty ? nil : Fact(nameOfOthers, others.joined(separator: "; ")),
    ].compactMap(\.self)
  }
}

extension SaidCode {
  /// The code with the name that its table has for it: alerts are known by their names, the others by their numbers.
  fileprivate init(_ code: RefusalCode) {
    self.init(
      code.table, Int(code.number),
      name: code.table == .tls ? Alert(rawValue: UInt8(clamping: code.number)).name : nil,
      isSent: code.isSent)
  }
}
