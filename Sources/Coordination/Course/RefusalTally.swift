import Plan
import Probe
import Recording
import TLS
import WorkerLog

/// The refusals that the workers of one end met in a phase, by kind, with how often each was met.
struct RefusalTally {
  /// How many kinds besides the one that has cost most are named.
  private static let mostOthers = 5

  private struct Kind {
    var refusal: Refusal
    var count: Int
    /// Of `count`, those after which the connection was tried again.
    var retried: Int

    /// Those that cost a connection.
    var finalCount: Int { max(0, count - retried) }

    /// How often the kind was met, and how many of these cost nothing.
    var times: String {
      let all = Format.count(count)
      guard retried > 0 else { return all }
      return finalCount == 0
        ? "\(all) (tried again)" : "\(all) (\(Format.count(retried)) tried again)"
    }
  }

  private var kinds: [Kind] = []

  /// Refusals with the same code are of one kind, whatever else was said. Those without a code are of one kind where their
  /// own words are the same, without what is quoted from the peer (`Refusal.ownWords`).
  mutating func add(_ refusal: Refusal, _ count: Int, retried: Int = 0) {
    let known = kinds.firstIndex {
      $0.refusal.code == refusal.code
        && (refusal.code != nil || $0.refusal.ownWords == refusal.ownWords)
    }
    guard let known else {
      return kinds.append(Kind(refusal: refusal, count: count, retried: retried))
    }
    kinds[known].count += count
    kinds[known].retried += retried
  }

  /// The kinds by how many connections they have cost, as these are what the limit counts, and then by how frequent they
  /// are; of those that are alike in this, the one that came first is first. What a worker could not tell apart is last,
  /// since it names nothing.
  private var ordered: [Kind] {
    let sorted = kinds.enumerated()
      .sorted {
        ($1.element.finalCount, $1.element.count, $0.offset)
          < ($0.element.finalCount, $0.element.count, $1.offset)
      }
      .map(\.element)
    return sorted.filter { $0.refusal != RefusalTable.others }
      + sorted.filter { $0.refusal == RefusalTable.others }
  }

  var mostCostly: Refusal? { ordered.first?.refusal }

  /// What the evidence of a limit says of refusals. Only what is shown is masked, as that takes as long as the plan has
  /// rows of data.
  func facts(_ mask: DataMask) -> [Fact] {
    facts(LimitRecord.saidName, others: "also said", mask)
  }

  /// As `facts`, for refusals that are silences (`LimitRecord.isSilence`): their words say what has not come.
  func factsOfSilence(_ mask: DataMask) -> [Fact] {
    facts(LimitRecord.missingName, others: "also missing", mask)
  }

  private func facts(_ name: String, others nameOfOthers: String, _ mask: DataMask) -> [Fact] {
    guard let first = ordered.first else { return [] }
    var others = ordered.dropFirst().prefix(Self.mostOthers).map {
      "\(mask.masked($0.refusal.words)) × \($0.times)"
    }
    let rest = ordered.dropFirst(1 + Self.mostOthers)
    if !rest.isEmpty {
      others.append(
        "and \(Format.count(rest.count)) more × \(Format.count(rest.reduce(0) { $0 + $1.count }))")
    }
    return [
      Fact(name, mask.masked(first.refusal.words)),
      first.refusal.code.map { Fact(LimitRecord.codeName, SaidCode($0).description) },
      others.isEmpty ? nil : Fact("how often", first.times),
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
