import Recording
import Simulation
import SystemPackage

/// What has really happened in a run, by the network's books. Instants are those of the recording:
/// seconds since the run began.
struct Truth {
  let scenario: Scenario
  let recording: Recording
  private let books: NetworkBooks
  /// When the run began, on the network's clock.
  private let began: UInt64

  init(_ scenario: Scenario, _ run: SimulatedRun, _ recording: Recording) {
    self.scenario = scenario
    self.recording = recording
    books = run.network.books
    began = run.began
  }

  /// Handshakes that ended well at the client.
  var established: Int { books.established }
  /// Connections that a server has accepted.
  var accepted: Int { books.accepted }

  /// As `NetworkBooks.miscounted`.
  var miscounted: Int { books.miscounted }

  func end(ofWorker place: Int) -> End { place < scenario.servers ? .server : .client }

  // MARK: Connections

  /// The connections that stood at an instant.
  func standing(at instant: Double) -> NetworkBooks.Census {
    let limit = nanoseconds(instant)
    var (low, high) = (0, books.census.count)
    while low < high {
      let middle = (low + high) / 2
      if books.census[middle].instant <= limit { low = middle + 1 } else { high = middle }
    }
    return low > 0
      ? books.census[low - 1]
      : .empty(at: limit)
  }

  /// Whether the number of connections changed within so many seconds before an instant.
  func changes(before instant: Double, within slack: Double) -> Bool {
    let range = nanoseconds(max(0, instant - slack))...nanoseconds(instant)
    return books.census.contains { range.contains($0.instant) }
  }

  /// The most connections that stood at the client between two instants.
  func most(from start: Double, to end: Double) -> Int {
    let range = nanoseconds(start)...nanoseconds(max(start, end))
    return books.census.reduce(standing(at: start).atClient) {
      range.contains($1.instant) ? max($0, $1.atClient) : $0
    }
  }

  /// As `most`, but also counts connections that have broken and whose client has not heard of it yet.
  func mostKnown(from start: Double, to end: Double) -> Int {
    let range = nanoseconds(start)...nanoseconds(max(start, end))
    return books.census.reduce(standing(at: start).knownToClient) {
      range.contains($1.instant) ? max($0, $1.knownToClient) : $0
    }
  }

  /// The most connections that stood at both ends between two instants.
  func mostAtBothEnds(from start: Double, to end: Double) -> Int {
    let range = nanoseconds(start)...nanoseconds(max(start, end))
    let first = standing(at: start)
    return books.census.reduce(min(first.atClient, first.atServer)) {
      range.contains($1.instant) ? max($0, min($1.atClient, $1.atServer)) : $0
    }
  }

  /// Handshakes that ended well at the client between two instants.
  func established(from start: Double, to end: Double) -> Int {
    let range = nanoseconds(start)...nanoseconds(max(start, end))
    var count = 0
    for (before, after) in zip(books.census, books.census.dropFirst())
    where range.contains(after.instant) && after.atClient > before.atClient { count += 1 }
    if let first = books.census.first, range.contains(first.instant) { count += 1 }
    return count
  }

  // MARK: Failures

  /// The calls of the run's own workers that failed between two instants. An instant below 0 takes in what failed
  /// before the run began.
  func failures(from start: Double = 0, to end: Double = .infinity) -> [NetworkBooks.Failure] {
    let (first, last) = (nanoseconds(start), nanoseconds(end))
    let workers = scenario.servers + scenario.clients
    // Somebody else's server comes after the workers. The program knows nothing of what fails there.
    return books.failures.filter {
      (first...max(first, last)).contains($0.instant) && $0.process < workers
    }
  }

  /// An instant on the network's clock; 0 for one before the run, `max` for infinity.
  private func nanoseconds(_ instant: Double) -> UInt64 {
    guard instant < 1e9 else { return .max }
    // Workers start before the run begins, and their calls may fail already then.
    guard instant >= 0 else { return 0 }
    return began &+ UInt64(max(0, (instant * 1e9).rounded()))
  }
}
