import FoundationEssentials
import Host
import Linux
import Plan
import Probe
import Recording
import Report
import SystemPackage

/// One plan from its file to its reports.
extension RunOptions {
  /// Returns the exit code. To be called before any thread exists.
  func run(_ file: String, _ settings: PlanSettings, seed: UInt64?) -> Int32 {
    do throws(InvalidPlan) {
      let plan = try settings.load(file)
      return run(plan, seed: seed, files: files(of: plan.name))
    } catch {
      return refuse(error, name: Plan.defaultName(ofFile: file))
    }
  }

  /// Returns the exit code. Reading the original has left threads behind, which wait for work.
  func run(_ replay: Replay) -> Int32 {
    let files = files(of: "\(replay.plan.name)-replay")
    return run(replay.plan, seed: replay.original.seed, files: files, replay: replay)
  }

  private func run(
    _ plan: Plan, seed: UInt64?, files: RunFiles, replay: Replay? = nil
  ) -> Int32 {
    let result: Recording
    let before: String?
    do {
      let outlook = try Outlook(
        plan, isForRun: true, allowPublic: allowPublic, seed: seed, replay: replay)
      let findings = preflight == .off ? [] : Preflight.findings(outlook)
      if preflight == .strict, !findings.isEmpty { return refuse(outlook, findings, files) }
      for finding in findings where !quiet {
        StandardError.write("runner: \(plan.name): warning: \(finding)\n")
      }
      (result, before) = try drive(outlook, files)
    } catch let invalid as InvalidPlan {
      return refuse(invalid, name: plan.name)
    } catch let error as RecordingError {
      return complain("\(plan.name): \(error)", ExitStatus.notWritten)
    } catch let error as Errno {
      return complain("\(plan.name): cannot start the workers: \(error)", ExitStatus.fault)
    } catch {
      return complain("\(plan.name): \(error)", ExitStatus.notWritten)
    }
    if let replay { return publish(result, files, replayOf: replay.original) }
    return publish(result, files, before: before)
  }

  // MARK: Driving

  /// Returns the recording, and where the one of the run before is now.
  private func drive(
    _ outlook: Outlook, _ files: RunFiles
  ) throws -> (Recording, before: String?) {
    let (plan, host, staffing) = (outlook.plan, outlook.host, outlook.staffing)

    KillOrder.take(KillOrder.late)
    let fleet = try Fleet(
      servers: staffing.servers, clients: staffing.clients,
      sources: min(staffing.sources.count, Sampler.mostSources))
    // Looks into the recording of the run before, and what reads one makes threads.
    let before = try files.prepare()
    let started = Instant.now()
    let state = RunState(
      phases: plan.phases.map(PhaseRecord.init), workers: fleet.members.map(WorkerRecord.init))
    let recording = Recording(
      planName: plan.name, planFile: plan.file, planText: plan.text,
      effectivePlan: plan.effective,
      overrides: plan.settings.sorted { $0.key < $1.key }.map { Fact($0.key, $0.value) },
      attachments: plan.attachments.sorted { $0.key < $1.key }
        .map { Attachment(name: $0.key, content: $0.value) },
      seed: outlook.seed, programVersion: Version.current,
      started: Clock.timestamp(), complete: false, hostname: host.hostname,
      host: host.facts + outlook.addresses.facts,
      phases: state.phases, workers: state.workers,
      replay: outlook.replay?.record, prediction: outlook.prediction)
    let writer = try RecordingWriter(path: files.recording, recording: recording)

    var coordinator = try Coordinator(
      outlook: outlook, fleet: fleet, writer: writer, state: state, started: started,
      progress: makeProgress())
    var end = try coordinator.drive()

    var whole = try writer.snapshot()
    whole.complete = true
    whole.duration = end.duration
    whole.interrupted = end.interrupted
    whole.phases = end.state.phases
    whole.workers = end.state.workers
    whole.failures = end.state.failures
    whole.limits = end.state.limits
    whole.replay = outlook.replay?.record(of: whole)
    let judgement = judge(whole)
    end.replay = whole.replay
    end.verdict = judgement.verdict
    end.thresholds = judgement.thresholds
    try writer.finish(end)
    return (try Recording.read(from: files.recording), before)
  }

  private func makeProgress() -> any Progress {
    switch progress {
    case _ where quiet: SilentProgress()
    case .none: SilentProgress()
    case .plain: PlainProgress()
    case .live: LiveView(colour: colour)
    case .auto:
      Terminal.isPresent && !Surroundings.isDumb ? LiveView(colour: colour) : PlainProgress()
    }
  }

  /// An invalid plan: every error at its place, and a JUnit file all the same.
  private func refuse(_ invalid: InvalidPlan, name: String) -> Int32 {
    StandardError.write("\(invalid)\n")
    let publication = Publication(files: files(of: name), flavour: junitFlavour)
    do {
      let line = try publication.publish(invalid, plan: name)
      if json { StandardOutput.write(line + "\n") }
      return ExitStatus.invalidPlan
    } catch {
      return complain("\(name): a report cannot be written: \(error)", ExitStatus.notWritten)
    }
  }

  /// Preflight under `strict`: nothing was opened, and a CI job finds out why.
  private func refuse(_ outlook: Outlook, _ findings: [String], _ files: RunFiles) -> Int32 {
    let name = outlook.plan.name
    for finding in findings { StandardError.write("runner: \(name): refused: \(finding)\n") }
    do {
      let line = try Publication(files: files, flavour: junitFlavour).publish(
        outlook, refusedFor: findings)
      if json { StandardOutput.write(line + "\n") }
      return ExitStatus.preflightRefused
    } catch {
      return complain("\(name): a report cannot be written: \(error)", ExitStatus.notWritten)
    }
  }

  private func publish(_ recording: Recording, _ files: RunFiles, before: String?) -> Int32 {
    var remark = ""
    let earlier = EarlierRuns(of: recording, at: files.recording, before: before) { remark = $0 }
    let code = publish(recording, files, earlier)
    if !remark.isEmpty, !quiet {
      StandardError.write("runner: \(recording.planName): \(remark)\n")
    }
    return code
  }

  private func publish(
    _ recording: Recording, _ files: RunFiles, replayOf original: Recording
  ) -> Int32 {
    let comparison = Comparison(base: original, new: recording)
    let code = publish(recording, files, EarlierRuns(base: original, comparison: comparison))
    if !quiet, !json {
      StandardOutput.write(
        comparisonText(
          comparison, base: original, new: recording, colour: colour && Terminal.hasOutput))
    }
    return code
  }

  private func publish(
    _ recording: Recording, _ files: RunFiles, _ earlier: EarlierRuns
  ) -> Int32 {
    Publication(files: files, flavour: junitFlavour).publish(
      recording, judge(recording), earlier: earlier,
      Publication.Voice(json: json, quiet: quiet, colour: colour))
  }

  // MARK: Surroundings

  private var colour: Bool { !noColour && Surroundings.allowColour }

  private func files(of plan: String) -> RunFiles {
    RunFiles(plan: plan, out: out, junit: junit, html: html)
  }
}
