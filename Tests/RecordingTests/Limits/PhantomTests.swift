import Recording
import Testing

/// Connections that were established and never accepted.
@Suite struct PhantomTests {
  private func phase(
    _ kind: PhaseKind, established: Int, accepted: Int, phantom: Int, missed: Int = 0
  ) -> PhaseRecord {
    PhaseRecord(
      name: kind.rawValue, kind: kind, title: "", planLine: 1, started: 0, ended: 1,
      outcome: missed > 0 ? .limit : .done, established: established, accepted: accepted,
      phantom: phantom, promise: PhasePromise(promised: 1000, missed: missed))
  }

  private func limit(_ end: End, _ count: Int, in phase: String) -> LimitRecord {
    LimitRecord(
      end: end, phase: phase, planLine: 1, resource: .unclassified, count: count, firstInstant: 1,
      established: 0, accepted: 0, evidence: [])
  }

  @Test func `limits of any number have one that decides`() {
    let recording = Recording(planName: "p") {
      $0.phases = [phase(.ramp, established: 0, accepted: 0, phantom: 0, missed: 1)]
      $0.limits = [limit(.client, .max, in: "ramp"), limit(.client, .max, in: "ramp")]
    }
    #expect(recording.brokenPhases.first?.limit?.count == .max)
  }

  @Test func `more connections than stood at once may have come and gone in a churn`() {
    let churn = phase(.churn, established: 1200, accepted: 1000, phantom: 4000)
    var recording = Recording(planName: "p") {
      $0.phases = [churn]
    }
    recording.phases[0].promise = nil
    #expect(recording.held(in: churn) == 1000)
    #expect(phase(.pause, established: 1200, accepted: 1100, phantom: 100).held == 1100)
  }

  @Test func `a churn of which nothing was accepted held nothing`() {
    #expect(phase(.churn, established: 20, accepted: 0, phantom: 200).held == 0)
    #expect(phase(.churn, established: 20, accepted: 0, phantom: 0).held == 20)
  }

  @Test(arguments: [Resource.noRoute, .packetsDropped])
  func `a refusal or a drop on the way never comes of a full server`(resource: Resource) {
    let ramp = phase(.ramp, established: 60, accepted: 59, phantom: 1, missed: 61)
    var onTheWay = limit(.client, 60, in: "ramp")
    onTheWay.resource = resource
    let recording = Recording(planName: "p") {
      $0.phases = [ramp]
      $0.limits = [limit(.server, 1, in: "ramp"), onTheWay]
    }
    #expect(recording.decidingLimit(of: ramp)?.resource == resource)
  }

  @Test func `the phantoms of the phase before decide nothing`() {
    let ramp = phase(.ramp, established: 1000, accepted: 995, phantom: 5)
    let hold = phase(.hold, established: 1000, accepted: 995, phantom: 5, missed: 400)
    let churn = phase(.churn, established: 1100, accepted: 1095, phantom: 12, missed: 400)
    var recording = Recording(planName: "p") {
      $0.phases = [ramp, hold, churn]
    }
    recording.limits = ["hold", "churn"].flatMap { name in
      [limit(.server, 1, in: name), limit(.client, 400, in: name)]
    }
    #expect(recording.decidingLimit(of: hold)?.end == .client)
    #expect(recording.decidingLimit(of: churn)?.end == .server)
  }

  @Test func `a worker's death decides in a pause, though other limits came before it`() {
    var pause = phase(.pause, established: 100, accepted: 100, phantom: 0)
    pause.promise = nil
    var closed = limit(.client, 400, in: "pause")
    closed.resource = .closedByPeer
    closed.firstInstant = 1
    var death = limit(.client, 1, in: "pause")
    (death.resource, death.syscall, death.worker) = (.workerDied, nil, 0)
    death.firstInstant = 2
    let recording = Recording(planName: "p") {
      $0.phases = [pause]
      $0.limits = [closed, death]
    }
    #expect(recording.decidingLimit(of: pause)?.resource == .workerDied)
  }
}
