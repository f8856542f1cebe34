import ArgumentParser
import Coordination
import FoundationEssentials
import Host
import Judgement
import Linux
import Plan
import Report
import SystemPackage

/// `runner doctor [PLAN]`
struct DoctorCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor",
    abstract:
      "Every limit that bears on connections: its value, what a plan needs, what raises it.",
    discussion: """
      EXAMPLES:
        runner doctor plans/ramp-1m.plan
        runner doctor plans/ramp-1m.plan --set goal=5M --fix
        runner doctor plans/ramp-1m.plan --emit sysctl > /etc/sysctl.d/90-runner.conf
      """)

  enum OutputFormat: String, ExpressibleByArgument, CaseIterable {
    case table, json
  }

  @Argument(help: "The plan to measure the host against; without one, a million connections.")
  var plan: String?

  @OptionGroup var settings: PlanSettings

  @Option(help: "How to print what was found.")
  var format = OutputFormat.table

  @Flag(help: "Apply the changes that this user may apply, after asking.")
  var fix = false

  @Flag(help: "With --fix: do not ask.")
  var yes = false

  @Option(help: "Print a file to install instead: sysctl, limits or systemd.")
  var emit: TuningFile?

  @Flag(name: .customLong("no-color"), help: "No colour.")
  var noColour = false

  func run() throws {
    let checkup: Checkup
    let host: HostDescription
    do {
      let prepared = try PreparedRun(try loadPlan(), isForRun: false, allowPublic: true)
      host = prepared.host
      checkup = Checkup(prepared.demand, on: host)
    } catch let invalid as InvalidPlan {
      StandardError.write("\(invalid)\n")
      throw ExitCode(ExitStatus.invalidPlan)
    }
    let text =
      emit?.text(checkup.changes) ?? (format == .json ? json(checkup) : table(checkup, host))
    if let code = tell(text) { throw ExitCode(code) }
    if fix { throw ExitCode(apply(checkup.changes)) }
  }

  private func loadPlan() throws -> Plan {
    if let plan { return try settings.load(plan) }
    return try Plan.read(text: Self.defaultPlan, file: "a million connections")
  }

  private static let defaultPlan = """
    name: a million connections
    server: {listen: "127.0.0.1:9000"}
    phases: [{ramp: {to: 1M}}]
    """

  // MARK: Output

  private func table(_ checkup: Checkup, _ host: HostDescription) -> String {
    var rows = [["", "limit", "now", "needed", ""]]
    for item in checkup.items {
      let mark = item.status.mark
      rows.append([mark, item.setting, item.now, item.needed ?? "–", item.note])
      if let change = item.change, item.status == .low {
        rows.append(["", "", "", "", "→ \(commandWithNeeds(change, host))"])
      }
    }
    let text = Table(rows: rows).text()
    let paint = Paint(Terminal.hasOutput && !noColour && OutputEnvironment.allowColour)
    let painted = text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
      line.first.map { CheckupItem.Status.painted($0, paint) + line.dropFirst() } ?? ""
    }.joined(separator: "\n")
    return painted + "\n\n" + summary(checkup) + "\n"
  }

  private func summary(_ checkup: Checkup) -> String {
    let low = checkup.items.filter { $0.status == .low }.map(\.setting)
    let short = checkup.items.filter { $0.status == .short }.map(\.setting)
    let slow = checkup.items.filter { $0.status == .slow }.map(\.setting)
    var sentences: [String] = []
    if low.isEmpty && short.isEmpty { sentences.append("Nothing stands in the way.") }
    if !low.isEmpty {
      sentences.append("Too low: \(low.joined(separator: ", ")); --fix applies what it may.")
    }
    if !short.isEmpty {
      sentences.append("Short, and no setting helps: \(short.joined(separator: ", ")).")
    }
    if !slow.isEmpty { sentences.append("To be minded: \(slow.joined(separator: ", ")).") }
    return sentences.joined(separator: "\n")
  }

  /// The command that makes a change, and the privilege that this user lacks for it.
  private func commandWithNeeds(_ change: SettingChange, _ host: HostDescription) -> String {
    switch change.kind {
    case .sysctl where host.user != 0: "\(change.command(as: host))   (needs root)"
    case .descriptorLimit where !host.mayRaiseHardLimit,
      .processLimit where !host.mayRaiseHardLimit:
      "\(change.command)   (needs CAP_SYS_RESOURCE)"
    case .group: change.command(as: host)
    case .sysctl, .descriptorLimit, .processLimit: change.command
    }
  }

  private func json(_ checkup: Checkup) -> String {
    let items = checkup.items.map { item in
      Item(
        setting: item.setting, now: item.now, needed: item.needed, status: item.status.rawValue,
        note: item.note, fix: item.change?.command, undo: item.change?.undo)
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes, .prettyPrinted]
    // Encoding strings cannot fail.
    let data = (try? encoder.encode(items)) ?? Data()
    return String(decoding: data, as: UTF8.self) + "\n"
  }

  private struct Item: Encodable {
    let setting: String
    let now: String
    let needed: String?
    let status: String
    let note: String
    let fix: String?
    let undo: String?
  }

  // MARK: Changes

  private func apply(_ changes: [SettingChange]) -> Int32 {
    var code = ExitStatus.passed
    for change in changes {
      guard change.kind == .sysctl else {
        StandardError.write(
          change.kind == .descriptorLimit
            ? "\(change.setting): belongs to your shell or service; see --emit limits|systemd\n"
            : "\(change.setting): not a setting of the host: \(change.command)\n")
        continue
      }
      guard yes || confirm(change) else { continue }
      do throws(Errno) {
        try SystemSetting.write(change.value, to: change.setting)
        code = report("\(change.command)   # undo: \(change.undo)\n") ?? code
      } catch {
        StandardError.write("\(change.setting): cannot be written: \(error)\n")
        code = ExitStatus.fault
      }
    }
    return code
  }

  /// Says that a change was made: below the table, or on standard error where a program reads
  /// standard output. Returns nil, or the exit code where standard output cannot be written.
  private func report(_ line: String) -> Int32? {
    if format == .table, emit == nil { return tell(line) }
    StandardError.write(line)
    return nil
  }

  private func confirm(_ change: SettingChange) -> Bool {
    StandardError.write("\(change.setting): \(change.old) -> \(change.value)? [y/N] ")
    return ["y", "yes"].contains(readLine()?.lowercased())
  }
}

extension TuningFile: ExpressibleByArgument {}

extension CheckupItem.Status {
  fileprivate var mark: String {
    switch self {
    case .enough: "✓"
    case .low: "✗"
    case .fixed, .slow: "!"
    case .short: "✗"
    }
  }

  fileprivate static func painted(_ mark: Character, _ paint: Paint) -> String {
    switch mark {
    case "✓": paint.green("✓")
    case "✗": paint.red("✗")
    case "!": paint.yellow("!")
    default: String(mark)
    }
  }
}
