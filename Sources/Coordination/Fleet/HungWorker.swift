import Linux

/// A worker that was given up, since it did not answer.
package struct HungWorker: Equatable {
  /// As proc_pid_stat(5) has it; nil where that could not be read.
  let state: Character?
  let time: Duration

  /// How long a worker may be silent, given what its process does. One that is stopped, or sleeps
  /// though something is there to be read, will not go on by itself. One that wants to run may have
  /// to wait for a processor, and one in the kernel for a disk or for memory.
  static func patience(_ state: Character?) -> Duration {
    isAtRest(state) ? .seconds(5) : .seconds(30)
  }

  /// Whether it is stopped, or sleeps: neither runs nor waits for the kernel.
  static func isAtRest(_ state: Character?) -> Bool {
    state.map { "TtS".contains($0) } ?? false
  }

  /// Whether it will not go on by itself. A tracer stops a process at every call and lets it go on:
  /// of one in state t only its silence tells.
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
