import Host
import Linux
import Probe
import Recording
import SystemPackage

/// A run whose workers could not be started: which call failed, and which limit that was.
struct StartFailure: Error, CustomStringConvertible {
  let cause: Start.Cause

  init(_ failure: Fleet.NotStarted, _ demand: Demand, on host: HostDescription) {
    cause = Start.diagnose(
      failure.call, errno: ErrnoRecord(failure.errno), started: failure.started, demand, on: host)
  }

  var description: String { "cannot start the workers: \(cause)" }
}

extension ForkedWorkers {
  /// Ready to fork the workers of a run.
  static func prepared(
    for demand: Demand, on host: HostDescription
  ) throws(StartFailure) -> ForkedWorkers {
    do throws(Errno) {
      return try ForkedWorkers()
    } catch {
      throw StartFailure(
        Fleet.NotStarted(call: .eventfd, errno: error, started: 0), demand, on: host)
    }
  }
}
