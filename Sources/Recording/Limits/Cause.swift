import WorkerLog

extension LimitRecord {
  /// Whether connections wait in an accept queue because the server does not accept them, or accepts too slowly. The
  /// queue's length is not the cause, so the diagnosis names no setting.
  private var isNotAccepting: Bool {
    resource == .acceptQueue && knob == nil
      && (syscall.map { FailedCall(named: $0)?.isOfLayer == true } ?? true)
  }

  /// What moves the limit, in words: where no command of this host does, or in addition to one. Nil where that is not
  /// known.
  package var wayOut: String? {
    isNotAccepting ? "a server that accepts, or accepts faster" : resource.wayOut
  }

  /// The limit in one phrase: "client socket: EMFILE (Too many open files)". After the colon comes the first of these
  /// that there is: that the server does not accept, what was `said`, what was `missing`, the errno, the resource's
  /// words.
  package var cause: String {
    let place = [end.rawValue, syscall].compactMap(\.self).joined(separator: " ")
    if isNotAccepting {
      return "\(place): it does not accept its connections"
    }
    return "\(place): \(said ?? missing ?? errno?.words ?? resource.words)"
  }

  /// The name of the fact in the evidence that has the words of a refusal (`said`).
  package static let saidName = "said"

  /// The words with which an end refused a connection; nil for limits other than a refusal. The errno of a refusal
  /// tells nothing.
  package var said: String? {
    resource == .refusedByPeer ? evidence.first { $0.name == Self.saidName }?.value : nil
  }

  /// Whether a layer on top of TCP got no answer in time, and no more is known: the other end was silent or slow.
  package var isSilence: Bool {
    resource == .unclassified && errno?.name == "ETIMEDOUT"
      && syscall.flatMap(FailedCall.init(named:))?.isOfLayer == true
  }

  /// The name of the fact in the evidence that has the words of a silence (`missing`).
  package static let missingName = "missing"

  /// What has not come, and how long it was waited for: "no CONNACK within 2 s". Nil for limits other than a silence.
  package var missing: String? {
    isSilence ? evidence.first { $0.name == Self.missingName }?.value : nil
  }

  /// The name of the fact in the evidence that has the number of a refusal (`saidCode`).
  package static let codeName = "code"

  /// The number of what was `said`; nil where nobody said a number, and for limits other than a refusal.
  package var saidCode: SaidCode? {
    resource == .refusedByPeer
      ? evidence.first { $0.name == Self.codeName }.flatMap { SaidCode($0.value) } : nil
  }
}

extension FailureRecord {
  /// What the failure is called in charts and tables: "client socket EMFILE".
  package var cause: String {
    [end.rawValue, syscall, errno?.name].compactMap(\.self).joined(separator: " ")
  }
}

extension [FailureRecord] {
  /// Whether something failed, and all of it as it does where no server is: refused, or without a way there.
  package var meetNobody: Bool {
    !isEmpty
      && allSatisfy { failure in
        FailedCall(named: failure.syscall) == .connect
          && ["ECONNREFUSED", "EHOSTUNREACH", "ENETUNREACH"].contains(failure.errno?.name)
      }
  }
}

extension ErrnoRecord {
  /// "EMFILE (Too many open files)".
  package var words: String { "\(name) (\(text))" }
}
