package import Host
import Linux
package import Probe
import Recording
import SystemPackage

/// Why the workers of a run could not be started: which call failed, and which limit made it fail.
package struct RunStartFailure: Error, CustomStringConvertible {
  package let cause: Start.Cause

  package init(_ failure: Fleet.WorkerNotForked, _ demand: Demand, on host: HostDescription) {
    cause = Start.diagnose(
      failure.call, errno: ErrnoRecord(failure.errno), started: failure.started, demand, on: host)
  }

  package var description: String { "cannot start the workers: \(cause)" }
}

extension ForkedWorkers {
  /// Makes the `WorkerHost` that forks the workers of a run. Fails where the event counter cannot be opened with
  /// which workers call for attention.
  package static func prepared(
    for demand: Demand, on host: HostDescription
  ) throws(RunStartFailure) -> ForkedWorkers {
    do throws(Errno) {
      return try ForkedWorkers()
    } catch {
      throw RunStartFailure(
        Fleet.WorkerNotForked(call: .eventfd, errno: error, started: 0), demand, on: host)
    }
  }
}
