import Host
import Judgement
import Linux
import Messages
import Plan
import Probe
import Recording

/// Drives a search: a phase that looks for the most connections that last.
extension Coordinator {
  /// A search gives up after this many moves (`SearchWalk.Move`). Nearly all of them can be steps up: once a
  /// goal was too high, twenty halvings find the number even within a step of a million connections.
  private static let mostMoves = 10_000
  /// How many tries for a goal in a row may bring no more connections than before. A peer that closes every
  /// tenth connection may close the one that was opened last, so a single vain try shows no limit.
  private static let mostVainTries = 5

  mutating func seek(_ search: Phase.Search) throws(RecordingError) {
    var walk = SearchWalk(from: search.from, step: search.step, most: search.most)
    // Nobody opens the share of a worker that has died, so a number that is found later would mean nothing.
    for _ in 0..<Self.mostMoves where course.waitsGoOn && !hasLostWorker {
      switch walk.move {
      case .step(let goal):
        try step(to: goal, search, &walk)
      case .confirm(let count):
        try confirm(count, search, &walk)
      case .found(let count):
        state.phases[phaseIndex].ceiling = count
        return
      case .foundNone: return
      }
    }
  }

  private mutating func step(
    to goal: Int, _ search: Phase.Search, _ walk: inout SearchWalk
  ) throws(RecordingError) {
    _ = try closeAllBeforeOpening(goal, search)
    guard course.waitsGoOn else { return }
    let isStepDown = fleet.current(.held, .client) > goal
    let began = clock.now().seconds(since: started)
    course.startGrowing()
    failuresBeforeStep = ledger.records
    stepStarted = clock.now()
    live?.keepFrom = began
    let openedAt = try openOrClose(to: goal)
    guard course.waitsGoOn else { return }
    let held = heldAtBothEnds()
    if held < goal, isLimited {
      walk.wasLimited(to: held)
      return noteStep(goal, held, .limit, limitInSight ?? "")
    }
    let phantomCause = held < goal ? explainPhantoms(held) : nil
    if !search.until.isEmpty {
      try loop(until: clock.now().advanced(by: max(.seconds(1), search.confirm / 10))) { _ in false
      }
    }
    try sample(hostReadings.readings())
    if let condition = conditionMet(
      of: search, since: began, openedAt: openedAt, standingSince: isStepDown ? openedAt : nil)
    {
      walk.wasTooMany()
      noteStep(goal, held, .tooMany, condition)
    } else if held < goal {
      walk.wasLimited(to: held)
      noteStep(goal, held, .limit, phantomCause ?? limitInSight ?? "")
    } else {
      walk.reached()
      noteStep(goal, held, .reached)
    }
  }

  /// Whether a worker has died in this phase.
  private var hasLostWorker: Bool {
    state.limits.contains { $0.phase == state.phases[phaseIndex].name && $0.isDeath }
  }

  /// Messages of the run that were not answered in time and are still unanswered.
  private var missingMessages: Int {
    plan.patterns.indices.reduce(0) { $0 + fleet.total($1, .missing, .client) }
  }

  /// Closes all connections where those that stand cannot be used for the goal, so that it is opened anew. That
  /// is so in two cases:
  /// - `until` has a condition on handshakes, which needs new handshakes.
  /// - More messages are unanswered than at the last such close. On a connection that still owes an answer,
  ///   the client could not tell that late answer from the answer to a new message.
  ///
  /// Does nothing while fewer connections than the goal are held.
  ///
  /// - Returns: whether it closed them.
  private mutating func closeAllBeforeOpening(
    _ goal: Int, _ search: Phase.Search
  ) throws(RecordingError) -> Bool {
    let missing = missingMessages
    let needsHandshakes = search.until.contains(where: \.metric.isOfHandshakes)
    guard needsHandshakes || missing > missingAtLastClose,
      fleet.current(.held, .client) >= goal
    else { return false }
    missingAtLastClose = missing
    try openOrClose(to: 0)
    try sample(hostReadings.readings())
    return true
  }

  /// Finds out why a goal stays out of reach though nothing failed: the server does not accept connections that
  /// the clients have opened.
  ///
  /// - Returns: why it does not accept them; nil where the goal is missed for another reason.
  private mutating func explainPhantoms(_ held: Int) -> String? {
    var record = state.phases[phaseIndex]
    record.phantom = max(0, fleet.current(.held, .client) - held)
    guard record.phantom > 0 else { return nil }
    state.phases[phaseIndex].phantom = max(state.phases[phaseIndex].phantom, record.phantom)
    record.ended = clock.now().seconds(since: started)
    let readings = hostReadings.readings()
    // The finder below uses the path findings, which this brings up to date.
    _ = lookAtPath(adding: readings)
    phantomLimits = finder(readings).limits(
      of: record, failures: [], memoryGuard: nil, workerDied: false)
    return phantomLimits.first?.cause
  }

  private mutating func confirm(
    _ count: Int, _ search: Phase.Search, _ walk: inout SearchWalk
  ) throws(RecordingError) {
    // After such a close all connections are opened again, as in a step; otherwise only those that were lost.
    let closedAll = try closeAllBeforeOpening(count, search)
    guard course.waitsGoOn else { return }
    closedAll ? course.startGrowing() : course.stopGrowing()
    let began = clock.now().seconds(since: started)
    live?.keepFrom = began
    let openedAt = try openOrClose(to: count)
    course.stopGrowing()
    guard course.waitsGoOn else { return }
    try sample(hostReadings.readings())
    let holdBegan = clock.now().seconds(since: started)
    let closedBefore = fleet.total(.closedByPeer, .client)
    try loop(until: clock.now().advanced(by: search.confirm)) { _ in false }
    guard course.waitsGoOn else { return }
    try sample(hostReadings.readings())
    let held = heldAtBothEnds()
    if let condition = conditionMet(
      of: search, since: began, openedAt: openedAt, standingSince: holdBegan)
    {
      walk.wasLost(leaving: held)
      noteStep(count, held, .tooMany, condition)
    } else if held < count {
      let closed = fleet.total(.closedByPeer, .client) - closedBefore
      walk.wasLost(leaving: held)
      noteStep(
        count, held, .lost,
        closed > 0
          ? "\(Format.count(closed)) were closed by the peer"
          : "\(Format.count(count - held)) did not last")
    } else {
      walk.confirmed()
      noteStep(count, held, .confirmed)
    }
  }

  /// Opens or closes connections until both ends hold `goal`, or a limit keeps the number below it. Connections
  /// that are lost on the way are opened again until several tries in a row bring no more: a single failure is no limit.
  ///
  /// A step down is over when all messages that were sent before it have been answered or given up.
  ///
  /// - Returns: when the clients had settled for the last time, in seconds since the run began. `openOrClose` takes a
  ///   sample at that instant, so that a connect rate can be measured up to it.
  @discardableResult
  private mutating func openOrClose(to goal: Int) throws(RecordingError) -> Double {
    // A worker that has met a limit opens nothing more. A limit that was met at another number must not keep it
    // from opening connections again that were lost since. If the limit still holds, it is met again.
    fleet.forgetLimits()
    var most = -1
    var vainTries = 0
    // False in a confirmation that only replaces lost connections. Growth was stopped before that, so `mayGrow`
    // tells of no limit there.
    let couldGrow = course.mayGrow
    var openedAt = clock.now().seconds(since: started)
    while course.waitsGoOn {
      let planned = timeToOpen(goal - fleet.current(.held, .client))
      let began = clock.now()
      fleet.post(.begin, phase: phaseIndex, start: clock.now(), goal: goal)
      try loop(until: nil) { fleet in fleet.hasSettled }
      let settledAt = clock.now()
      openedAt = settledAt.seconds(since: started)
      try sample(hostReadings.readings(), at: settledAt)
      try settleServer()
      let held = heldAtBothEnds()
      if held >= goal { break }
      vainTries = held > most ? 0 : vainTries + 1
      most = max(most, held)
      // A try that took `settleTime` longer than its pace needs has waited in vain for the server's answers. One
      // more try would, too.
      if vainTries > 0, settledAt > began.advanced(by: planned + Self.settleTime) { break }
      if vainTries >= Self.mostVainTries || hasLimitedWorker || couldGrow && !course.mayGrow {
        break
      }
    }
    return openedAt
  }

  /// How long it takes to begin `count` connections at the pace of the search.
  private func timeToOpen(_ count: Int) -> Duration {
    guard case .search(let search) = plan.phases[phaseIndex].kind else { return .zero }
    return switch search.pace {
    case .unpaced: .zero
    // No longer than thirty years: a duration traps on more seconds than 64 bits hold.
    case .rate(let rate): .seconds(min(1e9, Double(max(0, count)) / rate))
    case .over(let span): span
    }
  }

  /// Whether a worker or the guard has stopped the growth of this phase.
  private var isLimited: Bool { !course.mayGrow || hasLimitedWorker }

  private var hasLimitedWorker: Bool {
    let phaseIndex = phaseIndex
    return fleet.any(.client) { $0.isLimited(in: phaseIndex) }
      || fleet.any(.server) { $0.isLimited(in: phaseIndex) }
  }

  /// Connections that stand at both ends; where nobody knows what the server holds, those that the clients hold.
  private mutating func heldAtBothEnds() -> Int {
    let (established, accepted) = countHeld()
    return min(established, accepted ?? established)
  }

  /// The first condition of `until` that holds, with what was measured, for people; nil when none holds. Such a
  /// condition says what is too much, so one that holds ends the step. Instants are seconds since the run began.
  ///
  /// - Parameters:
  ///   - began: when the step began: metrics of handshakes are measured from then on.
  ///   - openedAt: when the clients had opened all that they could: the connect rate is measured
  ///     until then, all other metrics until now.
  ///   - standingSince: when the hold of a confirmation began, or a step down was over. Metrics that are not of
  ///     handshakes are measured from then on. Nil in a step up, where all metrics are measured from `began` on.
  private func conditionMet(
    of search: Phase.Search, since began: Double, openedAt: Double, standingSince: Double? = nil
  ) -> String? {
    guard let live else { return nil }
    for condition in search.until {
      let from = condition.metric.isOfHandshakes ? began : standingSince ?? began
      let until = condition.metric == .connectRate ? openedAt : live.recording.duration
      let span = from...max(from, until)
      guard let value = live.recording.measure(condition.metric, in: span) else {
        if isExceededWithoutAnswer(condition, in: span) {
          return "\(condition.text) (no right answer came)"
        }
        continue
      }
      guard condition.comparison.holds(value, condition.value) else { continue }
      return LiveRecording.Violation(threshold: condition, value: value).text
    }
    return nil
  }

  /// Whether the round trip of a condition is exceeded for certain, though no right answer came and there is
  /// nothing to measure. It is where a message has already waited for its answer for longer, and where one was
  /// given up whose timeout is at least as long.
  private func isExceededWithoutAnswer(_ condition: Threshold, in span: ClosedRange<Double>) -> Bool
  {
    guard let live, case .percentile(_, of: .roundTrip) = condition.metric,
      condition.comparison == .more || condition.comparison == .atLeast
    else { return false }
    // Patterns that expect no answer are left out. So are those of conversations, which have no expectation of
    // their own: their steps are timed one by one, and the client may not have sent the first step yet.
    let answerable = plan.patterns.filter { $0.expectation != .none }
    return answerable.contains { pattern in
      func count(_ outcome: MessageOutcome, at instant: Double) -> Double {
        live.recording.series(.messages(outcome, pattern.name))?.level(at: instant) ?? 0
      }
      let decided = MessageOutcome.lost.reduce(count(.received, at: span.upperBound)) {
        $0 + count($1, at: span.upperBound)
      }
      let isWaiting = count(.sent, at: span.upperBound - condition.value) > decided
      let isGivenUp = count(.missing, at: span.upperBound) > count(.missing, at: span.lowerBound)
      return isWaiting || isGivenUp && Double(pattern.timeout) / 1e9 >= condition.value
    }
  }

  /// Records how a step, or a confirmation, of the search went.
  private mutating func noteStep(
    _ goal: Int, _ held: Int, _ outcome: SearchStep.Outcome, _ reason: String = ""
  ) {
    state.searchSteps.append(
      SearchStep(
        phase: state.phases[phaseIndex].name, at: clock.now().seconds(since: started), goal: goal,
        held: held, outcome: outcome, reason: reason))
    let why = reason.isEmpty ? "" : ": \(reason)"
    progress.note(
      "\(plan.name): search: \(Format.count(held)) of \(Format.count(goal)) \(outcome.word)\(why)")
  }
}

extension SearchStep.Outcome {
  /// For people.
  fileprivate var word: String {
    switch self {
    case .reached: "reached"
    case .limit: "held at a limit"
    case .tooMany: "are too many"
    case .confirmed: "confirmed"
    case .lost: "did not last"
    }
  }
}

extension Metric {
  /// Whether the metric has a value only while connections are opened.
  fileprivate var isOfHandshakes: Bool {
    switch self {
    case .percentile(_, of: .connect), .percentile(_, of: .secure), .connectRate, .resumed: true
    default: false
    }
  }
}
