import Recording

extension Recording {
  /// Whether the run has tested nothing: the server was not there, or could not listen, before any connection stood. That
  /// is no limit of anything: in CI it mostly says that a server was not started.
  ///
  /// - Parameter limit: that of the phase that decides.
  func hasTestedNothing(because limit: LimitRecord?) -> Bool {
    guard let limit, !hasHeldAny else { return false }
    return switch limit.resource {
    case .nobodyListens, .noRoute: true
    case .portTaken: limit.end == .server
    default: false
    }
  }

  /// Why a run that broke no promise has tested nothing, in one phrase; nil where it has tested something. A plan that
  /// tolerates every failure breaks no promise, even where not one connection has ever stood.
  var whyNothingStood: String? {
    guard !hasHeldAny, let most = failures.max(by: { $0.count < $1.count }) else { return nil }
    // Whoever is refused names the other end, as a limit does.
    let end = [most].meetNobody && most.errno?.name == "ECONNREFUSED" ? .server : most.end
    return "\(end.rawValue) \(most.syscall): \(most.errno?.words ?? most.cause)"
  }

  /// Whether any connection ever stood. A phase knows how many stood when somebody looked, and those of a churn may
  /// come and go between two looks; but every handshake that was finished is counted.
  private var hasHeldAny: Bool {
    phases.contains { $0.established > 0 || $0.accepted > 0 }
      || (series(.handshakes)?.maximum ?? 0) > 0
  }
}
