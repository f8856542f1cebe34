import CLinux
import Glibc
package import SystemPackage

/// The terminal that standard input, output and error may be.
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
  /// Writes words. They may hold names and contents of files, which come from anyone: what a terminal
  /// would obey is shown as U+FFFD.
  ///
  /// - Parameter interruption: where there is no room, words are left out once this is readable.
  package static func write(_ text: String, until interruption: FileDescriptor? = nil) {
    Linux.write(text.withoutControls, to: STDERR_FILENO, Patience(until: interruption))
  }

  /// Writes words about a run that goes on, or leaves them out where they would have to wait: whoever has
  /// stopped the terminal (Ctrl-S), or does not read a full pipe, must not stop the run.
  package static func offer(_ text: String) {
    Linux.write(text.withoutControls, to: STDERR_FILENO, .none)
  }

  /// Writes a picture, with the sequences that move the cursor and set colours, or leaves it out as `offer`
  /// does. All of the picture's text is ours.
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
  /// Whether a terminal does something else than to show the character. Line feeds and tabs are allowed.
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
  /// - Parameter interruption: where there is no room, text is left out once this is readable.
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

/// How much of a text is written.
package enum Written {
  case whole, part, nothing
}

/// What becomes of a text for which there is no room.
private enum Patience {
  /// The rest is left out.
  case none
  case endless
  /// The rest is left out once another descriptor is readable.
  case until(FileDescriptor)

  init(until other: FileDescriptor?) { self = other.map { .until($0) } ?? .endless }

  /// Returns whether to try again.
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
/// poll(2) says only that there is some room, and a write of more than that waits for a reader. So where
/// patience may end, a terminal or a pipe is opened anew for writing without waiting. Standard output and
/// error themselves may not be made non-blocking: other processes share their open file descriptions. Any of
/// these may have done so all the same.
@discardableResult
private func write(_ text: String, to number: Int32, _ patience: Patience) -> Written {
  if case .endless = patience { return writeAll(text, to: number, patience) }
  guard Poll.isWritable(number) || patience.awaitRoom(number) else { return .nothing }
  let own =
    isTerminalOrPipe(number)
    ? unsafe open("/proc/self/fd/\(number)", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC) : -1
  defer { if own >= 0 { close(own) } }
  return writeAll(text, to: own >= 0 ? own : number, patience)
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
