import FoundationEssentials
import Host
import Linux
import Plan
import Probe
import Recording
import SystemPackage

/// One plan from its file to its reports.
extension RunOptions {
  /// Returns the exit code. To be called before any thread exists.
  func run(_ file: String) -> Int32 {
    let plan: Plan
    do throws(InvalidPlan) {
      plan = try Plan.load(file: file, overrides: overrideMap, environment: environment)
    } catch {
      return refuse(error)
    }
    let files = files(of: plan.name)
    let result: Recording
    do {
      try files.prepare()
      result = try drive(plan, files)
    } catch let error as RecordingError {
      return fail("\(plan.name): \(error)", ExitStatus.notWritten)
    } catch let error as Errno {
      return fail("\(plan.name): cannot start the workers: \(error)", ExitStatus.fault)
    } catch {
      return fail("\(plan.name): \(error)", ExitStatus.notWritten)
    }
    return publish(result, files)
  }

  // MARK: Driving

  private func drive(_ plan: Plan, _ files: RunFiles) throws -> Recording {
    // One process that holds the whole goal is the fewest there can be, so ask for that much.
    let limit = try ResourceLimit.raiseDescriptors(to: plan.goal + descriptorsOfAWorker + 1)
    let host = HostDescription.current()
    let staffing = Staffing(
      plan: plan, descriptorLimit: limit.soft, processors: host.processors)
    let demand = Demand(plan, staffing: staffing)
    let prediction = Capacity.predict(demand, on: host)

    let fleet = try Fleet(
      servers: staffing.servers, clients: staffing.clients,
      sources: min(staffing.sources.count, Sampler.mostSources))
    let started = Instant.now()
    let state = RunState(
      phases: plan.phases.map(PhaseRecord.init), workers: fleet.members.map(WorkerRecord.init))
    let recording = Recording(
      planName: plan.name, planFile: plan.file, planText: plan.text,
      effectivePlan: plan.effective,
      overrides: plan.settings.sorted { $0.key < $1.key }.map { Fact($0.key, $0.value) },
      seed: seed ?? UInt64.random(in: .min ... .max), programVersion: Version.current,
      started: Clock.timestamp(), complete: false, hostname: host.hostname, host: host.facts,
      phases: state.phases, workers: state.workers, prediction: prediction)
    let writer = try RecordingWriter(path: files.recording, recording: recording)

    var coordinator = try Coordinator(
      plan: plan, staffing: staffing, host: host, demand: demand, prediction: prediction,
      fleet: fleet, writer: writer, state: state, started: started, progress: makeProgress())
    var end = try coordinator.drive()

    var whole = try writer.snapshot()
    whole.complete = true
    whole.duration = end.duration
    whole.interrupted = end.interrupted
    whole.phases = end.state.phases
    whole.workers = end.state.workers
    whole.failures = end.state.failures
    whole.limits = end.state.limits
    let judgement = judge(whole)
    end.verdict = judgement.verdict
    end.thresholds = judgement.thresholds
    try writer.finish(end)
    return try Recording.read(from: files.recording)
  }

  private func makeProgress() -> any Progress {
    switch progress {
    case _ where quiet: SilentProgress()
    case .none: SilentProgress()
    case .plain: PlainProgress()
    case .live: LiveView(colour: colour)
    case .auto: Terminal.isPresent && !isDumb ? LiveView(colour: colour) : PlainProgress()
    }
  }

  /// An invalid plan: every error at its place, and a JUnit file all the same.
  private func refuse(_ invalid: InvalidPlan) -> Int32 {
    StandardError.write("\(invalid)\n")
    let name = Plan.defaultName(ofFile: invalid.file)
    let publication = Publication(files: files(of: name))
    do {
      let line = try publication.publish(invalid, plan: name)
      if json { StandardOutput.write(line + "\n") }
      return ExitStatus.invalidPlan
    } catch {
      return fail("\(name): a report cannot be written: \(error)", ExitStatus.notWritten)
    }
  }

  private func publish(_ recording: Recording, _ files: RunFiles) -> Int32 {
    let judgement = judge(recording)
    let publication = Publication(files: files)
    do {
      try publication.publish(recording, judgement)
    } catch {
      return fail(
        "\(recording.planName): a report cannot be written: \(error)", ExitStatus.notWritten)
    }
    if json {
      StandardOutput.write(publication.json(recording, judgement) + "\n")
    } else if !quiet {
      let colour = colour && Terminal.hasOutput
      StandardOutput.write(publication.summary(recording, judgement, colour: colour) + "\n")
    }
    return judgement.exitCode
  }

  private func fail(_ text: String, _ code: Int32) -> Int32 {
    StandardError.write("runner: \(text)\n")
    return code
  }

  // MARK: Surroundings

  private var overrideMap: [String: String] {
    Dictionary(overrides.map { ($0.key, $0.value) }, uniquingKeysWith: { $1 })
  }

  private var environment: [String: String] { ProcessInfo.processInfo.environment }

  private var isDumb: Bool { environment["TERM"] == "dumb" }

  private var colour: Bool {
    !noColour && environment["NO_COLOR", default: ""].isEmpty && environment["CI"] == nil
      && !isDumb
  }

  private func files(of plan: String) -> RunFiles {
    RunFiles(plan: plan, out: out, junit: junit, html: html)
  }
}
