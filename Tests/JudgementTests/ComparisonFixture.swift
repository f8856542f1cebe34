import Judgement
import Plan
import Recording

/// Small runs to be compared: a ramp to 1,000 connections in four seconds, and a hold.
enum Compared {
  static var run: Recording {
    var recording = Recording(planName: "p") {
      $0.effectivePlan = "a: 1\nb: 2\n"
      $0.started = "2026-01-02T03:04:05.678Z"
      $0.duration = 6
    }
    recording.phases = [
      phase(.ramp, from: 0, to: 4, established: 1000),
      phase(.hold, from: 4, to: 6, established: 1000),
    ]
    recording.host = [Fact("kernel", "Linux 6.18.0"), Fact("memory available", "20 GiB")]
    recording.series = [counter(.handshakes, [0, 250, 500, 750, 1000, 1000, 1000])]
    recording.distributions = latencies([1, 1, 1, 1])
    return recording
  }

  static func phase(
    _ kind: PhaseKind, from start: Double, to end: Double, established: Int
  ) -> PhaseRecord {
    PhaseRecord(
      name: kind.rawValue, kind: kind, title: kind.rawValue, planLine: 1, started: start,
      ended: end,
      outcome: .done, established: established, accepted: established)
  }

  static func counter(_ key: Series.Key, _ values: [Double]) -> Series {
    Series(
      key: key, unit: "", kind: .counter,
      points: values.enumerated().map { .init(at: Double($0.offset), value: $0.element) })
  }

  /// One interval a second, in each of which every connection took this many milliseconds.
  static func latencies(
    _ milliseconds: [UInt64], each count: UInt64 = 250
  ) -> [DistributionRecord] {
    milliseconds.enumerated().map { index, value in
      DistributionRecord(
        latency: .connect, phase: "ramp", from: Double(index), to: Double(index + 1),
        distribution: Distribution(buckets: [.init(value: value * 1_000_000, count: count)]))
    }
  }

  static func holding(_ count: Int) -> Recording {
    var recording = run
    for index in recording.phases.indices {
      recording.phases[index].established = count
      recording.phases[index].accepted = count
    }
    return recording
  }

  static func failing(_ count: Int) -> Recording {
    var recording = run
    recording.phases[0].failures = count
    return recording
  }

  static func limit(
    _ resource: Resource = .descriptorsPerProcess, end: End = .client
  ) -> LimitRecord {
    LimitRecord(
      end: end, phase: "ramp", planLine: 1, syscall: "socket",
      errno: ErrnoRecord(number: 24, name: "EMFILE", text: "Too many open files"),
      resource: resource, count: 1, firstInstant: 1, established: 1000, accepted: 1000)
  }
}
