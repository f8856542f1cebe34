import Dispatch
import Foundation
import Synchronization

/// What the scenarios of many seeds have shown.
package struct Tally: Sendable {
  package struct Wrong: Sendable {
    package let seed: UInt64
    package let findings: [Finding]
  }

  /// How many seeds were played.
  package private(set) var played = 0
  /// In the order of the seeds.
  package private(set) var wrong: [Wrong] = []
  package private(set) var coverage = Coverage()

  /// Plays seeds, one per processor at a time.
  ///
  /// - Parameters:
  ///   - directory: for the recordings, each of which is gone after its run.
  ///   - endsWithFirst: whether to end with the first seed at which something is wrong.
  ///   - begin: is called with each seed before it is played, on any thread. If a run traps, its seed is one of the
  ///     last that were begun, at most one for each processor.
  package init(
    of seeds: [UInt64], in directory: String, endingWithFirst endsWithFirst: Bool = false,
    begin: @Sendable (UInt64) -> Void = { _ in }
  ) {
    let state = Mutex((next: 0, tally: Tally()))
    // Each run has one thread, and no two share anything.
    DispatchQueue.concurrentPerform(iterations: ProcessInfo.processInfo.activeProcessorCount) { _ in
      while true {
        let seed = state.withLock { state -> UInt64? in
          guard state.next < seeds.count, !endsWithFirst || state.tally.wrong.isEmpty else {
            return nil
          }
          defer { state.next += 1 }
          return seeds[state.next]
        }
        guard let seed else { return }
        begin(seed)
        let (findings, coverage) = Oracle.play(Scenario(seed: seed), in: directory)
        state.withLock { state in
          state.tally.played += 1
          state.tally.coverage.add(coverage)
          if !findings.isEmpty {
            state.tally.wrong.append(Wrong(seed: seed, findings: findings))
          }
        }
      }
    }
    self = state.withLock(\.tally)
    wrong.sort { $0.seed < $1.seed }
  }

  private init() {}
}
