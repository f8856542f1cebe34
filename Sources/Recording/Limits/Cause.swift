extension LimitRecord {
  /// Whether a queue that had room is the place where connections wait that nobody accepts: no setting
  /// would move that.
  private var isNotAccepting: Bool { resource == .acceptQueue && syscall == nil && knob == nil }

  /// The way out, where no command of this host is one.
  package var wayOut: String? {
    isNotAccepting ? "a server that accepts, or accepts faster" : resource.wayOut
  }

  /// What stopped it, in one phrase: "client socket: EMFILE (Too many open files)", or the
  /// resource's words where there is no errno.
  package var cause: String {
    let place = [end.rawValue, syscall].compactMap(\.self).joined(separator: " ")
    if isNotAccepting {
      return "\(place): it does not accept its connections"
    }
    return "\(place): \(errno?.words ?? resource.words)"
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
