package import Plan
package import Probe
package import Recording
import WorkerLog

/// A recorded run that is to be driven again.
package struct Replay {
  package let original: Recording
  /// Path of the recording's file.
  package let path: String
  /// How many times as fast as the original: 2 for twice as fast.
  package let speed: Double
  /// The phase to begin with; nil for the first.
  package let fromPhase: String?
  /// The arrivals that each phase of `plan` is to drive; nil for phases without recorded arrivals.
  package let arrivals: [ArrivalCurve?]
  /// When each phase of `plan` begins, in seconds; nil where the original never began it, and for
  /// the ramp that catches up with the first phase. Only differences of instants mean something.
  package let instants: [Double?]
  package let plan: Plan

  /// Why a recording cannot be driven again.
  package struct Refusal: Error, CustomStringConvertible {
    package let description: String
  }

  package init(
    of original: Recording, at path: String, speed: Double, from phase: String?, targets: [Target]
  ) throws {
    self.original = original
    self.path = path
    self.speed = speed
    fromPhase = phase
    if let replayed = original.replay, let difference = replayed.difference {
      throw Refusal(
        description:
          "The recording \(path) is of a replay \(difference.words). Replay its original,"
          + " \(replayed.original), with \(difference.options) instead.")
    }
    var plan = try original.drivenPlan(withData: true).sized(as: original.phases)
    if !targets.isEmpty { plan.connect(to: targets) }
    let names = plan.phases.map(\.name)
    // A merged recording may have more phases, from the plans of its other shards.
    guard original.phases.prefix(names.count).map(\.name) == names else {
      throw RecordingError.corrupt(path: path, reason: "its phases are not those of its plan")
    }
    guard !original.drive.isEmpty else {
      throw Refusal(
        description: "The recording \(path) says nothing of what was driven: it is older than"
          + " format 1.2, or its run ended before it began. Run its plan again instead.")
    }
    guard let driven = original.driven() else {
      throw RecordingError.corrupt(path: path, reason: "what was driven cannot be decoded")
    }
    let first = try phase.map { try original.place(ofPhase: $0, among: names, in: path) } ?? 0
    let held = original.phases[first].started.map { original.held(at: $0) } ?? 0
    // What to add to a phase's index in the replay's plan to get its index in the original. Where connections
    // were held when phase `first` began, `resumed` puts a ramp in front; the sum for that ramp is below
    // `first`.
    let indexOffset = first - (first > 0 && held > 0 ? 1 : 0)
    self.plan = plan.driven(at: speed).resumed(at: first, holding: held)
    instants = self.plan.phases.indices.map { index in
      let place = index + indexOffset
      return place < first ? nil : original.phases[place].started.map { $0 / speed }
    }
    arrivals = self.plan.phases.enumerated().map { index, phase in
      index + indexOffset < first || !phase.kind.phaseKind.hasConnectRate
        ? nil : driven[index + indexOffset].map { ArrivalCurve($0, speed: speed) }
    }
  }

  /// What the recording of the replay says of it until the run ends.
  package var record: ReplayRecord {
    ReplayRecord(
      original: path, originalStarted: original.started, speed: speed, fromPhase: fromPhase)
  }

  /// The same once the run has ended, with how close it came to the original.
  package func record(of run: Recording) -> ReplayRecord {
    var record = record
    record.fidelity = Fidelity(
      of: run, to: original, phases: plan.phases.map(\.name), speed: speed)
    return record
  }
}

extension ReplayRecord {
  /// How the replay differed from its original, and the options that made it differ; nil if it did not.
  fileprivate var difference: (words: String, options: String)? {
    let factor = "\(Format.short(speed, 3))x"
    let parts = [
      fromPhase.map { ("that began with phase \($0)", "--from-phase \($0)") },
      speed == 1 ? nil : ("at \(factor) the speed", "--speed \(factor)"),
    ].compactMap(\.self)
    guard !parts.isEmpty else { return nil }
    return (
      parts.map(\.0).joined(separator: ", "), parts.map(\.1).joined(separator: " ")
    )
  }
}

extension Plan {
  /// The plan with the goals and rates that were driven. In a merged recording they are those of all shards
  /// together.
  fileprivate func sized(as records: [PhaseRecord]) -> Plan {
    var plan = self
    for (index, record) in zip(phases.indices, records) where phases[index].name == record.name {
      plan.phases[index] = phases[index].sized(as: record)
    }
    return plan
  }
}

extension ArrivalCurve {
  init(_ phase: DrivenPhase, speed: Double) {
    self.init()
    func nanoseconds(_ tick: UInt64) -> UInt64 {
      min(ArrivalCurve.latest, UInt64(saturating: Double(tick) * Double(DriveEntry.tick) / speed))
    }
    for tick in phase.arrivals {
      append(tick.count, from: nanoseconds(tick.tick), to: nanoseconds(tick.tick + 1))
    }
  }
}

extension Recording {
  /// The index of the phase that a replay is to begin with. Throws where there is no such phase, and where the
  /// original never began it.
  ///
  /// - Parameter names: the names of the plan's phases, which are the first phases of the recording.
  fileprivate func place(
    ofPhase name: String, among names: [String], in path: String
  ) throws -> Int {
    guard let place = names.firstIndex(of: name) else {
      let hint =
        UserWord.hint(for: name, among: names) ?? "it has \(names.joined(separator: ", "))"
      throw Replay.Refusal(
        description: "The recording \(path) has no phase \(UserWord.shown(name)) (\(hint)).")
    }
    guard phases[place].started != nil else {
      throw Replay.Refusal(
        description: "The run of \(path) never came to its phase \(UserWord.shown(name)).")
    }
    return place
  }

  /// Connections that the clients held at an instant.
  fileprivate func held(at instant: Double) -> Int {
    Int(saturating: min(max(0, series(.established)?.level(at: instant) ?? 0), 1e12))
  }
}
