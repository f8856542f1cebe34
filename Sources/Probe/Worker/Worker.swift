package import Linux
package import SystemPackage
import WorkerLog

/// A worker process from its first instruction to its last.
package enum Worker {
  package enum Role: Sendable {
    case client(ClientAssignment)
    case server(ServerAssignment)

    fileprivate var processors: [Int] {
      switch self {
      case .client(let assignment): assignment.processors
      case .server(let assignment): assignment.processors
      }
    }
  }

  /// Plays the role until told to quit; returns the exit code. To be called in a forked child.
  ///
  /// - Parameters:
  ///   - wakeUp: becomes readable when an order stands on the board.
  ///   - attention: is polled by the coordinator.
  package static func run(
    _ role: Role, board: Scoreboard, wakeUp: FileDescriptor, attention: FileDescriptor
  ) -> Int32 {
    KillOrder.take(KillOrder.early)
    CurrentProcess.ignoreSignalsOfGroup()
    SignalSource.unblockAll()
    CurrentProcess.useExactTimers()
    CurrentProcess.stay(on: role.processors)
    do throws(WorkerSetupFailure) {
      return try play(role, board, wakeUp, attention) ? 0 : 1
    } catch {
      report(error, on: board, at: .now())
      EventCounter.signal(attention)
      return 1
    }
  }

  /// Writes down that a worker could not start, and why.
  package static func report(_ failure: WorkerSetupFailure, on board: Scoreboard, at now: Instant) {
    board.add(.failures)
    board.failures.add(
      failure.call, failure.errno, phase: 0, at: now, held: 0, position: nil)
    board.failures.markStopped(failure.call, failure.errno, phase: 0, at: now)
    board[.state] = WorkerState.failed.rawValue
  }

  /// False when it ended without having been told to.
  private static func play(
    _ role: Role, _ board: Scoreboard, _ wakeUp: FileDescriptor, _ attention: FileDescriptor
  ) throws(WorkerSetupFailure) -> Bool {
    var kept = [wakeUp, attention]
    if case .server(let assignment) = role, let pipe = assignment.receivedPipe { kept.append(pipe) }
    let own = kept
    kept = try starting(.duplicate) { () throws(Errno) in try CurrentProcess.keepOnly(own) }
    switch role {
    case .client(let assignment):
      let kernel = try LinuxKernel(wakeUp: kept[0], attention: kept[1])
      var client = try Client(kernel: kernel, assignment: assignment, board: board)
      while client.turn() {}
      return client.command.order == .quit
    case .server(var assignment):
      if assignment.receivedPipe != nil {
        // Its reader may go first.
        CurrentProcess.ignoreSignalsOfWriting()
        assignment.receivedPipe = kept[2]
      }
      // Any number of strangers may connect; a row of the tables is the descriptor's number.
      let rows = assignment.descriptorLimit
      try starting(.descriptorLimit) { () throws(Errno) in
        try ResourceLimit.lowerDescriptors(to: rows)
      }
      let kernel = try LinuxKernel(wakeUp: kept[0], attention: kept[1])
      var server = try Server(kernel: kernel, assignment: assignment, board: board)
      while server.turn() {}
      return server.command.order == .quit
    }
  }
}
