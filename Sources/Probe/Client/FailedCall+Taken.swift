package import SystemPackage
package import WorkerLog

extension FailedCall {
  /// Whether the errno means only that this source port, or this tuple of source and endpoint, is in
  /// use. The next tuple may be free.
  package func isTaken(_ error: Errno) -> Bool {
    switch self {
    case .bind: error == .addressInUse
    case .connect: error == .addressNotAvailable
    default: false
    }
  }
}
