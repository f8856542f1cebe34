import Addressing
import GoldenFiles
import Host
import Linux
import Plan
import Probe
import Recording
import Simulation
import Testing

@testable import Coordination

/// What a plan comes to on a host, and what a phase has kept, reads as it did.
@Suite struct StoryTests {
  private static func plan(_ chance: inout Chance) -> String {
    let processes = { (chance: inout Chance) in chance.pick(["auto", "auto", "1", "3", "16"]) }
    var lines = [
      chance.happens(70)
        ? "server: {listen: \"127.0.0.1-127.0.0.2:9000\", processes: \(processes(&chance)), backlog: \(chance.pick([10, 4096]))}"
        : "target: [127.0.0.1:9000, 127.0.0.1:9001]",
      "clients: {sources: 127.0.0.2-127.0.0.\(chance.pick([2, 5, 17])), processes: \(processes(&chance)),"
        + " ports: \(chance.pick(["auto", "2000-2999", "1024-65535"]))}",
      "messages:",
    ]
    let paces = ["every: 10s", "every: 100ms", "rate: 10/s", "rate: 100k/s", "rate: unlimited"]
    for name in ["a", "b"] { lines.append("  \(name): {\(chance.pick(paces)), send: x}") }
    let goal = chance.pick([1, 15, 16, 31, 32, 1000, 20_000, 100_000])
    let played = chance.pick(["", ", messages: a", ", messages: [a, b]"])
    lines += [
      "phases:",
      "  - ramp: {to: \(goal)\(chance.pick(["", ", rate: 1k/s", ", rate: 100k/s", ", over: 10s"]))\(played)}",
      "  - hold: {for: \(chance.pick(["1s", "5m", "10m"]))\(played)}",
    ]
    if chance.happens(40) { lines.append("  - churn: {rate: 40k/s, lifetime: 500ms, for: 10s}") }
    if chance.happens(30) { lines.append("  - search: {from: \(goal), step: 10, confirm: 1s}") }
    if chance.happens(50) {
      lines.append("  - close: \(chance.pick(["reset", "fin", "{over: 2s}"]))")
    }
    if chance.happens(30) { lines.append("guard: {memory: 10%}") }
    return lines.joined(separator: "\n") + "\n"
  }

  @Test func `what workers are told`() throws {
    var lines: [String] = []
    for seed in 0..<80 as Range<UInt64> {
      var chance = Chance(seed)
      let text = Self.plan(&chance)
      var host = SimulatedHost()
      host.descriptorsPerProcess = chance.pick([100, 1024, 20_000, 1_048_576])
      host.processors = chance.pick([1, 2, 4, 16])
      host.localPorts = chance.pick([32_768...60_999, 1024...65_535])
      host.somaxconn = chance.pick([128, 4096])
      lines.append("\(seed). " + text.split(separator: "\n").dropFirst(2).joined(separator: " "))
      do {
        let prepared = try PreparedRun(
          try Plan.read(text: text, file: "a.plan"), onSimulated: host, seed: 5)
        let staffing = prepared.staffing
        lines.append(
          "  \(staffing.servers.count) servers, \(staffing.clients.count) clients, endpoints"
            + " \(staffing.endpoints.prefix(3)), \(staffing.sources.count) sources,"
            + " \(prepared.addresses.facts.map(\.value))")
        lines.append("  " + told(prepared.demand))
        lines += prepared.prediction.map { "  \($0.line) \($0.binds)" }
        if seed % 10 == 0 {
          var known = Recording(prepared, RunState(), started: "2026-01-01T00:00:00.000Z")
          (known.planText, known.effectivePlan) = ("", "")
          lines.append("  complete \(known.complete), \(told(known))")
          lines += prepared.plan.phases.map { "  \(told(PhaseRecord($0)))" }
        }
        if let obstacle = prepared.obstacle { lines.append("  \(obstacle)") }
        lines += staffing.servers.suffix(1).map { "  " + told($0) }
        lines += staffing.clients.suffix(1).map { client in
          "  \(told(client.share)) ports \(client.ports) ephemeral"
            + " \(told(client.ephemeralPorts as Any)) timeout \(client.connectTimeout) retries"
            + " \(client.retries) patterns \(client.patternsOfPhase) spans \(client.spanOfPhase)"
            + " processors \(client.processors) lead \(client.wakeLead)"
        }
      } catch {
        lines.append("  \(error)")
      }
    }
    #expect(try difference("staffing.txt", lines.joined(separator: "\n") + "\n") == nil)
  }

  /// The numbers of the counts, in their order.
  private static func short(_ counts: PhaseCounts) -> String {
    Mirror(reflecting: counts).children.map { told($0.value) }.joined(separator: ",")
  }

  @Test func `what a phase has kept of its promise`() throws {
    let kinds: [Phase.Kind] = [
      .ramp(to: 100, pace: .unpaced), .hold(.seconds(1)), .pause(.seconds(1)),
      .close(pace: .unpaced, with: .fin),
      .churn(Phase.Churn(rate: 100, lifetime: .seconds(1), span: .seconds(10))),
    ]
    var lines: [String] = []
    for seed in 0..<300 as Range<UInt64> {
      var chance = Chance(seed)
      func counts(_ chance: inout Chance, _ before: PhaseCounts?) -> PhaseCounts {
        let atClient = chance.pick([0, 50, 99, 100, 101])
        return PhaseCounts(
          atClient: atClient,
          atServer: chance.happens(75) ? max(0, atClient - chance.pick([0, 0, 1, 10])) : nil,
          established: (before?.established ?? 0) + chance.pick([0, 50, 99, 100]),
          churned: (before?.churned ?? 0) + chance.pick([0, 0, 50, 100]),
          closedAsRecorded: (before?.closedAsRecorded ?? 0) + chance.pick([0, 0, 0, 5]),
          late: (before?.late ?? 0) + chance.pick([0, 0, 3]),
          cutShort: (before?.cutShort ?? 0) + chance.pick([0, 0, 2]),
          crowded: (before?.crowded ?? 0) + chance.pick([0, 0, 4]),
          unaccepted: chance.pick([0, 0, 1, 10]),
          unacceptedByDeadline: chance.pick([0, 0, 7]))
      }
      let begin = counts(&chance, nil)
      let end = counts(&chance, begin)
      let kind = chance.pick(kinds)
      let promise = PhasePromise(
        Phase(name: "phase", line: 1, kind: kind, tolerance: chance.pick([0, 0.05])), from: begin,
        to: end, arrivals: chance.pick([0, 100]), found: chance.happens(50))
      lines.append(
        "\(seed). \(kind.phaseKind) \(Self.short(begin)) → \(Self.short(end)): \(promise.map { told($0) } ?? "none")"
      )
    }
    #expect(try difference("promises.txt", lines.joined(separator: "\n") + "\n") == nil)
  }
}
