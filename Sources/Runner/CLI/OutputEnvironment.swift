import FoundationEssentials

/// What the environment says about output.
enum OutputEnvironment {
  private static var environment: [String: String] { ProcessInfo.processInfo.environment }

  /// Whether the terminal cannot move its cursor.
  static var isDumb: Bool { environment["TERM"] == "dumb" }

  /// Whether output may have colour: not with NO_COLOR (no-color.org), in CI or on a dumb terminal.
  static var allowColour: Bool {
    environment["NO_COLOR", default: ""].isEmpty && environment["CI"] == nil && !isDumb
  }
}
