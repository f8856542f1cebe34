import Host
import Plan
import Recording
import Testing

@testable import Coordination

/// Which connections of a churn nobody has accepted.
@Suite struct AcceptanceTests {
  /// What waits at a listener, look by look; the last of them for ever.
  private final class Queue: PathReadings {
    var looks: [Int]

    init(_ looks: [Int]) { self.looks = looks }

    var waiting: Int { looks.count > 1 ? looks.removeFirst() : looks[0] }
    var possibleAcceptances: Int { waiting }
    let findings = PathFindings()
    let knowsServer = true
    let isInOwnNamespace = true
    let leftAtServer: Int? = nil
    let heldAtBothEnds: Int? = nil
    func begin(_ counters: [Series.Key: Double], clientsHaveConnected: Bool) {}
    func look(_ counters: [Series.Key: Double], timedOut: Bool) -> [Reading] { [] }
    func acceptance(of clients: [Int32], holding held: Int) -> AcceptanceCount? { nil }
    let stillHeldBehindNAT = 0
    var portsFreeOfClients: ClosedRange<UInt16>?
    func lookAtQueues() {}
    func stopTracing() {}
  }

  private static let plan = """
    server: {listen: "127.0.0.1:9000"}
    phases: [{ramp: {to: 100, rate: 1k/s}}]
    """

  /// What is outstanding at each look after the first, which is the phase's begin, of a phase that has
  /// opened 100 connections.
  private func outstanding(_ looks: [Int]) throws -> [Int] {
    var found: [Int] = []
    try withSimulatedFleet(Self.plan) { _, workers, fleet in
      let queue = Queue(looks)
      var acceptance = Acceptance(fleet, path: queue, hasOwnServer: false)
      fleet.post(.begin, phase: 0, start: workers.now())
      workers.pause(until: workers.now().advanced(by: .milliseconds(200)))
      for _ in looks.dropFirst() { found.append(acceptance.outstanding(fleet)) }
    }
    return found
  }

  @Test func `somebody else's connection in the queue is gone at the next look`() throws {
    #expect(try outstanding([0, 0, 1, 0]) == [0, 1, 0])
  }

  @Test func `what waited before is accepted before any of ours`() throws {
    #expect(try outstanding([100, 100, 40, 40]) == [0, 0, 0])
    // All of it was taken; what waits now has come since.
    #expect(try outstanding([100, 0, 90]) == [0, 90])
    #expect(try outstanding([100, 190]) == [90])
  }

  @Test func `no more are outstanding than the phase has opened`() throws {
    #expect(try outstanding([0, 150, 40]) == [100, 40])
  }
}
