import Plan
import Recording

/// The course of a run as a value: which phase comes next, whether the phase may grow, whether its
/// waits go on, and what ended the run. Events go in, decisions come out. There is no clock and no
/// process in it, so that a test can try every order of events.
struct RunCourse {
  enum Event {
    /// Somebody asks the program to end.
    case signal
    /// Less memory is left than the plan's guard keeps, and connections are still being opened.
    case memoryIsShort(FailureRecord)
    /// A worker of the run's own server has met a limit in this phase. It cannot stop the clients itself.
    case serverIsLimited
    /// A condition with `abort` has failed for good.
    case violated
    /// Messages that become due from now on are not begun in this phase. Outstanding answers are waited for, even after
    /// an abort, but not after a signal.
    case messagesStopped
    /// - Parameters:
    ///   - isKept: whether the phase kept its promise.
    ///   - canGoOn: false when a worker cannot work at all, or nobody listens where the server should be, so that no
    ///     later phase means anything.
    case phaseEnded(isKept: Bool, canGoOn: Bool)
  }

  /// What the coordinator is to do.
  enum Decision: Equatable {
    case nothing
    /// Tell the workers to open nothing more, and to begin no message that becomes due from now on.
    case settle
    /// End the program at once: the recording is readable as it stands.
    case exit
  }

  private let kinds: [PhaseKind]
  private let onLimit: Plan.OnLimit

  /// The current phase, as its index in `kinds`.
  private(set) var phaseIndex = 0
  private var next = 0
  private enum Skipping {
    case none
    case all
    case allButCloses
  }

  /// Which of the phases to come are left out.
  private var skipping = Skipping.none

  private(set) var isInterrupted = false
  /// Whether the phase may grow: not before it has begun, nor after growth was stopped. A search
  /// that confirms a number opens lost connections again all the same.
  private(set) var mayGrow = false
  /// The record of the memory guard stopping growth in this phase; nil where it has not.
  private(set) var guardStop: FailureRecord?
  /// Whether an abort has cancelled the phase's waits. False again once messages stop, so that
  /// outstanding answers are still collected.
  private var waitsAreCancelled = false
  /// The phase that a condition with `abort` ended, as its index in `kinds`; nil for none. Of the phases after it at
  /// most those that close are driven.
  private var abortedPhase: Int?

  init(kinds: [PhaseKind], onLimit: Plan.OnLimit) {
    self.kinds = kinds
    self.onLimit = onLimit
  }

  /// Whether the phase's waits go on: not after a signal, and not from an abort until messages stop. After that it says
  /// nothing of the abort (`isAborted`).
  var waitsGoOn: Bool { !isInterrupted && !waitsAreCancelled }
  var isAborted: Bool { abortedPhase != nil }

  // MARK: Phases

  /// Enters the next phase; nil when the run is over.
  mutating func enterNextPhase() -> Int? {
    while next < kinds.count {
      let candidate = next
      next += 1
      guard !isSkipped(candidate) else { continue }
      phaseIndex = candidate
      guardStop = nil
      waitsAreCancelled = false
      return candidate
    }
    return nil
  }

  private func isSkipped(_ candidate: Int) -> Bool {
    switch skipping {
    case _ where isInterrupted: true
    case .all: true
    case .allButCloses: !kinds[candidate].closes
    case .none: false
    }
  }

  /// From now on the phase may grow, if its kind does: at its begin, for the next step of a search, for a confirmation
  /// that opens all anew, and after a storm's cut.
  mutating func startGrowing() { mayGrow = kinds[phaseIndex].grows }

  /// The phase stops growing, not because of a limit in this step: while a search confirms or holds a number, and while
  /// a storm cuts.
  mutating func stopGrowing() { mayGrow = false }

  /// - Parameter isKept: whether the current phase kept its promise.
  func outcome(isKept: Bool) -> PhaseRecord.Outcome {
    if isInterrupted { return .interrupted }
    if abortedPhase == phaseIndex { return .aborted }
    return isKept ? .done : .limit
  }

  // MARK: Events

  /// Notes the event; returns what the coordinator is to do about it.
  mutating func handle(_ event: Event) -> Decision {
    switch event {
    case .signal:
      guard !isInterrupted else { return .exit }
      isInterrupted = true
      return .settle
    case .memoryIsShort(let stop):
      guard mayGrow else { return .nothing }
      guardStop = stop
      mayGrow = false
      return .settle
    case .serverIsLimited:
      guard mayGrow else { return .nothing }
      mayGrow = false
      return .settle
    case .violated:
      guard !isAborted, !isInterrupted else { return .nothing }
      abortedPhase = phaseIndex
      waitsAreCancelled = true
      return .settle
    case .messagesStopped:
      waitsAreCancelled = false
      return .settle
    case .phaseEnded(let isKept, let canGoOn):
      mayGrow = false
      if !canGoOn {
        skipping = .all
      } else if isAborted {
        skipping = .allButCloses
      } else if !isKept {
        switch onLimit {
        case .hold: break
        case .stop: skipping = .allButCloses
        case .fail: skipping = .all
        }
      }
      return .nothing
    }
  }
}
