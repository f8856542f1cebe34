import Coordination
import FoundationEssentials
import Host
import Judgement
import Linux
import Plan
import Probe
import Recording
import Report
import SystemPackage

/// The run of one plan, from preparation to reports.
extension RunOptions {
  /// Runs a plan. Returns the exit code. To be called before any thread exists.
  func run(_ loaded: LoadedPlan, seed: UInt64?) -> Int32 {
    switch loaded.plan {
    case .success(let plan): run(plan, seed: seed, files: files(of: plan.name))
    case .failure(let invalid): refuse(invalid, name: loaded.name)
    }
  }

  /// Runs a replay. Returns the exit code. Reading the original recording has left threads behind,
  /// but they are idle when the workers are forked.
  func run(_ replay: Replay) -> Int32 {
    let files = files(of: "\(replay.plan.name)-replay")
    return run(replay.plan, seed: replay.original.seed, files: files, replay: replay)
  }

  private func run(
    _ plan: Plan, seed: UInt64?, files: RunFiles, replay: Replay? = nil
  ) -> Int32 {
    let publication = Publication(files: files, flavour: junitFlavour)
    var prepared: PreparedRun?
    do {
      if let refusal = try files.lock() {
        return complain("\(plan.name): \(refusal)", ExitStatus.notWritten)
      }
      try publication.replaceOldReports(of: plan)
      let made = try naming("the limit of descriptors cannot be raised") {
        try PreparedRun(
          plan, isForRun: true, allowPublic: allowPublic, seed: seed, replay: replay)
      }
      prepared = made
      let findings = preflight == .off ? [] : Preflight.findings(made)
      if preflight == .strict, !findings.isEmpty { return refuse(made, findings, publication) }
      for finding in findings where !quiet {
        StandardError.write("runner: \(plan.name): warning: \(finding)\n")
      }
      for note in preflight == .off || quiet ? [] : Preflight.notes(made) {
        StandardError.write("runner: \(plan.name): note: \(note)\n")
      }
      let driven = try drive(made, files)
      if let replay { return publish(driven, files, replayOf: replay.original) }
      return publish(driven, files)
    } catch let invalid as InvalidPlan {
      StandardError.write("\(invalid)\n")
      return publication.publish(invalid, plan: plan.name, json: json)
    } catch {
      // A file that cannot be written has an exit code of its own; any other error is a fault.
      let isFile = error is FileProblem || error is RecordingError
      let code = isFile ? ExitStatus.notWritten : ExitStatus.fault
      let reason = "\(error)"
      return publication.publish(
        plan, prepared, failedFor: reason, code: complain("\(plan.name): \(reason)", code),
        json: json)
    }
  }

  // MARK: Driving

  /// A run that is over, and its verdict.
  private struct Driven {
    var recording: Recording
    var judgement: Judgement
    /// The path that the recording of the run before was moved to; nil when there was none.
    var before: String?
  }

  /// A system call that failed before the run began.
  private struct FailedStart: Error, CustomStringConvertible {
    let description: String
  }

  /// Runs `body`, and puts what it was to do before an errno, which alone tells nobody anything.
  private func naming<Result>(_ what: String, _ body: () throws -> Result) throws -> Result {
    do { return try body() } catch let error as Errno {
      throw FailedStart(description: "\(what): \(error)")
    }
  }

  private func drive(_ prepared: PreparedRun, _ files: RunFiles) throws -> Driven {
    let host = prepared.host
    KillOrder.take(KillOrder.late)
    let workers = try ForkedWorkers.prepared(for: prepared.demand, on: host)
    let fleet = try startFleet(prepared, on: workers)
    // After the fork, because this reads the recording of the run before, which makes threads.
    let before = try files.moveLastRecording()
    let started = Instant.now()
    let state = RunState(
      phases: prepared.plan.phases.map(PhaseRecord.init),
      workers: fleet.members.map(WorkerRecord.init))
    let recording = Recording(prepared, state, started: Clock.timestamp())
    let writer = try RecordingWriter(path: files.recording, recording: recording)

    let clock = try naming("signals cannot be collected") {
      try SystemClock(attention: workers.attention)
    }
    var coordinator = Coordinator(
      prepared: prepared, fleet: fleet, clock: clock,
      hostReadings: LinuxReadings(
        host: host, endpoints: prepared.staffing.endpoints, sources: prepared.staffing.sources),
      writer: writer, state: state, started: started,
      progress: MaskedProgress(makeProgress(), hiding: recording.hiddenValues))
    var ending = RunEnding(
      writer: writer, recordingAtStart: recording, replay: prepared.replay, clock: clock)
    do throws(RecordingError) {
      // The coordinator runs with a higher priority than the workers. As one process among hundreds
      // that never rest, it would sample seconds late, and memory might run out before the memory
      // guard stops the growth.
      let end = try CurrentProcess.withRealTimePriority { () throws(RecordingError) in
        try coordinator.drive()
      }
      ending.noteEnd(end)
    } catch {
      ending.noteEnd(coordinator.endEarly(), writeError: error)
    }
    let ended = ending.finish()
    if let writeError = ended.writeError {
      StandardError.write("runner: \(ended.recording.planName): \(writeError)\n")
    }
    return Driven(recording: ended.recording, judgement: ended.judgement, before: before)
  }

  private func startFleet(
    _ prepared: PreparedRun, on workers: ForkedWorkers
  ) throws(RunStartFailure) -> Fleet {
    do throws(Fleet.WorkerNotForked) {
      return try Fleet(
        servers: prepared.staffing.servers, clients: prepared.staffing.clients,
        sources: min(prepared.staffing.sources.count, Sampler.mostSources), on: workers)
    } catch {
      throw RunStartFailure(error, prepared.demand, on: prepared.host)
    }
  }

  private func makeProgress() -> any Progress {
    switch progress {
    case _ where quiet: SilentProgress()
    case .none: SilentProgress()
    case .plain: PlainProgress()
    case .live: LiveView(colour: colour)
    case .auto:
      Terminal.isPresent && !OutputEnvironment.isDumb ? LiveView(colour: colour) : PlainProgress()
    }
  }

  /// Refuses an invalid plan: prints every error with its place, and writes a JUnit file with them.
  private func refuse(_ invalid: InvalidPlan, name: String) -> Int32 {
    let files = files(of: name)
    StandardError.write("\(invalid)\n")
    do throws(FileProblem) {
      if let refusal = try files.lock() {
        return complain("\(name): \(refusal)", ExitStatus.notWritten)
      }
    } catch {
      return complain("\(name): a report cannot be written: \(error)", ExitStatus.notWritten)
    }
    return Publication(files: files, flavour: junitFlavour)
      .publish(invalid, plan: name, json: json)
  }

  /// Refuses a run under `--preflight strict`; the JUnit file has the findings as well.
  private func refuse(
    _ prepared: PreparedRun, _ findings: [String], _ publication: Publication
  ) -> Int32 {
    let name = prepared.plan.name
    for finding in findings { StandardError.write("runner: \(name): refused: \(finding)\n") }
    return publication.publish(
      prepared.plan, prepared,
      failedFor: "preflight refused: " + findings.joined(separator: "\n"),
      code: ExitStatus.preflightRefused, json: json)
  }

  private func publish(_ driven: Driven, _ files: RunFiles) -> Int32 {
    let recording = driven.recording
    var remark = ""
    let earlier = EarlierRuns(of: recording, at: files.recording, before: driven.before) {
      remark = $0
    }
    let code = publish(driven, files, earlier)
    if !remark.isEmpty, !quiet {
      StandardError.write("runner: \(recording.planName): \(remark)\n")
    }
    return code
  }

  private func publish(
    _ driven: Driven, _ files: RunFiles, replayOf original: Recording
  ) -> Int32 {
    let recording = driven.recording
    let comparison = Comparison(base: original, new: recording)
    let code = publish(driven, files, EarlierRuns(base: original, comparison: comparison))
    guard !quiet, !json else { return code }
    return tell(
      comparisonText(
        comparison, base: original, new: recording, colour: colour && Terminal.hasOutput)) ?? code
  }

  private func publish(
    _ driven: Driven, _ files: RunFiles, _ earlier: EarlierRuns
  ) -> Int32 {
    Publication(files: files, flavour: junitFlavour).publish(
      driven.recording, driven.judgement, earlier: earlier,
      Publication.OutputOptions(json: json, quiet: quiet, colour: colour))
  }

  // MARK: Output

  private var colour: Bool { !noColour && OutputEnvironment.allowColour }

  func files(of plan: String) -> RunFiles {
    RunFiles(plan: plan, out: out, junit: junit, html: html)
  }
}
