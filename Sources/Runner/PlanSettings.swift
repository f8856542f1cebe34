import ArgumentParser
import FoundationEssentials
import Plan

/// What a plan's text is read with.
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

  func load(_ file: String) throws(InvalidPlan) -> Plan {
    try Plan.load(
      file: file,
      overrides: Dictionary(overrides.map { ($0.key, $0.value) }, uniquingKeysWith: { $1 }),
      environment: ProcessInfo.processInfo.environment)
  }
}
