extension Plan {
  /// Replaces the plan's server or targets by these targets.
  package mutating func connect(to targets: [Target]) {
    server = nil
    self.targets = targets
  }
}
