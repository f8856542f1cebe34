import Messages

extension Plan {
  /// Replaces the plan's server or targets by these targets. The `Host` of HTTP requests becomes the
  /// first of them, unless the plan sets `host`.
  package mutating func connect(to targets: [Target]) {
    server = nil
    self.targets = targets
    guard case .http(let settings) = self.protocol, settings.host == nil,
      let host = targets.first.map({ "\($0)" })
    else { return }
    for place in patterns.indices {
      guard let request = patterns[place].request,
        let template = try? request.template(settings, host: host, DataTables(data))
      else { continue }
      patterns[place].template = template
    }
  }
}
