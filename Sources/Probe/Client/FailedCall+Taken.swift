package import SystemPackage
package import WorkerLog

extension FailedCall {
  /// Whether the failure means that this one pair of source port and endpoint is in use, and the next
  /// one may not be.
  package func isTaken(_ error: Errno) -> Bool {
    switch self {
    case .bind: error == .addressInUse
    case .connect: error == .addressNotAvailable
    default: false
    }
  }
}
