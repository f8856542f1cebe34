import Recording

/// The figures derived from a recording, so that every output says the same number.
struct Metrics {
  /// The most connections that any phase asked for; nil when none did.
  let goal: Int?
  /// The most held at once, at either end.
  let established: Int
  let accepted: Int
  let phantom: Int
  let failures: Int
  /// Connections established a second, while ramping.
  let connectRate: Double?
  /// From the instant that the schedule intended.
  let connect: Latency?
  /// From the `connect` call.
  let uncorrected: Latency?
  /// Bytes of kernel memory a connection end.
  let kernelMemory: Double?
  /// Bytes of the workers' private memory a connection end.
  let userMemory: Double?
  /// Seconds of user time a connection end.
  let userTime: Double?
  let predicted: PredictionTerm?

  /// The percentiles that every output names, in seconds.
  struct Latency {
    let p50: Double
    let p90: Double
    let p99: Double
    let p999: Double
    let max: Double
    let count: UInt64

    /// Nil when nothing was measured.
    init?(_ distribution: Distribution) {
      guard let values = distribution.percentiles([50, 90, 99, 99.9, 100]) else { return nil }
      let seconds = values.map { Double($0) / 1e9 }
      (p50, p90, p99, p999, max) = (seconds[0], seconds[1], seconds[2], seconds[3], seconds[4])
      count = distribution.count
    }

    /// Each with the name that plans and reports use.
    var named: [(name: String, seconds: Double)] {
      [("p50", p50), ("p90", p90), ("p99", p99), ("p99.9", p999), ("max", max)]
    }
  }

  init(_ recording: Recording) {
    let phases = recording.phases
    // A run that was cut off has phases that were never summed up, but it has samples.
    func most(_ inPhases: Int?, _ key: Series.Key) -> Int {
      Swift.max(inPhases ?? 0, recording.series(key)?.maximum.map { Int($0) } ?? 0)
    }
    goal = phases.compactMap(\.goal).max()
    established = most(phases.map(\.established).max(), .established)
    accepted = most(phases.map(\.accepted).max(), .accepted)
    phantom = phases.map(\.phantom).max() ?? 0
    failures = most(phases.reduce(0) { $0 + $1.failures }, .failures)
    connectRate = recording.connectRate
    connect = Latency(recording.merged("connect"))
    uncorrected = Latency(recording.merged("connect.uncorrected"))
    predicted = recording.prediction.first(where: \.binds)

    let ends = Double(established + accepted)
    func perEnd(_ total: Double?) -> Double? { ends > 0 ? total.map { $0 / ends } : nil }
    let privateBytes = recording.workers.compactMap(\.privateBytes)
    let userTimes = recording.workers.map(\.userTime)
    kernelMemory = perEnd(recording.kernelGrowth)
    userMemory = perEnd(privateBytes.isEmpty ? nil : Double(privateBytes.reduce(0, +)))
    userTime = perEnd(userTimes.isEmpty ? nil : userTimes.reduce(0, +))
  }
}

extension Series {
  var maximum: Double? { points.lazy.map(\.value).filter(\.isFinite).max() }

  /// The value as it was at an instant: that of the last sample up to then.
  func value(at instant: Double) -> Double? {
    points.last { $0.at <= instant }?.value
  }
}

extension Recording {
  /// All intervals of a metric taken together, in one pass.
  func merged(_ metric: String) -> Distribution {
    Distribution(merging: distributions.lazy.filter { $0.metric == metric }.map(\.distribution))
  }

  /// Connections gained in the ramps over the time that it took to gain them. A ramp that met a
  /// limit counts up to that instant: what follows is settling, not connecting.
  fileprivate var connectRate: Double? {
    var gained = 0.0
    var elapsed = 0.0
    for phase in phases where phase.kind == "ramp" {
      guard let started = phase.started else { continue }
      let base = series(.established)?.value(at: started) ?? 0
      if phase.outcome == .limit, let limit = limits.first(where: { $0.phase == phase.name }),
        limit.firstInstant > started, Double(limit.established) > base
      {
        gained += Double(limit.established) - base
        elapsed += limit.firstInstant - started
      } else if let duration = phase.duration {
        gained += Double(phase.established) - base
        elapsed += duration
      }
    }
    return elapsed > 0 && gained > 0 ? gained / elapsed : nil
  }

  /// How much kernel memory grew from the first sample to its highest: slab, which holds the
  /// sockets, and the pages that TCP buffers take.
  fileprivate var kernelGrowth: Double? {
    guard let slab = series(.slab)?.points, let first = slab.first else { return nil }
    let pages = series(.tcpPages)
    func total(_ point: Series.Point) -> Double {
      point.value + (pages?.value(at: point.at) ?? 0) * Series.pageSize
    }
    return slab.lazy.map(total).max().map { $0 - total(first) }
  }
}

extension Series {
  /// Bytes of a page, which `/proc/net/sockstat` counts memory in.
  static let pageSize = 4096.0
}

extension Distribution {
  init(merging distributions: some Sequence<Distribution>) {
    var counts: [UInt64: UInt64] = [:]
    for distribution in distributions {
      for bucket in distribution.buckets { counts[bucket.value, default: 0] += bucket.count }
    }
    self.init(buckets: counts.map { Bucket(value: $0.key, count: $0.value) })
  }
}
