import Recording

extension Recording {
  /// Whether the run has tested nothing: the server was not there, or could not listen, before any connection stood. That
  /// is no limit of anything: in CI it mostly says that a server was not started.
  ///
  /// - Parameter limit: that of the phase that decides.
  func hasTestedNothing(because limit: LimitRecord?) -> Bool {
    guard let limit, phases.allSatisfy({ $0.established == 0 && $0.accepted == 0 }) else {
      return false
    }
    return switch limit.resource {
    case .nobodyListens, .noRoute: true
    case .portTaken: limit.end == .server
    default: false
    }
  }
}
