import Linux
import Plan
import Recording
import Simulation
import SystemPackage

/// Which failures scenarios have met, in which kind of phase.
package struct Coverage: Sendable {
  package struct Failing: Hashable, Comparable, Sendable {
    package let call: String
    package let errno: String
    /// Which of its calls in the run it was: the first, one of the first hundred, or a later one.
    package let position: String
    package let kind: String

    package static func < (a: Failing, b: Failing) -> Bool {
      (a.call, a.errno, a.kind, a.position) < (b.call, b.errno, b.kind, b.position)
    }
  }

  package struct Stopping: Hashable, Comparable, Sendable {
    package let resource: String
    package let kind: String
    package let policy: String

    package static func < (a: Stopping, b: Stopping) -> Bool {
      (a.resource, a.kind, a.policy) < (b.resource, b.kind, b.policy)
    }
  }

  package private(set) var failing: [Failing: Int] = [:]
  package private(set) var stopping: [Stopping: Int] = [:]

  package init() {}

  init(_ scenario: Scenario, _ truth: Truth) {
    for phase in truth.recording.phases {
      guard let start = phase.started else { continue }
      var seen: [String: Int] = [:]
      for failure in truth.failures(from: start, to: phase.ended ?? .infinity) {
        let call = "\(failure.call)"
        seen[call, default: 0] += 1
        let count = seen[call] ?? 1
        let position = count == 1 ? "first" : count <= 100 ? "early" : "late"
        let errno = ErrnoName.symbol(of: failure.errno.rawValue)
        failing[
          Failing(call: call, errno: errno, position: position, kind: phase.kind.rawValue),
          default: 0] += 1
      }
    }
    for limit in truth.recording.limits {
      guard let phase = truth.recording.phases.first(where: { $0.name == limit.phase }) else {
        continue
      }
      let stop = Stopping(
        resource: limit.resource.rawValue, kind: phase.kind.rawValue,
        policy: scenario.plan.onLimit.rawValue)
      stopping[stop, default: 0] += 1
    }
  }

  package mutating func add(_ other: Coverage) {
    failing.merge(other.failing, uniquingKeysWith: +)
    stopping.merge(other.stopping, uniquingKeysWith: +)
  }
}
