package import Linux
package import SystemPackage

/// What the coordinator knows of one worker beside its scoreboard: a process, forked or simulated.
package protocol WorkerProcess {
  /// The process ID.
  var id: Int32 { get }
  /// Seconds of processor time so far; nil where that cannot be told.
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

/// Where workers run: the door through which a run starts them and learns of their ends.
package protocol WorkerHost: AnyObject {
  /// - Parameter board: outlives the worker.
  func start(
    _ role: Worker.Role, board: Scoreboard
  ) throws(ForkFailure) -> any WorkerProcess

  /// One of the workers that have ended, each reported once; nil when there is none.
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
