import Plan
package import Recording

/// A limit that at least one of two runs reached. Limits count as one where end, system call, errno and resource
/// are the same, whatever the phase or the worker. Two refusals must have the same words as well.
package struct LimitChange: Sendable, Equatable {
  package let limit: LimitRecord
  package let inBase: Bool
  package let inNew: Bool
  /// Whether the new run held more connections (`Metrics.held`). Then a limit that only the new run has
  /// met is no loss: the base did not get that far.
  let newHeldMore: Bool

  package var verdict: Comparison.Verdict {
    switch (inBase, inNew) {
    case (true, false): .better
    case (false, true): newHeldMore ? .better : .worse
    default: .same
    }
  }

  /// The limits of both runs, those of the base first.
  static func all(_ base: Recording, _ new: Recording) -> [LimitChange] {
    let (before, after) = (Metrics(base).held, Metrics(new).held)
    let newHeldMore = before.flatMap { before in after.map { $0 > before } } ?? false
    let inBase = Set(base.limits.map(Identity.init))
    let inNew = Set(new.limits.map(Identity.init))
    var seen: Set<Identity> = []
    return (base.limits + new.limits).compactMap { limit in
      let identity = Identity(limit)
      guard seen.insert(identity).inserted else { return nil }
      return LimitChange(
        limit: limit, inBase: inBase.contains(identity), inNew: inNew.contains(identity),
        newHeldMore: newHeldMore)
    }
  }

  private struct Identity: Hashable {
    let end: End
    let syscall: String?
    let errno: Int?
    let resource: Resource
    /// The words of a refusal, up to the first quotation mark: quoted text is the peer's own, and may differ
    /// each time.
    let said: Substring?

    init(_ limit: LimitRecord) {
      (end, syscall) = (limit.end, limit.syscall)
      (errno, resource) = (limit.errno?.number, limit.resource)
      said = limit.said?.prefix { $0 != "\"" }
    }
  }
}

/// A fact of the host, or the program's version, that differs between two runs. A value is nil where its run has no
/// such fact.
package struct FactChange: Sendable, Equatable {
  package let name: String
  package let base: String?
  package let new: String?

  /// The names of facts that are not compared: these are measurements, not settings, and may differ in any two runs.
  private static let measurements: Set<String> = [
    "memory available", "open files", "memory.current", "cgroup memory in use",
    "net.netfilter.nf_conntrack_count",
  ]

  static func all(_ base: Recording, _ new: Recording) -> [FactChange] {
    let before = facts(of: base)
    let after = facts(of: new)
    let names = before.map(\.name) + after.map(\.name)
    var seen = measurements
    return names.compactMap { name in
      guard seen.insert(name).inserted else { return nil }
      let values = (
        before.first { $0.name == name }?.value, after.first { $0.name == name }?.value
      )
      return values.0 == values.1 ? nil : FactChange(name: name, base: values.0, new: values.1)
    }
  }

  private static func facts(of recording: Recording) -> [Fact] {
    recording.host + [Fact("runner", recording.programVersion)]
  }
}

/// Whether two runs had the same plan, with every default spelled out.
package struct PlanChange: Sendable, Equatable {
  package let differs: Bool
  /// How many lines only the base's plan has. 0, as `onlyInNew`, where the same lines stand in another order.
  package let onlyInBase: Int
  /// How many lines only the new run's plan has.
  package let onlyInNew: Int

  /// Counts how often each line occurs. Finding the shortest edit from one text to the other would take time
  /// quadratic in the number of lines, and a recording may come from anyone.
  init(base: String, new: String) {
    differs = base != new
    var counts: [Substring: Int] = [:]
    for line in base.split(separator: "\n") { counts[line, default: 0] += 1 }
    for line in new.split(separator: "\n") { counts[line, default: 0] -= 1 }
    onlyInBase = counts.values.reduce(0) { $0 + max(0, $1) }
    onlyInNew = counts.values.reduce(0) { $0 + max(0, -$1) }
  }
}
