import Host
import Linux
import Recording

/// A run whose workers could not be started: which call failed, and which limit that was.
struct StartFailure: Error, CustomStringConvertible {
  let cause: Start.Cause

  init(_ failure: Fleet.NotStarted, _ demand: Demand, on host: HostDescription) {
    cause = Start.diagnose(
      failure.call, errno: ErrnoRecord(failure.errno), started: failure.started, demand, on: host)
  }

  var description: String { "cannot start the workers: \(cause)" }
}
