package import Linux
package import SystemPackage

/// One worker's process, forked or simulated, as the coordinator sees it. What the worker counts is
/// on its scoreboard.
package protocol WorkerProcess {
  /// The process ID.
  var id: Int32 { get }
  /// Seconds of processor time that the process has used; nil once it is reaped.
  var processorTime: Double? { get }
  /// The state of the process, as proc_pid_stat(5) names it; nil where that cannot be read.
  var state: Character? { get }
  /// Has the worker look at the order on its board, and give a sign of life (`Counter.turns`).
  func wake()
  /// Ends the process at once.
  func kill()
  /// Waits until the process has ended.
  func awaitEnd()
  /// Gives back the descriptor by which `wake` reaches the worker.
  func release()
}

/// Starts the workers of a run, and tells which of them have ended: as forked processes
/// (`ForkedWorkers`) or in a simulation.
package protocol WorkerHost: AnyObject {
  /// - Parameter board: must outlive the worker.
  func start(
    _ role: Worker.Role, board: Scoreboard
  ) throws(ForkFailure) -> any WorkerProcess

  /// Takes one worker that has ended; nil when there is none. Each is returned once.
  func reapAny() -> WorkerEnd?
}

/// How a worker's process ended, and the processor time that it took in all.
package struct WorkerEnd: Sendable {
  package let id: Int32
  package let ending: ChildProcess.Ending
  package let time: ProcessorTime

  package init(id: Int32, ending: ChildProcess.Ending, time: ProcessorTime) {
    self.id = id
    self.ending = ending
    self.time = time
  }
}

/// The system call that kept a worker from being started.
package struct ForkFailure: Error {
  package enum Call: Sendable {
    case eventfd, fork
  }

  package let call: Call
  package let errno: Errno

  package init(_ call: Call, _ errno: Errno) {
    self.call = call
    self.errno = errno
  }
}
