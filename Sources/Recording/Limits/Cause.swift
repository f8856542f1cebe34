import WorkerLog

extension LimitRecord {
  /// Whether connections wait in an accept queue whose length is not the cause: the server does not
  /// accept them, or too slowly, and no setting moves that.
  private var isNotAccepting: Bool {
    resource == .acceptQueue && knob == nil
      && (syscall == nil || syscall == FailedCall.secure.name)
  }

  /// What moves the limit where no command of this host does, or besides such a command; nil where
  /// nobody knows what does.
  package var wayOut: String? {
    isNotAccepting ? "a server that accepts, or accepts faster" : resource.wayOut
  }

  /// What stopped the run, in one phrase: "client socket: EMFILE (Too many open files)". Without an
  /// errno it has the resource's words, or that the server does not accept. With a refusal it has what was said.
  package var cause: String {
    let place = [end.rawValue, syscall].compactMap(\.self).joined(separator: " ")
    if isNotAccepting {
      return "\(place): it does not accept its connections"
    }
    return "\(place): \(said ?? errno?.words ?? resource.words)"
  }

  /// The name of the evidence that is `said`.
  package static let saidName = "said"

  /// What was said when the limit is one of saying no; the errno of such a limit tells nothing.
  package var said: String? {
    resource == .refusedByPeer ? evidence.first { $0.name == Self.saidName }?.value : nil
  }
}

extension FailureRecord {
  /// What the failure is called in charts and tables: "client socket EMFILE".
  package var cause: String {
    [end.rawValue, syscall, errno?.name].compactMap(\.self).joined(separator: " ")
  }
}

extension ErrnoRecord {
  /// "EMFILE (Too many open files)".
  package var words: String { "\(name) (\(text))" }
}
