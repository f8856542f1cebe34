extension Fidelity {
  /// Compares what a replay drove with what its original had driven.
  ///
  /// Arrivals are paired in order, phase by phase: the first arrival of a phase in the original with the first of
  /// the same phase in the replay, and so on. The clocks of the two runs are aligned at the start of the first
  /// phase that the replay began.
  ///
  /// - Parameters:
  ///   - phases: the names of the phases that were to be driven again.
  ///   - speed: 2 for twice as fast.
  package init(
    of replay: Recording, to original: Recording, phases: [String], speed: Double
  ) {
    let recorded = original.driven() ?? [:]
    let driven = replay.driven() ?? [:]
    self.init(
      arrivals: 0, missed: 0, late: nil, furthest: 0, messages: 0, messagesMissed: 0)

    // An instant of the original, divided by `speed`, plus `shift` is an instant of the replay. Nil until a phase
    // is found that the replay began.
    var shift: Double?
    var lateness: [(late: Double, count: UInt64)] = []
    for name in phases {
      guard let place = original.phases.firstIndex(where: { $0.name == name }),
        let began = original.phases[place].started
      else { continue }
      let placeNow = replay.phases.firstIndex { $0.name == name }
      let beganAgain = placeNow.flatMap { replay.phases[$0].started }
      let drivenAgain = placeNow.flatMap { driven[$0] }
      for (pattern, count) in recorded[place]?.messages ?? [:] {
        messages += Int(count)
        messagesMissed += Int(count - min(count, drivenAgain?.messages[pattern] ?? 0))
      }
      if shift == nil { shift = beganAgain.map { $0 - began / speed } }
      // A search in a replay takes steps of its own, so its arrivals are not compared.
      guard !original.phases[place].kind.finds, let wanted = recorded[place] else { continue }
      let plannedStart = began / speed + (shift ?? 0)
      var curves = (recorded: ArrivalTimes(), driven: ArrivalTimes())
      curves.recorded.add(wanted, from: plannedStart, speed: speed)
      arrivals += Int(wanted.count)
      var drivenCount: UInt64 = 0
      if let beganAgain, let drivenAgain {
        drivenCount = min(drivenAgain.count, wanted.count)
        curves.driven.add(drivenAgain, from: beganAgain, speed: 1, atMost: wanted.count)
      }
      missed += Int(wanted.count - drivenCount)
      curves.recorded.pair(with: curves.driven) { wanted, got, count in
        lateness.append((Self.rounded(max(0, got - wanted)), count))
      }
      furthest = max(furthest, Self.rounded(curves.recorded.distance(to: curves.driven)))
    }
    late = Self.percentiles(of: lateness)
  }

  /// Rounds to the microsecond, because differences of large floating-point instants are not exact.
  private static func rounded(_ seconds: Double) -> Double { (seconds * 1e6).rounded() / 1e6 }

  private static func percentiles(of values: [(late: Double, count: UInt64)]) -> Late? {
    let sorted = values.sorted { $0.late < $1.late }
    let total = sorted.reduce(0) { $0 + $1.count }
    guard let last = sorted.last else { return nil }
    func percentile(_ share: Double) -> Double {
      let rank = (share * Double(total)).rounded(.up)
      var seen: UInt64 = 0
      for value in sorted {
        seen += value.count
        if Double(seen) >= rank { return value.late }
      }
      return last.late
    }
    return Late(p50: percentile(0.5), p99: percentile(0.99), max: last.late)
  }
}

/// The instants at which the replay began the connections of a phase, or was to begin them, in seconds since the
/// replay started.
private struct ArrivalTimes {
  /// How many arrivals each instant has, in the order of time.
  private var groups: [(at: Double, count: UInt64)] = []
  private(set) var count: UInt64 = 0

  /// Adds the first `most` arrivals of a phase that starts at `start` and runs at `speed`.
  mutating func add(
    _ phase: DrivenPhase, from start: Double, speed: Double, atMost most: UInt64 = .max
  ) {
    var rest = most
    for tick in phase.arrivals where rest > 0 {
      let count = min(tick.count, rest)
      groups.append((start + Double(tick.tick) / 1000 / speed, count))
      self.count += count
      rest -= count
    }
  }

  /// Pairs the arrivals of both sides in order, until one side has no more.
  ///
  /// - Parameter body: gets an instant of this side, the instant of `other` that is paired with it, and the number
  ///   of pairs that have these two instants.
  func pair(with other: Self, _ body: (Double, Double, UInt64) -> Void) {
    var (mine, theirs) = (0, 0)
    var rest = (mine: groups.first?.count ?? 0, theirs: other.groups.first?.count ?? 0)
    while mine < groups.count, theirs < other.groups.count {
      let pairs = min(rest.mine, rest.theirs)
      if pairs > 0 { body(groups[mine].at, other.groups[theirs].at, pairs) }
      rest = (rest.mine - pairs, rest.theirs - pairs)
      if rest.mine == 0 {
        mine += 1
        if mine < groups.count { rest.mine = groups[mine].count }
      }
      if rest.theirs == 0 {
        theirs += 1
        if theirs < other.groups.count { rest.theirs = other.groups[theirs].count }
      }
    }
  }

  /// The largest distance in seconds between a percentile (0 to 100) of one side and the same
  /// percentile of the other; 0 where a side has no arrivals.
  func distance(to other: Self) -> Double {
    guard count > 0, other.count > 0 else { return 0 }
    let (mine, theirs) = (percentiles, other.percentiles)
    return zip(mine, theirs).map { abs($0 - $1) }.max() ?? 0
  }

  /// The instants of the percentiles 0 to 100. There must be arrivals.
  private var percentiles: [Double] {
    var values: [Double] = []
    var seen: UInt64 = 0
    var index = 0
    for percent in 0...100 {
      let rank = max(1, (Double(percent) / 100 * Double(count)).rounded(.up))
      while index < groups.count - 1, Double(seen + groups[index].count) < rank {
        seen += groups[index].count
        index += 1
      }
      values.append(groups[index].at)
    }
    return values
  }
}
