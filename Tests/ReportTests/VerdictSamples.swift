import Judgement
import Plan
import Recording

@testable import Report

/// Runs that came out in the rarer ways, judged as the program judges them.
extension Sample {
  /// The plan expects the limit that was met.
  static var expectedLimit: Recording {
    var recording = limited
    recording.planText = """
      name: ramp-1m
      server: {listen: "127.0.0.1:9000"}
      phases:
        - ramp: {to: 1M, rate: 25k/s}
        - hold: 30s
      thresholds:
        - connect.p99 < 1s in ramp
      expect-limit: {errno: EMFILE, at: accept4, connections: 19k..20k}

      """
    recording.phases[0].planLine = 4
    recording.phases[1].planLine = 5
    recording.phases[1].started = 2.5
    recording.phases[1].ended = 4.5
    recording.phases[1].outcome = .done
    recording.limits[0].planLine = 4
    return recording
  }

  /// The same plan on a host that had room for all.
  static var missedExpectation: Recording {
    var recording = passed
    recording.planText = """
      server: {listen: "127.0.0.1:9000"}
      phases:
        - ramp: {to: 50k, rate: 25k/s}
        - hold: 5s
      expect-limit: {errno: EMFILE}

      """
    return recording
  }

  /// Nothing was opened: `--preflight strict` found the host too small.
  static var refused: Recording {
    Recording(planName: "ramp-1m") {
      $0.planFile = "plans/ramp-1m.plan"
      $0.effectivePlan = "name: ramp-1m\n"
      $0.started = "2026-01-02T03:04:05.678Z"
      $0.fault = """
        preflight refused: the host would stop at 19,936 of 1,000,000 connections
        net.core.somaxconn is 128, the plan asks for a backlog of 4,096
        """
      $0.hostname = "build-7"
      $0.host = [Fact("RLIMIT_NOFILE", "20,000")]
      $0.phases = [
        PhaseRecord(
          name: "ramp", kind: .ramp, title: "ramp to 1,000,000 at 25,000/s", planLine: 12,
          goal: 1_000_000, plannedRate: 25_000)
      ]
      $0.prediction = [
        PredictionTerm(
          end: .server, resource: .descriptorsPerProcess, connections: 19_936,
          reason: "20,000 descriptors - 64 of its own", binds: true)
      ]
    }
  }

  static var refusedJudgement: Judgement {
    Judgement(
      verdict: .error, exitCode: ExitStatus.preflightRefused,
      headline: "preflight refused: the host would stop at 19,936 of 1,000,000 connections")
  }

  static func invalidPlan(_ flavour: JUnitFlavour) -> [UInt8] {
    junit(
      invalidPlan: "ramp-1m",
      message: """
        plans/ramp-1m.plan:3:5: error: unknown key "rampp"
          3 |   - rampp: {to: 1M}
            |     ^ did you mean "ramp"?
        """, hostname: "build-7", started: "2026-01-02T03:04:05.678Z",
      file: flavour == .extended ? "plans/ramp-1m.plan" : nil, errorLine: 3)
  }

  /// A run that passed, one that met a limit and a plan that is wrong.
  static func severalPlans() -> [UInt8] {
    let files = ["passed", "limit"].map { name in
      let run = Run.named(name)
      return junit(run.recording, run.judgement, files: run.files)
    }
    return junit(
      merging: (files + [invalidPlan(.jenkins)]).map {
        PlanReport(plan: "p", path: "p.xml", junit: $0)
      })
  }
}
