import FoundationEssentials

/// What the environment says about output.
enum OutputEnvironment {
  private static var environment: [String: String] { ProcessInfo.processInfo.environment }

  /// A terminal that cannot move its cursor.
  static var isDumb: Bool { environment["TERM"] == "dumb" }

  /// See no-color.org for NO_COLOR.
  static var allowColour: Bool {
    environment["NO_COLOR", default: ""].isEmpty && environment["CI"] == nil && !isDumb
  }
}
