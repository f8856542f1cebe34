import Addressing
import Coordination
import Linux
import Probe
import Recording
import SystemPackage
import WorkerLog

/// Failures of `connect`: one record per call and errno, with the circumstances of the first
/// failure.
struct FailureTally {
  private(set) var records: [FailureRecord] = []

  /// - Parameters:
  ///   - seconds: since the session started.
  ///   - established: connections at that instant.
  mutating func add(
    _ call: FailedCall, _ errno: Errno?, at seconds: Double, established: Int,
    source: SocketAddress?, endpoint: SocketAddress
  ) {
    let number = errno.map { Int($0.rawValue) }
    if let known = records.firstIndex(where: {
      $0.syscall == call.name && $0.errno?.number == number
    }) {
      records[known].count += 1
      return
    }
    records.append(
      FailureRecord(
        end: .client, worker: nil, phase: "connect", syscall: call.name,
        errno: errno.map {
          ErrnoRecord($0)
        },
        count: 1, firstInstant: seconds, established: established, accepted: 0,
        source: source.map { "\($0)" }, endpoint: "\(endpoint)"))
  }
}
