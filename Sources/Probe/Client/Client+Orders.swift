import Linux

/// Carrying out the coordinator's orders, and telling it when that is done.
extension Client where System: ~Copyable {
  mutating func obey() {
    connections.kernel.clearWakeUp()
    // The coordinator also wakes a worker for a sign of life, without a new order.
    guard let next = connections.board.command(), next != command else { return }
    if next.phase != command.phase {
      connections.board.forgetSaid(patterns: messageEngine.patternCount)
    }
    command = next
    connections.phase = next.phase
    switch command.order {
    case .begin:
      connections.notes.begin(phase: command.phase, at: command.start)
      let task = connections.assignment.tasks[command.phase]
      stepsDown = false
      begin(task)
      messageEngine.begin(task, command, among: &connections)
      // Until the excess connections are closed, messages would measure more connections than were
      // ordered.
      if stepsDown { messageEngine.pause(among: &connections) }
    case .settle:
      opening.end()
      if case .storm = connections.assignment.tasks[command.phase] {
        connections.abandonReturns(countingUntried: true)
      } else {
        connections.returns.close()
      }
      messageEngine.end(at: connections.now)
      stepsDown = false
      connections.churn.end()
      // This order is to be reported as carried out even when `work` is `.none`, since it may have
      // overwritten a `begin` that was never read. But a close goes on to its end.
      if case .closing = work { break }
      work = .settling
    case .verify:
      messageEngine.stopMessages()
      work = .verifying(slot: 0)
    case .wait, .quit:
      break
    }
  }

  private mutating func begin(_ task: ClientTask) {
    opening.beginPhase(retries: task.opens ? connections.assignment.retries : 0)
    // Connections of an earlier churn that are still open are closed at once, unless `beginChurn` takes that back.
    connections.churn.endPhase()
    beginReturns(task)
    switch task {
    case .open(let goal, let pace):
      open(upTo: goal, pace)
    case .seek(let most, let pace):
      seek(min(command.goal ?? most, most), pace)
    case .keep:
      work = .settling
    case .churn(let rate, let lifetime, let span, let reset):
      beginChurn(rate: rate, lifetime: lifetime, span: span, reset: reset)
    case .storm(let backoff, let reset):
      connections.returns.open(backoff, forgivesLosses: true, at: connections.now)
      let held = Int(connections.board[.held])
      let count = min(command.goal ?? 0, held)
      work = .settling
      if count == 0 { connections.board[.cutOrder] = command.number }
      if count > 0 { work = .cutting(Cut(remaining: count, candidates: held, reset: reset)) }
    case .close(let pace, let reset):
      let own = Int(connections.board[.held] + connections.board[.connecting])
      schedule = Schedule(
        start: command.start, rate: pace.rate(own: own, of: connections.assignment.share))
      work = .closing(done: 0, slot: 0, reset: reset)
    }
  }

  /// What is lost in the phase comes back where the plan says so. What still waits from the phase before goes on
  /// waiting then; else it does not come back.
  private mutating func beginReturns(_ task: ClientTask) {
    let phase = command.phase
    let reconnects = connections.assignment.reconnectOfPhase
    guard phase < reconnects.count, let backoff = reconnects[phase] else {
      connections.abandonReturns(countingUntried: false)
      // What is on its way back is no part of what was held. Nor is it an arrival of this phase.
      var slot = connections.rows.oldestConnecting
      while slot != ConnectionTable.none {
        let next = connections.rows.next(after: slot)
        if connections.rows.returns.attempt(of: slot) > 0 { connections.drop(slot) }
        slot = next
      }
      return
    }
    connections.returns.open(backoff, forgivesLosses: task.opens, at: connections.now)
    returnsWaitUntil = nil
    connections.lastReturn = nil
  }

  /// Whether the phase is not over before what was lost has come back: in a storm until its end is ordered, in a
  /// ramp for as long as the longest backoff after all of it was begun. Then nothing more comes back in the ramp, and
  /// what has come back last has to stand for a moment: a full server may close it at once.
  private mutating func waitsForReturns() -> Bool {
    settlesAt = nil
    guard command.order == .begin else { return false }
    let phase = command.phase
    if isRidingStorm { return connections.returns.count > 0 }
    guard case .open = connections.assignment.tasks[phase],
      phase < connections.assignment.reconnectOfPhase.count,
      let backoff = connections.assignment.reconnectOfPhase[phase],
      connections.returns.count > 0 || connections.lastReturn != nil
    else { return false }
    let end = returnsWaitUntil ?? connections.now.advanced(byNanoseconds: backoff.last)
    returnsWaitUntil = end
    if connections.now >= end { connections.returns.close() }
    if connections.returns.isOpen, connections.returns.count > 0 {
      settlesAt = end
      return true
    }
    let moment = min(max(backoff.first, 100_000_000), 1_000_000_000)
    settlesAt = connections.lastReturn?.advanced(byNanoseconds: moment)
    return settlesAt.map { connections.now < $0 } ?? false
  }

  private mutating func open(upTo goal: Int, _ pace: ClientTask.Pace) {
    let own = max(0, connections.assignment.share.part(of: goal) - stayingCount)
    schedule = Schedule(
      start: command.start, rate: pace.rate(own: own, of: connections.assignment.share),
      recorded: recordedArrivals)
    opening.plan(own)
    work = .opening
  }

  /// The arrivals that a replay drives again in this phase; nil where the rate alone says when.
  var recordedArrivals: ArrivalCurve? {
    command.phase < connections.assignment.recordedArrivals.count
      ? connections.assignment.recordedArrivals[command.phase] : nil
  }

  private mutating func beginChurn(rate: Double, lifetime: UInt64, span: UInt64, reset: Bool) {
    connections.churn.begin(lifetime: lifetime, reset: reset)
    schedule = Schedule(start: command.start, rate: rate, recorded: recordedArrivals)
    opening.plan(connections.assignment.share.part(of: schedule.count(within: span)))
    work = .opening
  }

  private mutating func seek(_ goal: Int, _ pace: ClientTask.Pace) {
    let excess = stayingCount - connections.assignment.share.part(of: goal)
    guard excess > 0 else { return open(upTo: goal, pace) }
    stepsDown = true
    work = .shedding(excess: excess, below: connections.rows.firstUnused)
  }

  /// Connections, handshakes under way and connections on their way back, without those that are to be closed and those of churns.
  private var stayingCount: Int {
    Int(connections.board[.held] + connections.board[.connecting]) + Int(connections.returns.count)
      - connections.pendingCloseCount - connections.churn.count
  }

  /// Whether a storm lasts. What has come back may be lost again in it, and come back once more, until its end is ordered.
  // Inlined, as a getter that is called copies the whole client.
  @inline(__always)
  private var isRidingStorm: Bool {
    guard command.order == .begin, case .storm = connections.assignment.tasks[command.phase] else {
      return false
    }
    return true
  }

  /// Tells the coordinator that the order in force is carried out, once it is.
  mutating func settleWhenDone() {
    guard case .settling = work else { return }
    // Asked first: a time runs out also while handshakes are under way, of which there may be some at every turn
    // where a server closes what comes back.
    let waits = waitsForReturns()
    guard !waits, connections.rows.oldestConnecting == ConnectionTable.none,
      connections.churn.count == 0, connections.pendingCloseCount == 0,
      command.order != .settle
        || (messageEngine.beginsNoMessages && !connections.rows.hasMessageUnderWay),
      !stepsDown || messageEngine.waitsForNoAnswer(among: &connections)
    else { return }
    if stepsDown { messageEngine.resume(among: &connections) }
    stepsDown = false
    work = .none
    if !isRidingStorm { connections.concedeReturns() }
    connections.notes.flush()
    connections.board[.settledOrder] = command.number
    connections.kernel.callAttention()
  }
}
