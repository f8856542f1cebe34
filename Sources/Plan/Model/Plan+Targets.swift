extension Plan {
  /// Takes someone else's servers instead of what the plan says.
  package mutating func connect(to targets: [Target]) {
    server = nil
    self.targets = targets
  }
}
