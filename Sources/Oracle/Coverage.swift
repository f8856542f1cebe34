import Linux
import Plan
import Recording
import Simulation
import SystemPackage

/// Which failures scenarios have met, in which kind of phase.
package struct Coverage: Sendable {
  package private(set) var failing: [Aim: Int] = [:]
  package private(set) var stopping: [LimitAim: Int] = [:]

  package init() {}

  init(_ scenario: Scenario, _ truth: Truth) {
    for phase in truth.recording.phases {
      guard let start = phase.started else { continue }
      for failure in truth.failures(from: start, to: phase.ended ?? .infinity) {
        failing[
          Aim(
            call: failure.call, errno: failure.errno,
            position: Aim.Position(ofCall: failure.number), kind: phase.kind), default: 0] += 1
      }
    }
    for limit in truth.recording.limits {
      guard let phase = truth.recording.phases.first(where: { $0.name == limit.phase }) else {
        continue
      }
      let stop = LimitAim(
        resource: limit.resource, kind: phase.kind, policy: scenario.plan.onLimit)
      stopping[stop, default: 0] += 1
    }
  }

  /// What seeds aim at, and none has met so far.
  package var holes: (failing: [Aim], stopping: [LimitAim]) {
    (
      Aim.all.filter { failing[$0] == nil }.sorted(),
      LimitAim.all.filter { stopping[$0] == nil }.sorted()
    )
  }

  package mutating func add(_ other: Coverage) {
    failing.merge(other.failing, uniquingKeysWith: +)
    stopping.merge(other.stopping, uniquingKeysWith: +)
  }
}
