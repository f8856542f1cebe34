import Testing

@testable import Recording

/// What the hosts of a run have accepted of each other.
extension MergeTests {
  @Test func `what the server's host never accepted is phantom`() throws {
    var server = two
    server.workers = [WorkerRecord(id: 9, end: .server, pid: 1)]
    server.series.removeAll { $0.key == .established }
    for index in server.phases.indices {
      server.phases[index].established = 0
      server.phases[index].accepted = 8
    }
    let merged = try Recording.merged([one, server])
    #expect(merged.phases.map(\.goal) == [10, nil])
    #expect(merged.phases.map(\.phantom) == [2, 2])
    #expect(Metrics(merged).heldInAnyPhase == 8)
  }

  @Test(arguments: [.churn, .close] as [PhaseKind])
  func `the most that stood at each end says nothing of what came and went`(kind: PhaseKind) throws
  {
    var (one, server) = (one, two)
    server.workers = [WorkerRecord(id: 9, end: .server, pid: 1)]
    for index in server.phases.indices {
      server.phases[index].established = 0
      server.phases[index].accepted = 8
      (server.phases[index].kind, one.phases[index].kind) = (kind, kind)
    }
    #expect(try Recording.merged([one, server]).phases.map(\.phantom) == [0, 0])
  }

  /// A host whose server other hosts drive as well: to it their connections are strangers'.
  private func serving(others: Double) -> Recording {
    var serving = one
    serving.workers[1].end = .server
    for index in serving.phases.indices { serving.phases[index].accepted = 10 }
    serving.series += [
      Series(
        key: .accepted, unit: "connections", kind: .gauge, points: [.init(at: 3, value: 10)]),
      Series(
        key: .others, unit: "connections", kind: .gauge, points: [.init(at: 3, value: others)]),
    ]
    return serving
  }

  @Test(arguments: [(others: 20.0, accepted: 30, phantom: 0), (23, 30, 0), (15, 25, 5)])
  func `what a host established that only drives is accepted where the server holds it`(
    others: Double, accepted: Int, phantom: Int
  ) throws {
    // The serving host begins 2.25 s later.
    let merged = try Recording.merged([serving(others: others), two])
    #expect(merged.phases.map(\.established) == [30, 30])
    #expect(merged.phases.map(\.accepted) == [accepted, accepted])
    #expect(merged.phases.map(\.phantom) == [phantom, phantom])
    #expect(merged.series(.accepted)?.points.map(\.value) == [Double(accepted)])
    let strangers = others - Double(accepted - 10)
    #expect(merged.series(.others)?.maximum == (strangers > 0 ? strangers : nil))
  }

  @Test func `strangers of a server that no other host drives stay strangers`() throws {
    var also = two
    also.workers[1].end = .server
    let merged = try Recording.merged([serving(others: 20), also])
    #expect(merged.phases[0].accepted == 10)
    #expect(merged.series(.others)?.maximum == 20)
  }
}
