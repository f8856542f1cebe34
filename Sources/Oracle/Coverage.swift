import Linux
import Plan
import Recording
import Simulation
import SystemPackage

/// How often scenarios have met each kind of failure, of limit, and of refusal in a protocol.
package struct Coverage: Sendable {
  package private(set) var failures: [Aim: Int] = [:]
  package private(set) var limits: [LimitAim: Int] = [:]
  package private(set) var refusals: [RefusalAim: Int] = [:]

  package init() {}

  init(_ scenario: Scenario, _ truth: Truth) {
    for phase in truth.recording.phases {
      guard let start = phase.started else { continue }
      for failure in truth.failures(from: start, to: phase.ended ?? .infinity) {
        failures[
          Aim(
            call: failure.call, errno: failure.errno,
            position: Aim.Position(ofCall: failure.number), kind: phase.kind), default: 0] += 1
      }
    }
    for limit in truth.recording.limits {
      guard let phase = truth.recording.phases.first(where: { $0.name == limit.phase }) else {
        continue
      }
      let kind = LimitAim(
        resource: limit.resource, kind: phase.kind, policy: scenario.plan.onLimit)
      limits[kind, default: 0] += 1
    }
    for aim in scenario.refusalsMet(truth.recording) { refusals[aim, default: 0] += 1 }
  }

  /// The failures, limits and refusals that seeds aim at and that no scenario has met so far.
  package var holes: (failures: [Aim], limits: [LimitAim], refusals: [RefusalAim]) {
    (
      Aim.all.filter { failures[$0] == nil }.sorted(),
      LimitAim.all.filter { limits[$0] == nil }.sorted(),
      RefusalAim.all.filter { refusals[$0] == nil }.sorted()
    )
  }

  package mutating func add(_ other: Coverage) {
    failures.merge(other.failures, uniquingKeysWith: +)
    limits.merge(other.limits, uniquingKeysWith: +)
    refusals.merge(other.refusals, uniquingKeysWith: +)
  }
}
