import ArgumentParser
import Coordination
import FoundationEssentials
import Host
import Judgement
import Linux
import Plan
import Recording
import Report
import SystemPackage

/// `runner check PLAN...`
struct CheckCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check",
    abstract: "Validate plans; print what they mean, what they need and where they would stop.",
    discussion: """
      Looks names and interfaces up, as a run does, but opens no connection.

      EXAMPLES:
        runner check plans/ramp-1m.plan --set goal=5M
        runner check plans/ramp-1m.plan --target server.example:80
      """)

  @Argument(help: "Plan files to check.")
  var plans: [String]

  @OptionGroup var settings: PlanSettings

  @Flag(help: PlanSettings.allowPublicHelp)
  var allowPublic = false

  func run() throws {
    let codes = plans.map(check)
    throw ExitCode(ExitStatus.worst(of: codes))
  }

  private func check(_ file: String) -> Int32 {
    do {
      let plan = try settings.load(file)
      let prepared = try PreparedRun(plan, isForRun: false, allowPublic: allowPublic)
      return tell(text(prepared)) ?? ExitStatus.passed
    } catch let invalid as InvalidPlan {
      StandardError.write("\(invalid)\n")
      return ExitStatus.invalidPlan
    } catch {
      StandardError.write("runner: \(file): \(error)\n")
      return ExitStatus.fault
    }
  }

  /// What each storm takes: room in accept queues for the burst, and ports beside those in TIME_WAIT.
  private func storms(_ prepared: PreparedRun) -> [[String]] {
    let plan = prepared.plan
    var held = 0
    return plan.phases.flatMap { phase -> [[String]] in
      if phase.kind.phaseKind.closes { held = 0 }
      held = max(held, phase.most ?? 0)
      guard case .storm(let storm) = phase.kind else { return [] }
      let cut = storm.cut(of: held)
      let first = Format.duration(storm.reconnect.first)
      let pace =
        storm.reconnect.jitter == .none
        ? "all at once, \(first) after the cut" : "all within \(first), where nothing fails"
      let queue = plan.server.map { " (backlog \(Format.count($0.backlog)) a listener)" } ?? ""
      var rows = [[phase.name, "\(Format.count(cut)) come back \(pace)\(queue)"]]
      if storm.with == .fin {
        let demand = prepared.demand
        let tuples = demand.sources * demand.portsPerSource * max(1, demand.endpoints)
        rows.append([
          "",
          "\(Format.count(held + cut)) tuples of \(Format.count(tuples)): what is cut with fin is in TIME_WAIT for 60 s",
        ])
      }
      return rows
    }
  }

  private func text(_ prepared: PreparedRun) -> String {
    let plan = prepared.plan
    let checkup = Checkup(prepared.demand, on: prepared.host)
    var needs = [
      ["goal", "\(Format.count(plan.mostConnections)) connections"],
      [
        "processes",
        "\(prepared.staffing.clients.count) client, \(prepared.staffing.servers.count) server",
      ],
    ]
    needs += prepared.addresses.facts.map { [$0.name, $0.value] }
    needs += checkup.items.compactMap { item in
      item.needed.map { [item.setting, "\($0) (now \(item.now))"] }
    }
    needs += storms(prepared)
    let terms = prepared.prediction.sorted { $0.connections < $1.connections }.map { term in
      [
        Format.count(term.connections), "\(term.end.rawValue) \(term.resource.rawValue)",
        term.reason,
      ]
    }
    let outcome =
      if let obstacle = prepared.obstacle {
        "the run cannot start: \(obstacle)"
      } else if (prepared.predicted?.connections ?? 0) >= plan.mostConnections {
        "the goal is within reach"
      } else {
        "a limit before the goal"
      }
    // What `check` prints ends up in logs, as reports do, so secrets are masked.
    let shown = Recording(prepared, RunState(), started: "").masked()
    return """
      \(onOneLine(plan.file)): valid

      \(shown.effectivePlan.trimmingTrailingNewlines())

      Needs
      \(Table(rows: needs).text(indent: "  "))

      Bounds, the lowest first
      \(Table(rows: terms).text(indent: "  "))

      Predicted: \(outcome); \
      \(prepared.predictionLine ?? "no bound is known").

      """
  }
}

extension String {
  fileprivate func trimmingTrailingNewlines() -> String {
    String(reversed().drop { $0.isNewline }.reversed())
  }
}
