import Recording

/// What follows the value of a condition: `in`, `for` and `abort`.
struct ThresholdScope {
  var phase: String?
  var window: Duration?
  var aborts = false
}

extension Reader {
  /// Reads `in PHASE`, `for DURATION` and `abort`, in any order, each at most once.
  mutating func scope(
    _ words: [String], of metric: Metric?, at place: Place, _ context: ThresholdContext
  ) -> ThresholdScope {
    var scope = ThresholdScope()
    var rest = words[...]
    var seen: Set<String> = []
    while let word = rest.popFirst() {
      let here = self.place(of: word, from: place)
      guard ["in", "for", "abort"].contains(word) else {
        report(
          here, "expected 'in PHASE', 'for DURATION' or 'abort', found \(quoted(word))",
          hint: "a value is one word, such as 20k or 100ms")
        return scope
      }
      guard context.owner != .search else {
        report(
          here, "a condition of a search has no '\(word)'",
          hint: "it is looked at in every step of the search")
        return scope
      }
      guard seen.insert(word).inserted else {
        report(here, "'\(word)' stands twice in this condition")
        return scope
      }
      if word == "abort" {
        scope.aborts = true
        continue
      }
      guard let argument = rest.popFirst() else {
        report(
          here,
          word == "in" ? "'in' needs the name of a phase" : "'for' needs a duration",
          hint: word == "in" ? "for example in ramp" : "for example for 10s")
        return scope
      }
      if word == "in" {
        scope.phase = argument
        checkPhase(argument, after: here, context)
      } else {
        scope.window = window(argument, of: metric, after: here, context)
      }
    }
    if context.owner == .search, let metric { checkInSearch(metric, at: place) }
    return scope
  }

  /// The place of a word that has a space before it; `place` itself when it is not there.
  private func place(of word: String, from place: Place) -> Place {
    let found = find(" " + word, from: place)
    return found == place
      ? place : Place(file: found.file, line: found.line, column: found.column + 1)
  }

  private mutating func checkPhase(
    _ name: String, after place: Place, _ context: ThresholdContext
  ) {
    if case .phase = context.owner {
      report(
        place, "a threshold of a phase has no 'in'",
        hint: "write it among the thresholds of the plan, or leave 'in \(name)' out")
    }
    guard let phases = context.phases, !phases.contains(name) else { return }
    report(
      self.place(of: name, from: place), "there is no phase \(quoted(name)) in this plan",
      hint: didYouMean(name, phases) ?? "its phases are \(phases.joined(separator: ", "))")
  }

  private mutating func window(
    _ text: String, of metric: Metric?, after place: Place, _ context: ThresholdContext
  ) -> Duration? {
    let here = self.place(of: text, from: place)
    let window: Duration
    do {
      window = try Units.positiveDuration(text)
    } catch {
      report(here, error)
      return nil
    }
    if let metric, !metric.traits.canBeMeasuredMeanwhile {
      report(
        place, "\(metric.name) has no value over a stretch of time, so it has no 'for'",
        hint: "these have one: \(Self.measurableMeanwhile)")
    }
    if let interval = context.interval, window < interval {
      report(
        here,
        "\(Format.duration(window)) is shorter than the time between two samples,"
          + " \(Format.duration(interval))",
        hint: "take a longer one, or set sampling: {every: \(text)}")
    }
    return window
  }

  /// Reports a metric that can be measured only afterwards: a search measures its conditions in every
  /// step, while the run goes on.
  private mutating func checkInSearch(_ metric: Metric, at place: Place) {
    guard !metric.traits.canBeMeasuredMeanwhile else { return }
    report(
      place, "\(metric.name) is not known while a search goes on",
      hint: "these are: \(Self.measurableMeanwhile)")
  }

  /// The names of the metrics that can be measured over a stretch of the run, for a hint.
  private static let measurableMeanwhile: String = {
    let names = Metric.all.filter(\.traits.canBeMeasuredMeanwhile).compactMap { metric -> String? in
      if case .percentile = metric { nil } else { metric.name }
    }
    let percentiles = Latency.judged.map { "\($0.name).p99" }
    return names.joined(separator: ", ") + ", and percentiles such as "
      + percentiles.joined(separator: ", ")
  }()
}
