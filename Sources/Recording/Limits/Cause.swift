extension LimitRecord {
  /// What stopped it, in one phrase: "client socket: EMFILE (Too many open files)", or the
  /// resource's words where there is no errno.
  package var cause: String {
    let place = [end.rawValue, syscall].compactMap(\.self).joined(separator: " ")
    // Without a setting that would move it, the queue had room.
    if resource == .acceptQueue, syscall == nil, knob == nil {
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
