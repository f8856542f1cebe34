import ArgumentParser
import FoundationEssentials
import Plan

/// The options that change what a plan says: `--set` and `--target`.
struct PlanSettings: ParsableArguments {
  @Option(
    name: .customLong("set"),
    help: ArgumentHelp("Give a variable of the plan a value; repeatable.", valueName: "key=value"),
    transform: Override.init)
  var overrides: [Override] = []

  struct Override {
    let key: String
    let value: String

    init(_ text: String) throws {
      guard let equals = text.firstIndex(of: "="), equals != text.startIndex else {
        throw ValidationError("--set takes KEY=VALUE, for example --set goal=50k; got '\(text)'.")
      }
      key = String(text[..<equals])
      value = String(text[text.index(after: equals)...])
    }
  }

  @Option(
    name: .customLong("target"),
    help: ArgumentHelp(
      "Connect there instead of to the plan's server or targets; repeatable.",
      valueName: "host:port"),
    transform: Target.init(option:))
  var targets: [Target] = []

  static let allowPublicHelp: ArgumentHelp =
    "Let connections go to public addresses, which are somebody's."

  func load(_ file: String) throws(InvalidPlan) -> Plan {
    var plan = try Plan.load(
      file: file,
      overrides: Dictionary(overrides.map { ($0.key, $0.value) }, uniquingKeysWith: { $1 }),
      environment: ProcessInfo.processInfo.environment)
    if !targets.isEmpty { plan.connect(to: targets) }
    return plan
  }
}

extension Target {
  /// Reads `HOST:PORT` of a command line.
  init(option text: String) throws {
    self = try commandLine(text, CommandLineValue.target)
  }
}

/// Reads a value of the command line, which is written as in a plan.
func commandLine<T>(
  _ text: String, _ read: (String) throws(CommandLineValue.Wrong) -> T
) throws(ValidationError) -> T {
  do throws(CommandLineValue.Wrong) {
    return try read(text)
  } catch {
    throw ValidationError("\(error)")
  }
}

/// A path of the command line. Refuses an empty one, as from a shell variable that is not set: with
/// "/report.html" appended, an empty path would lead to the root of the file system.
func path(_ text: String) throws(ValidationError) -> String {
  guard !text.isEmpty else { throw ValidationError("an empty path names nothing") }
  return text
}
