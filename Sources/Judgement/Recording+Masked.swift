import Plan
package import Recording

extension Recording {
  /// The recording as reports may show it: without the values that the environment gave to the plan's texts,
  /// which may be tokens and passwords. They are hidden in `overrides`, in `effectivePlan` and in what peers have
  /// said; names and titles keep them.
  ///
  /// A number or an address from the environment shows in everything that the run did, so it is
  /// hidden in `overrides` only, and `effectivePlan` keeps it.
  package func masked() -> Recording { masking().shown }

  /// The recording and its judgement as reports may show them: the judgement repeats what peers have said.
  package func masked(_ judgement: Judgement) -> (Recording, Judgement) {
    let (shown, hidden) = masking()
    return (shown, judgement.hiding(hidden))
  }

  /// The values that reports hide, by the names of their variables. What is told while a run goes on hides them, too.
  package var hiddenValues: [String: String] { masking().hidden }

  /// The recording as reports may show it, and the hidden values by the names of their variables. Hidden are
  /// the values of variables that the plan uses and does not declare (`Plan.undeclared`): they came from the
  /// environment, or from an override in its place. Where the plan cannot be read, nobody can tell which
  /// variables these are, and all values are hidden.
  private func masking() -> (shown: Recording, hidden: [String: String]) {
    guard !overrides.isEmpty else { return (self, [:]) }
    guard let plan = try? plan() else { return masking(all: overrides) }
    guard !plan.undeclared.isEmpty else { return (self, [:]) }
    var settings = plan.settings
    var hidden: [String: String] = [:]
    var shownPlan = plan
    for name in plan.undeclared.sorted() {
      let value = settings[name]
      settings[name] = Mask.text(for: name)
      // With a mask in place of a number or an address the plan would be invalid, so it keeps the value.
      if let masked = try? self.plan(with: settings) {
        shownPlan = masked
        hidden[name] = value
      } else {
        settings[name] = value
      }
    }
    var shown = self
    shown.overrides = overrides.map {
      plan.undeclared.contains($0.name) ? Fact($0.name, Mask.text(for: $0.name)) : $0
    }
    if plan.effective != effectivePlan, let driven = try? drivenPlan() {
      // The command line gave other targets than the plan names.
      (shownPlan.server, shownPlan.targets) = (driven.server, driven.targets)
    }
    shown.effectivePlan = shownPlan.effective
    shown.hide(hidden)
    return (shown, hidden)
  }

  /// As `masking()`, where every value may be a secret. They may stand anywhere in `effectivePlan`, so the result
  /// has an empty one.
  private func masking(all values: [Fact]) -> (shown: Recording, hidden: [String: String]) {
    let hidden = Dictionary(
      values.map { ($0.name, $0.value) }, uniquingKeysWith: { _, last in last })
    var shown = self
    shown.overrides = values.map { Fact($0.name, Mask.text(for: $0.name)) }
    shown.effectivePlan = ""
    shown.hide(hidden)
    return (shown, hidden)
  }

  /// The text by which the plans of two runs are compared. It is masked, because plans that differ only in their
  /// secrets count as the same. Where the plan cannot be read, it is the unmasked text. Nobody is shown it.
  var comparedPlan: String { (try? plan()) == nil ? effectivePlan : masked().effectivePlan }

  /// Hides values in the texts that may repeat what a peer has said.
  private mutating func hide(_ values: [String: String]) {
    fault = fault.map { Mask.hide(values, in: $0) }
    for index in phases.indices {
      phases[index].remark = Mask.hide(values, in: phases[index].remark)
    }
    limits = limits.map { $0.hiding(values) }
  }
}

extension LimitRecord {
  fileprivate func hiding(_ values: [String: String]) -> LimitRecord {
    var limit = self
    limit.evidence = evidence.map { Fact($0.name, Mask.hide(values, in: $0.value)) }
    return limit
  }
}

extension Judgement {
  fileprivate func hiding(_ values: [String: String]) -> Judgement {
    var shown = self
    shown.headline = Mask.hide(values, in: headline)
    shown.limit = limit?.hiding(values)
    shown.expectation?.reason = Mask.hide(values, in: expectation?.reason ?? "")
    shown.broken = broken.map { broken in
      var shown = broken
      shown.phase.remark = Mask.hide(values, in: broken.phase.remark)
      shown.limit = broken.limit?.hiding(values)
      return shown
    }
    return shown
  }
}
