public import CLinux
public import SystemPackage

/// The errno of the system call that has just failed.
@inlinable
@inline(__always)
package var lastError: Errno { Errno(rawValue: runner_errno()) }

/// The outcome of an attempt to read or write bytes.
@usableFromInline
package enum Transfer: Equatable {
  /// So many bytes were read or written.
  case moved(Int)
  /// There is nothing to read, or no room to write, at present.
  case wouldBlock
  /// The peer has finished sending.
  case closed
  case failed(Errno)
}
