@testable import Recording

extension Recording {
  /// A shard that began later, on another host, with its own clients.
  static func shard(
    host: String, started: String = "2026-01-02T03:04:05.000Z", connections: Int
  ) -> Recording {
    Recording(planName: "p") {
      $0.planText = "name: p\n"
      $0.overrides = [Fact("goal", "10")]
      $0.seed = 7
      $0.programVersion = "1"
      $0.started = started
      $0.duration = 10
      $0.hostname = host
      $0.host = [Fact("kernel", "6.18"), Fact("memory", host == "a" ? "1 GiB" : "2 GiB")]
      $0.phases = [
        PhaseRecord(
          name: "ramp", kind: .ramp, title: "ramp to 10", planLine: 3, goal: connections,
          plannedRate: 5, started: 1, ended: 3, outcome: .done, established: connections),
        PhaseRecord(
          name: "hold", kind: .hold, title: "hold", planLine: 4, started: 3, ended: 9,
          outcome: .done, established: connections, failures: 1),
      ]
      $0.workers = [
        WorkerRecord(id: 0, end: .client, pid: 5), WorkerRecord(id: 1, end: .client, pid: 6),
      ]
      $0.series = [
        Series(
          key: .established, unit: "connections", kind: .gauge,
          points: [.init(at: 1, value: 0), .init(at: 3, value: Double(connections))]),
        Series(
          key: .memoryAvailable, unit: "bytes", kind: .gauge, points: [.init(at: 1, value: 100)]),
        Series(key: .kernelMemory, unit: "bytes", kind: .gauge, points: [.init(at: 1, value: 30)]),
      ]
      $0.distributions = [
        DistributionRecord(
          latency: .connect, phase: "ramp", from: 0, to: 2,
          distribution: Distribution(buckets: [.init(value: 5, count: UInt64(connections))]))
      ]
      $0.failures = [shardFailure]
      $0.limits = [
        LimitRecord(
          end: .client, worker: 1, phase: "ramp", planLine: 3, syscall: "socket",
          resource: .descriptorsPerProcess, count: 1, firstInstant: 2, established: 5, accepted: 0)
      ]
      $0.prediction = [
        PredictionTerm(
          end: .client, resource: .descriptorsPerProcess, connections: connections, reason: "r",
          binds: true),
        PredictionTerm(end: .host, resource: .memory, connections: 1000, reason: "m"),
      ]
    }
  }

  private static var shardFailure: FailureRecord {
    FailureRecord(
      end: .client, worker: 1, phase: "ramp", syscall: "socket", errno: nil, count: 1,
      firstInstant: 2, established: 5, accepted: 0, source: nil, endpoint: nil)
  }
}
