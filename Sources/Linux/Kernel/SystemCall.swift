public import CLinux
public import SystemPackage

/// The errno of the system call that has just failed.
@inlinable
@inline(__always)
package var lastError: Errno { Errno(rawValue: runner_errno()) }

/// Runs a system call again for as long as a signal interrupts it.
@inline(__always)
func retrying(_ call: () -> Int) throws(Errno) -> Int {
  while true {
    let result = call()
    if result >= 0 { return result }
    let error = lastError
    if error != .interrupted { throw error }
  }
}

/// The outcome of an attempt to read or write bytes.
@usableFromInline
package enum Transfer: Equatable {
  case moved(Int)
  case wouldBlock
  /// The peer has finished sending.
  case closed
  case failed(Errno)
}
