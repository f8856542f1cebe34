import CLinux
import Glibc
package import SystemPackage

/// A pipe, which carries bytes from one process to another. Source: pipe(7).
package enum Pipe {
  /// Makes a pipe whose ends are both non-blocking and closed on exec.
  package static func open() throws(Errno) -> (reading: FileDescriptor, writing: FileDescriptor) {
    var ends: (Int32, Int32) = (0, 0)
    let result = unsafe withUnsafeMutableBytes(of: &ends) { bytes in
      unsafe runner_pipe(bytes.baseAddress!.assumingMemoryBound(to: Int32.self))
    }
    guard result == 0 else { throw lastError }
    return (FileDescriptor(rawValue: ends.0), FileDescriptor(rawValue: ends.1))
  }

  /// Reads the bytes that are there; waits for some where the descriptor is a blocking one.
  package static func read(
    _ descriptor: FileDescriptor, into buffer: UnsafeMutableRawBufferPointer
  ) -> Transfer {
    while true {
      let count = unsafe CLinux.read(descriptor.rawValue, buffer.baseAddress, buffer.count)
      if count > 0 { return .moved(count) }
      if count == 0 { return .closed }
      // No `switch` over the `Errno`: matching it with a pattern would box it as an `Error`, which allocates.
      let error = lastError
      if error == .interrupted { continue }
      return error == .resourceTemporarilyUnavailable ? .wouldBlock : .failed(error)
    }
  }

  /// The most bytes that a pipe takes whole or not at all (PIPE_BUF on Linux).
  package static let mostAtomic = 4096

  /// Writes once, and may write only a part of the bytes. Up to `mostAtomic` bytes are written whole or not at all.
  package static func write(
    _ descriptor: FileDescriptor, _ bytes: UnsafeRawBufferPointer
  ) -> Transfer {
    while true {
      let count = unsafe CLinux.write(descriptor.rawValue, bytes.baseAddress, bytes.count)
      if count >= 0 { return .moved(count) }
      let error = lastError
      if error == .interrupted { continue }
      return error == .resourceTemporarilyUnavailable ? .wouldBlock : .failed(error)
    }
  }
}
