import Plan
import Recording

/// How uncertain each figure of one run is, from its own intervals, counts and clocks.
struct RunEvidence {
  /// Seconds between the ticks by which a kernel divides processor time into user and system time, where they are
  /// furthest apart (CONFIG_HZ of 100).
  static let tick = 0.01
  /// With fewer ticks the counting error, twice the square root of their number, is more than a
  /// fifth of the value.
  static let fewestTicks = 100.0
  /// By how many standard deviations chance may move a figure. It moves one further about once in a thousand runs.
  static let deviations = 3.3
  /// Seconds within which a recovery is seen: the coordinator looks so often, and a backoff has ticks.
  static let looks = 0.02
  /// Seconds that waking a process may take on an idle host.
  static let wakeup = 50e-6
  /// Bytes of kernel memory that may come and go on a host, whatever a run does.
  static let kernelMemoryNoise = 2.0 * 1024 * 1024
  /// How much the memory of a worker varies with its scheduling, in bytes.
  static let workerMemoryNoise = 64.0 * 1024

  private let recording: Recording
  private let intervalRates: IntervalRates
  /// How many connection ends the whole run had: memory is given per end.
  private let ends: Double

  init(_ recording: Recording) {
    self.recording = recording
    ends = Double(Metrics(recording).connectionEnds)
    intervalRates = IntervalRates(recording)
  }

  /// How far the run's value of a metric can be trusted.
  ///
  /// - Parameters:
  ///   - value: the metric's value, in its base unit.
  ///   - phase: the phase whose value it is; nil for the whole run.
  func evidence(
    of metric: Metric, _ value: Double, in phase: String?
  ) -> Evidence {
    switch metric {
    case .held, .phantom: .exact
    // Zero is exact: where the first run had none, chance does not explain any in the second.
    case .failures, .messagesLost: value == 0 ? .exact : .about(value, 2 * value.squareRoot())
    case .connectRate: rate(value, intervalRates.ofHandshakes(in: phase))
    case .resumed: resumed(value, in: phase)
    case .recovery: .about(value, Self.looks)
    case .messagesRate: rate(value, intervalRates.ofMessages(in: phase))
    case .messagesSent: sent(value, in: phase)
    case .percentile(.max, _): .never
    case .percentile(let percentile, let latency):
      self.percentile(percentile, of: latency, value, in: phase)
    case .kernelMemory: kernelMemory(value)
    case .userMemory:
      .about(value, perEnd(Self.workerMemoryNoise * Double(recording.workers.count)))
    case .userTime: userTime(value)
    // Runs are not compared by these.
    case .connections, .accepted, .failuresRate, .messagesReceived, .messagesUnsent, .unasked,
      .predictionError:
      .never
    }
  }

  private func rate(_ value: Double, _ rates: [Double]) -> Evidence {
    Scatter(rates).range.map { Evidence.range($0).including(value) } ?? .tooFew
  }

  /// As uncertain as a share of so many handshakes is by chance, and by one handshake at least.
  private func resumed(_ value: Double, in phase: String?) -> Evidence {
    guard let secured = Metrics(recording, phase: phase).secured, secured > 0 else {
      return .tooFew
    }
    let count = Double(secured)
    let chance = Self.deviations * (max(0, value * (1 - value)) / count).squareRoot()
    return .about(value, max(chance, 1 / count))
  }

  /// The number of messages sent is as uncertain, as a share of itself, as the rate of sending.
  private func sent(_ value: Double, in phase: String?) -> Evidence {
    let rates = intervalRates.ofMessages(in: phase)
    guard let range = Scatter(rates).range, !rates.isEmpty else { return .tooFew }
    let mean = rates.reduce(0, +) / Double(rates.count)
    return .range(value * range.lowerBound / mean...value * range.upperBound / mean)
      .including(value)
  }

  private func userTime(_ value: Double) -> Evidence {
    let ticks = recording.workers.reduce(0) { $0 + $1.userTime } / Self.tick
    return ticks < Self.fewestTicks ? .tooFew : .about(value, 2 * value / ticks.squareRoot())
  }

  /// Where kernel memory changes although all connections are held, the host makes it change. So chance may move the
  /// value as far as memory moved in the holds, and by `kernelMemoryNoise` more.
  private func kernelMemory(_ value: Double) -> Evidence {
    let holds = recording.phases.filter(\.kind.keeps).compactMap(recording.span)
    let levels =
      recording.series(.kernelMemory)?.points.filter { point in
        holds.contains { $0.contains(point.at) }
      }.map(\.value) ?? []
    guard levels.count >= Scatter.fewest, let most = levels.max(), let least = levels.min() else {
      return .tooFew
    }
    return .about(value, perEnd(most - least + Self.kernelMemoryNoise))
  }

  private func perEnd(_ bytes: Double) -> Double { ends > 0 ? bytes / ends : .infinity }

  // MARK: Percentiles

  private func percentile(
    _ percentile: Percentile, of latency: Latency, _ value: Double, in phase: String?
  ) -> Evidence {
    let intervals = recording.distributions.filter {
      $0.latency == latency && (phase == nil || $0.phase == phase)
    }.map(\.distribution)
    let blocks = Self.blocks(of: intervals, percentile.percent)
    let valuesOfBlocks = blocks.compactMap { $0.seconds(at: percentile) }
    guard let scatter = Scatter(valuesOfBlocks).range,
      let chance = Self.chance(Distribution(merging: intervals), percentile.percent)
    else { return .tooFew }
    return .range(
      min(scatter.lowerBound, chance.lowerBound) - Self.wakeup...max(
        scatter.upperBound, chance.upperBound) + Self.wakeup
    ).including(value)
  }

  /// Blocks of neighbouring intervals. A block is complete when it has at least 100 values, and so many that at
  /// least ten of them should lie beyond the percentile. Intervals left over at the end, too few for a block, are
  /// dropped.
  private static func blocks(of intervals: [Distribution], _ percentile: Double) -> [Distribution] {
    let least = UInt64((1000 / (100 - percentile)).rounded())
    var blocks: [Distribution] = []
    var unfinished: [Distribution] = []
    var count: UInt64 = 0
    for interval in intervals {
      unfinished.append(interval)
      count += interval.count
      guard count >= max(least, 100) else { continue }
      blocks.append(Distribution(merging: unfinished))
      (unfinished, count) = ([], 0)
    }
    return blocks
  }

  /// The range in seconds in which the true percentile lies, by the ranks of the values alone. Of n values about
  /// np lie below the p-quantile, with a standard deviation of the square root of np(1-p).
  private static func chance(
    _ distribution: Distribution, _ percentile: Double
  ) -> ClosedRange<Double>? {
    let count = Double(distribution.count)
    guard count > 0 else { return nil }
    let share = percentile / 100
    let distance = deviations * (share * (1 - share) / count).squareRoot()
    let shares = [max(0, share - distance), min(1, share + distance)]
    guard let values = distribution.percentiles(shares.map { $0 * 100 }) else { return nil }
    return Double(values[0]) / 1e9...Double(values[1]) / 1e9
  }
}
