import CLinux
import Glibc
package import SystemPackage

/// The terminal that standard error may be.
package enum Terminal {
  /// Whether standard error is one.
  package static var isPresent: Bool { isatty(STDERR_FILENO) == 1 }

  /// Whether standard output is one.
  package static var hasOutput: Bool { isatty(STDOUT_FILENO) == 1 }

  /// Whether standard input is one.
  package static var hasInput: Bool { isatty(STDIN_FILENO) == 1 }

  /// The process group that it is lent to, by a shell with job control; nil without a terminal.
  package static var foreground: Int32? {
    let group = tcgetpgrp(STDERR_FILENO)
    return group > 0 ? group : nil
  }

  /// Its columns; nil when it has none to tell.
  package static var width: Int? {
    let columns = runner_terminal_width(STDERR_FILENO)
    return columns > 0 ? Int(columns) : nil
  }
}

/// Progress and diagnostics.
package enum StandardError {
  package static func write(_ text: String) { writeAll(text, to: STDERR_FILENO) }
}

/// Results.
package enum StandardOutput {
  /// Writes all of a text, or says why it could not: half of a result is none. A reader that has
  /// seen enough of it is fine.
  package static func write(_ text: String) throws(Errno) { try write(Array(text.utf8)) }

  /// What is shown as it comes, to whoever looks.
  package static func show(_ text: String) { writeAll(text, to: STDOUT_FILENO) }

  package static func write(_ bytes: [UInt8]) throws(Errno) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = unsafe rest.withUnsafeBytes {
        unsafe Glibc.write(STDOUT_FILENO, $0.baseAddress!, $0.count)
      }
      if count > 0 {
        rest = rest.dropFirst(count)
      } else if errno == EPIPE {
        return
      } else if errno != EINTR {
        throw Errno(rawValue: errno)
      }
    }
  }
}

/// Unbuffered, so that a forked child never repeats what its parent had not written yet. A reader
/// that has gone away is not our failure.
private func writeAll(_ text: String, to descriptor: Int32) {
  var text = text
  text.withUTF8 { bytes in
    var rest = unsafe UnsafeRawBufferPointer(bytes)[...]
    while unsafe !rest.isEmpty {
      let start = unsafe UnsafeRawBufferPointer(rebasing: rest)
      let count = unsafe write(descriptor, start.baseAddress!, start.count)
      if count < 0 && errno != EINTR { return }
      unsafe rest = rest.dropFirst(max(0, count))
    }
  }
}
