import Linux

/// A worker that was given up because it did not answer.
package struct HungWorker: Equatable {
  /// The state of its process, as in proc_pid_stat(5); nil where the state could not be read.
  let state: Character?
  /// How long it had been silent.
  let time: Duration

  /// How long a worker may be silent, given the state of its process. A worker that wants to run may have to wait
  /// for a processor, and one in the kernel for a disk or for memory. So these get more time than a worker that
  /// is stopped, or that sleeps though it was woken.
  static func patience(_ state: Character?) -> Duration {
    isAtRest(state) ? .seconds(5) : .seconds(30)
  }

  /// Whether a process in this state is stopped or sleeps: it neither runs nor hangs in the kernel.
  static func isAtRest(_ state: Character?) -> Bool {
    state.map { "TtS".contains($0) } ?? false
  }

  /// Whether only SIGCONT makes a process in this state go on. Not so in state t: a tracer may stop a process at
  /// every system call and let it go on each time, so such a worker is given up only for its silence.
  static func isStopped(_ state: Character?) -> Bool { state == "T" }

  /// "was stopped (state T)".
  var words: String {
    switch state {
    case "T": "was stopped (state T)"
    case "t": "was stopped by a debugger (state t)"
    case "S": "slept and did not wake (state S)"
    case "D": "hung in the kernel (state D)"
    case "R": "ran without an end, or got no processor (state R)"
    case let state?: "did not answer (state \(state))"
    case nil: "did not answer"
    }
  }
}
