import CLinux
import Glibc
package import SystemPackage

/// The terminal behind standard input, output and error, where there is one.
package enum Terminal {
  /// Whether standard error is a terminal.
  package static var isPresent: Bool { isatty(STDERR_FILENO) == 1 }

  /// Whether standard output is a terminal.
  package static var hasOutput: Bool { isatty(STDOUT_FILENO) == 1 }

  /// Whether standard input is a terminal.
  package static var hasInput: Bool { isatty(STDIN_FILENO) == 1 }

  /// The process group in the foreground of the terminal at standard error, as a shell with job control
  /// sets it; nil without a terminal.
  package static var foreground: Int32? {
    let group = tcgetpgrp(STDERR_FILENO)
    return group > 0 ? group : nil
  }

  /// The columns of the terminal at standard error; nil when it does not tell.
  package static var width: Int? {
    let columns = runner_terminal_width(STDERR_FILENO)
    return columns > 0 ? Int(columns) : nil
  }
}

/// Where progress and diagnostics go.
package enum StandardError {
  /// Writes a text, and waits for room. The text may hold names and contents of files, which come from anyone.
  /// So U+FFFD replaces each character that a terminal would obey.
  ///
  /// - Parameter interruption: the wait for room ends once this is readable, and the rest is left out.
  package static func write(_ text: String, until interruption: FileDescriptor? = nil) {
    Linux.write(text.withoutControls, to: STDERR_FILENO, Patience(until: interruption))
  }

  /// As `write`, but leaves out what there is no room for now. For texts about a run that goes on: whoever has
  /// stopped the terminal (Ctrl-S), or does not read a full pipe, must not stop the run.
  package static func offer(_ text: String) {
    Linux.write(text.withoutControls, to: STDERR_FILENO, .none)
  }

  /// As `offer`, but writes every character as it is: a picture has escape sequences that move the cursor and
  /// set colours. Names in the picture must be clean already.
  package static func draw(_ text: String) -> Written {
    Linux.write(text, to: STDERR_FILENO, .none)
  }
}

extension String {
  fileprivate var withoutControls: String {
    guard unicodeScalars.contains(where: \.isObeyed) else { return self }
    return String(String.UnicodeScalarView(unicodeScalars.map { $0.isObeyed ? "\u{FFFD}" : $0 }))
  }
}

extension Unicode.Scalar {
  /// Whether a terminal may do something other than show the character. Line feeds and tabs are allowed.
  fileprivate var isObeyed: Bool {
    switch self {
    case "\n", "\t": false
    default:
      [.control, .format, .lineSeparator, .paragraphSeparator].contains(properties.generalCategory)
    }
  }
}

/// Where results go.
package enum StandardOutput {
  /// Writes all of a text, or throws. A pipe whose reader has gone is no failure: the reader has seen enough.
  package static func write(_ text: String) throws(Errno) { try write(Array(text.utf8)) }

  /// Writes a text for people who watch the output as it comes; failures are ignored.
  ///
  /// - Parameter interruption: the wait for room ends once this is readable, and the rest is left out.
  package static func show(_ text: String, until interruption: FileDescriptor? = nil) {
    Linux.write(text, to: STDOUT_FILENO, Patience(until: interruption))
  }

  /// As `show`, but leaves out what there is no room for now. Returns whether there was room for all.
  package static func offer(_ text: String) -> Bool {
    Linux.write(text, to: STDOUT_FILENO, .none) == .whole
  }

  package static func write(_ bytes: [UInt8]) throws(Errno) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = unsafe rest.withUnsafeBytes {
        unsafe Glibc.write(STDOUT_FILENO, $0.baseAddress!, $0.count)
      }
      guard count <= 0 else {
        rest = rest.dropFirst(count)
        continue
      }
      guard count < 0 else { throw .noSpace }
      switch lastError {
      case .interrupted: continue
      case .brokenPipe: return
      case .resourceTemporarilyUnavailable: _ = Poll.waitWritable(STDOUT_FILENO)
      case let error: throw error
      }
    }
  }
}

/// How much of a text has been written.
package enum Written {
  case whole, part, nothing
}

/// What becomes of a text for which there is no room.
private enum Patience {
  /// The rest is left out.
  case none
  /// The rest waits for room, however long that takes.
  case endless
  /// The rest is left out once another descriptor is readable.
  case until(FileDescriptor)

  init(until other: FileDescriptor?) { self = other.map { .until($0) } ?? .endless }

  /// Waits for room, unless patience is at its end. Returns whether to try again.
  func awaitRoom(_ descriptor: Int32) -> Bool {
    switch self {
    case .none: false
    case .endless: Poll.waitWritable(descriptor)
    case .until(let other): Poll.waitWritable(descriptor, orReadable: other)
    }
  }
}

/// Writes a text to standard output or error without a buffer, so that a forked child never repeats what its
/// parent had not written yet. Failures are ignored, such as that of a pipe whose reader has gone.
///
/// poll(2) says only that there is some room, and a blocking write of more than that waits for a reader. So
/// where patience may end, this function opens the terminal or pipe anew, as non-blocking. It must not make
/// standard output or error itself non-blocking, because other processes share the open file description.
/// Another process may have done so all the same: so EAGAIN can come even where patience is endless.
@discardableResult
private func write(_ text: String, to number: Int32, _ patience: Patience) -> Written {
  if case .endless = patience { return writeAll(text, to: number, patience) }
  guard Poll.isWritable(number) || patience.awaitRoom(number) else { return .nothing }
  let reopened =
    isTerminalOrPipe(number)
    ? unsafe open("/proc/self/fd/\(number)", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC) : -1
  defer { if reopened >= 0 { close(reopened) } }
  return writeAll(text, to: reopened >= 0 ? reopened : number, patience)
}

private func isTerminalOrPipe(_ number: Int32) -> Bool {
  var status = stat()
  return unsafe fstat(number, &status) == 0
    && [S_IFCHR, S_IFIFO].contains(status.st_mode & S_IFMT)
}

private func writeAll(_ text: String, to descriptor: Int32, _ patience: Patience) -> Written {
  var text = text
  return text.withUTF8 { bytes in
    var rest = unsafe UnsafeRawBufferPointer(bytes)[...]
    while unsafe !rest.isEmpty {
      let start = unsafe UnsafeRawBufferPointer(rebasing: rest)
      let count = unsafe Glibc.write(descriptor, start.baseAddress!, start.count)
      if count > 0 {
        unsafe rest = rest.dropFirst(count)
        continue
      }
      let error = lastError
      if count < 0, error == .interrupted { continue }
      if count < 0, error == .resourceTemporarilyUnavailable, patience.awaitRoom(descriptor) {
        continue
      }
      return unsafe rest.count < bytes.count ? .part : .nothing
    }
    return .whole
  }
}
