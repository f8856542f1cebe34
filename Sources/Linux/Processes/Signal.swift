import Glibc

/// The signals that commands wait for.
package enum Signal {
  package static let interrupt = SIGINT
  package static let terminate = SIGTERM
  /// The terminal is gone.
  package static let hangUp = SIGHUP
  package static let childEnded = SIGCHLD
  /// Ctrl-Z.
  package static let suspend = SIGTSTP
  /// Resumes a stopped process, as a shell's `fg` does.
  package static let resume = SIGCONT

  /// The signals that ask a program to end in an orderly way. SIGHUP is not among them where this process
  /// ignores it, as under `nohup`. A `SignalSource` blocks its signals, and the kernel keeps a blocked
  /// signal even if it is ignored: so the source would read it.
  package static var endings: [Int32] {
    [interrupt, terminate] + (isIgnored(hangUp) ? [] : [hangUp])
  }

  private static func isIgnored(_ signal: Int32) -> Bool {
    var action = sigaction()
    guard unsafe sigaction(signal, nil, &action) == 0 else { return false }
    // SIG_IGN is the address 1.
    return unsafe action.__sigaction_handler.sa_handler.map {
      unsafe unsafeBitCast($0, to: Int.self)
    } == 1
  }
}
