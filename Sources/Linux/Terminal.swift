import CLinux
import Glibc

/// The terminal that standard error may be.
package enum Terminal {
  /// Whether standard error is one.
  package static var isPresent: Bool { isatty(STDERR_FILENO) == 1 }

  /// Whether standard output is one.
  package static var hasOutput: Bool { isatty(STDOUT_FILENO) == 1 }

  /// Whether standard input is one.
  package static var hasInput: Bool { isatty(STDIN_FILENO) == 1 }

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
  package static func write(_ text: String) { writeAll(text, to: STDOUT_FILENO) }
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
