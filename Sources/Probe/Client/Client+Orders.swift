import Linux

/// What the coordinator asks for, and when it is done.
extension Client where System: ~Copyable {
  mutating func obey() {
    kernel.clearWakeUp()
    // A call for a sign of life brings no new order.
    guard let next = board.command(), next != command else { return }
    command = next
    switch command.order {
    case .begin:
      notes.begin(phase: command.phase, at: command.start)
      let task = assignment.tasks[command.phase]
      begin(task)
      beginMessages(during: task)
    case .settle:
      opening.end()
      messageEngine.end(at: now)
      churn.end()
      // Even with nothing under way: the order to begin may have been overwritten before it was
      // read, and the phase must settle all the same. A close goes on to its end.
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
    opening.beginPhase(retries: task.opens ? assignment.retries : 0)
    // What an earlier churn has left goes at once.
    churn.endPhase()
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
      let own = Int(board[.held] + board[.connecting])
      schedule = Schedule(start: command.start, rate: pace.rate(own: own, of: assignment.share))
      work = .closing(done: 0, slot: 0, reset: reset)
    }
  }

  private mutating func open(upTo goal: Int, _ pace: ClientTask.Pace) {
    let own = max(0, assignment.share.part(of: goal) - staying)
    schedule = Schedule(
      start: command.start, rate: pace.rate(own: own, of: assignment.share),
      recorded: recordedArrivals)
    opening.plan(own)
    work = .opening
  }

  /// What is driven again in this phase; nil in a run that is no replay.
  var recordedArrivals: ArrivalCurve? {
    command.phase < assignment.recordedArrivals.count
      ? assignment.recordedArrivals[command.phase] : nil
  }

  private mutating func seek(_ goal: Int, _ pace: ClientTask.Pace) {
    let excess = staying - assignment.share.part(of: goal)
    guard excess > 0 else { return open(upTo: goal, pace) }
    work = .shedding(left: excess, above: connections.firstUnused)
  }

  /// Connections, with those whose handshake is under way, that nothing is going to close.
  private var staying: Int { Int(board[.held] + board[.connecting]) - leavers - churn.count }

  /// Says that the order is carried out, once it is.
  mutating func settleWhenDone() {
    guard case .settling = work, connections.oldestConnecting == ConnectionTable.none,
      churn.count == 0, leavers == 0,
      command.order != .settle
        || (messageEngine.beginsNoMessages && !connections.hasMessageUnderWay)
    else { return }
    work = .none
    notes.flush()
    board[.settledOrder] = command.number
    kernel.callAttention()
  }
}
