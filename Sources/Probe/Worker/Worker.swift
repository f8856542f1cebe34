package import Linux
package import SystemPackage
import WorkerLog

/// What a worker process does from its fork to its end.
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

  /// Plays the role until the coordinator orders the worker to quit. To be called in a forked
  /// child.
  ///
  /// - Parameters:
  ///   - wakeUp: an event counter that becomes readable when the coordinator has written an order
  ///     on the board, or wants a sign of life.
  ///   - attention: an event counter by which the worker wakes the coordinator.
  /// - Returns: the exit code: 0 after an order to quit, 1 where the worker could not start or go
  ///   on.
  package static func run(
    _ role: Role, board: Scoreboard, wakeUp: FileDescriptor, attention: FileDescriptor
  ) -> Int32 {
    KillOrder.take(KillOrder.early)
    CurrentProcess.ignoreSignalsOfGroup()
    SignalSource.unblockAll()
    CurrentProcess.useExactTimers()
    CurrentProcess.restrict(to: role.processors)
    do throws(WorkerSetupFailure) {
      return try play(role, board, wakeUp, attention) ? 0 : 1
    } catch {
      report(error, on: board, at: .now())
      EventCounter.signal(attention)
      return 1
    }
  }

  /// Records on the board that the worker could not start, and why.
  package static func report(_ failure: WorkerSetupFailure, on board: Scoreboard, at now: Instant) {
    board.add(.failures)
    board.failures.add(
      failure.call, failure.errno, phase: 0, at: now, held: 0, position: nil)
    board.failures.markStopped(failure.call, failure.errno, phase: 0, at: now)
    board[.state] = WorkerState.failed.rawValue
  }

  /// Runs the worker's loop; false when it ended without an order to quit.
  private static func play(
    _ role: Role, _ board: Scoreboard, _ wakeUp: FileDescriptor, _ attention: FileDescriptor
  ) throws(WorkerSetupFailure) -> Bool {
    var kept = [wakeUp, attention]
    if case .server(let assignment) = role, let pipe = assignment.receivedPipe { kept.append(pipe) }
    let inherited = kept
    kept = try starting(.duplicate) { () throws(Errno) in try CurrentProcess.keepOnly(inherited) }
    switch role {
    case .client(let assignment):
      let kernel = try LinuxKernel(wakeUp: kept[0], attention: kept[1])
      return try Layers(assignment, board).put(
        on: kernel, for: ClientLoop(assignment: assignment, board: board))
    case .server(var assignment):
      if assignment.receivedPipe != nil {
        // The pipe's reader may end first. Without this, SIGPIPE would then end the worker.
        CurrentProcess.ignoreSignalsOfWriting()
        assignment.receivedPipe = kept[2]
      }
      // The tables have a row for each descriptor below this limit, however many strangers connect.
      let rows = assignment.descriptorLimit
      try starting(.descriptorLimit) { () throws(Errno) in
        try ResourceLimit.lowerDescriptors(to: rows)
      }
      let kernel = try LinuxKernel(wakeUp: kept[0], attention: kept[1])
      return try Layers(assignment, board).put(
        on: kernel, for: ServerLoop(assignment: assignment, board: board))
    }
  }

  // Both loops are true where an order to quit has ended them.

  private struct ClientLoop: KernelUser {
    let assignment: ClientAssignment
    let board: Scoreboard

    func use<System: Kernel & ~Copyable>(
      _ kernel: consuming System
    ) throws(WorkerSetupFailure) -> Bool {
      var client = try Client(kernel: kernel, assignment: assignment, board: board)
      while client.turn() {}
      return client.command.order == .quit
    }
  }

  private struct ServerLoop: KernelUser {
    let assignment: ServerAssignment
    let board: Scoreboard

    func use<System: Kernel & ~Copyable>(
      _ kernel: consuming System
    ) throws(WorkerSetupFailure) -> Bool {
      var server = try Server(kernel: kernel, assignment: assignment, board: board)
      while server.turn() {}
      return server.command.order == .quit
    }
  }
}
