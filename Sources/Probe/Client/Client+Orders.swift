import Linux

/// Carrying out the coordinator's orders, and telling it when that is done.
extension Client where System: ~Copyable {
  mutating func obey() {
    connections.kernel.clearWakeUp()
    // The coordinator also wakes a worker for a sign of life, without a new order.
    guard let next = connections.board.command(), next != command else { return }
    if next.phase != command.phase { connections.board.forgetSaid() }
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
    // Has the connections of an earlier churn that still stand closed at once, unless `beginChurn`
    // takes that back.
    connections.churn.endPhase()
    switch task {
    case .open(let goal, let pace):
      open(upTo: goal, pace)
    case .seek(let most, let pace):
      seek(min(command.goal ?? most, most), pace)
    case .keep:
      work = .settling
    case .churn(let rate, let lifetime, let span, let reset):
      beginChurn(rate: rate, lifetime: lifetime, span: span, reset: reset)
    case .close(let pace, let reset):
      let own = Int(connections.board[.held] + connections.board[.connecting])
      schedule = Schedule(
        start: command.start, rate: pace.rate(own: own, of: connections.assignment.share))
      work = .closing(done: 0, slot: 0, reset: reset)
    }
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

  /// Connections and handshakes under way, without those that are to be closed and those of churns.
  private var stayingCount: Int {
    Int(connections.board[.held] + connections.board[.connecting]) - connections.pendingCloseCount
      - connections.churn.count
  }

  /// Tells the coordinator that the order in force is carried out, once it is.
  mutating func settleWhenDone() {
    guard case .settling = work, connections.rows.oldestConnecting == ConnectionTable.none,
      connections.churn.count == 0, connections.pendingCloseCount == 0,
      command.order != .settle
        || (messageEngine.beginsNoMessages && !connections.rows.hasMessageUnderWay),
      !stepsDown || messageEngine.waitsForNoAnswer(among: &connections)
    else { return }
    if stepsDown { messageEngine.resume(among: &connections) }
    stepsDown = false
    work = .none
    connections.notes.flush()
    connections.board[.settledOrder] = command.number
    connections.kernel.callAttention()
  }
}
