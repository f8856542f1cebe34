import Linux
import Plan
import Probe
import Recording

/// Takes the values of all series, one worker after the other: they count on meanwhile.
///
/// A sample costs the sampler the same however many connections there are: a scoreboard has a fixed number of
/// cells. What the host and the path say is read by the caller.
package struct Sampler {
  /// Each latency's cells on the scoreboards, and the latency's name in the recording. The cells can have
  /// changed only if another number has: `exchanges` where `isOfMessages`, else the number of finished
  /// handshakes, TLS's among them.
  private static let latencies: [(cells: Scoreboard.Latency, Latency, isOfMessages: Bool)] = [
    (.connect, .connect, false), (.connectUncorrected, .connectUncorrected, false),
    (.roundTrip, .roundTrip, true), (.roundTripUncorrected, .roundTripUncorrected, true),
    (.drift, .drift, true), (.secure, .secure, false),
  ]

  private let sources: [String]
  private let patterns: [String]
  private let pushes: Bool
  private let secure: Secure
  private let started: Instant
  /// For each of `latencies`, the counts of its buckets at the sample before.
  private var counts: [[UInt64]]
  /// Finished handshakes at the sample before, those of TLS counted as well.
  private var handshakes = 0
  /// `exchanges` at the sample before.
  private var exchanged = 0
  /// When the sample before was taken, in seconds since the run started.
  private var intervalStart = 0.0
  /// For each pattern, the seconds in which it was to be played, from the start of the run to the last
  /// `stopMessages`.
  private var wanted: [Double]
  /// The patterns that are played now, by their places in the plan, and the span in which they are to be
  /// played; nil where none is played.
  private var played: (patterns: [Int], from: Instant, until: Instant)?
  /// By worker, the bytes that were taken out of the worker's drive log since the sample before.
  private var driven: [Int: [UInt8]] = [:]

  /// Which series of TLS a run has.
  enum Secure {
    case plain
    /// TLS, and no session is to be resumed.
    case full
    case resuming
  }

  /// - Parameter pushes: whether the built-in server pushes messages that nobody has asked for.
  init(
    sources: [String], patterns: [String], pushes: Bool, secure: Secure = .plain, started: Instant
  ) {
    // With thousands of sources one series each would outweigh everything else in the recording.
    self.sources = sources.count <= Self.mostSources ? sources : []
    self.patterns = patterns
    self.pushes = pushes
    self.secure = secure
    self.started = started
    wanted = patterns.map { _ in 0 }
    counts = Self.latencies.map { _ in [UInt64](repeating: 0, count: LatencyBuckets.count) }
  }

  /// With more sources than this, no source has a series of its own.
  package static let mostSources = 256

  /// Takes a sample.
  ///
  /// - Parameters:
  ///   - kernel: readings of the host and of the path; the sample has them as they are.
  ///   - failures: all failures of the run so far.
  ///   - ownProcessorTime: seconds of processor time that the coordinator has used.
  ///   - heldAtServer: how many of the clients' connections the run's own server holds.
  ///   - state: the whole state of the run; nil where nothing of it has changed.
  mutating func sample(
    _ fleet: borrowing Fleet, at instant: Instant, kernel: [Reading], failures: [FailureRecord],
    phase: String, ownProcessorTime: Double, heldAtServer: Int, state: RunState?
  ) -> Sample {
    let at = instant.seconds(since: started)
    let readings =
      connectionReadings(fleet, heldAtServer: heldAtServer, failures: failures)
      + messageReadings(fleet, at: instant)
      + failureReadings(failures)
      + sourceReadings(fleet)
      + endpointReadings(fleet)
      + processorReadings(fleet, own: ownProcessorTime) + kernel
    defer { intervalStart = at }
    return Sample(
      at: at, readings: readings, distributions: distributions(fleet, phase: phase, at: at),
      drive: drive(fleet), state: state)
  }

  /// Notes that a phase begins to play patterns.
  ///
  /// - Parameters:
  ///   - patterns: their places in the plan.
  ///   - until: when the phase is planned to end; nil where its plan does not say.
  mutating func notePlaying(_ patterns: [Int], from: Instant, until: Instant?) {
    played = (patterns, from, until ?? .distantFuture)
  }

  /// Notes that this phase wants no more messages.
  mutating func stopMessages(at instant: Instant) {
    for pattern in played?.patterns ?? [] { wanted[pattern] = secondsWanted(pattern, at: instant) }
    played = nil
  }

  /// Seconds, in all phases up to the instant, in which a pattern was to be played.
  private func secondsWanted(_ pattern: Int, at instant: Instant) -> Double {
    guard let played, played.patterns.contains(pattern) else { return wanted[pattern] }
    return wanted[pattern]
      + max(0, min(instant, max(played.from, played.until)).seconds(since: played.from))
  }

  /// Empties the drive logs that might be full before the next sample empties them.
  mutating func emptyDriveLogs(of fleet: borrowing Fleet) {
    for member in fleet.members where member.end == .client && member.board.driveLog.isFilling {
      driven[member.id, default: []] += member.board.driveLog.drain()
    }
  }

  private mutating func drive(_ fleet: borrowing Fleet) -> [DriveRecord] {
    defer { driven = [:] }
    return fleet.members.filter { $0.end == .client }.compactMap { member in
      let entries = driven[member.id, default: []] + member.board.driveLog.drain()
      return entries.isEmpty ? nil : DriveRecord(worker: member.id, entries: entries)
    }
  }

  /// - Parameters:
  ///   - heldAtServer: how many of the clients' connections the run's own server holds.
  ///   - failures: all failures of the run so far, with their causes: so the series adds up to those of the causes,
  ///     which the workers' counters, read at another instant, would not.
  func connectionReadings(
    _ fleet: borrowing Fleet, heldAtServer: Int, failures: [FailureRecord]
  ) -> [Reading] {
    func reading(_ key: Series.Key, _ kind: Series.Kind, _ value: Int) -> Reading {
      Reading(key, unit: "connections", kind: kind, value: Double(value))
    }
    // Someone else's server has no counter here: its kernel is asked at the end of a phase. The run's own
    // server cannot tell either, if no connection that it has accepted came from a client's address
    // (`knowsOwnConnections`).
    let hasServerCount = fleet.members.contains { $0.end == .server } && fleet.knowsOwnConnections
    let accepted = hasServerCount ? [reading(.accepted, .gauge, heldAtServer)] : []
    let others =
      fleet.hasHadStrangers
      ? [reading(.others, .gauge, fleet.strangersHeldAtServer)] : []
    // Only where connections come back.
    let returned =
      fleet.total(.dropped, .client) + fleet.total(.reconnected, .client)
        + fleet.current(.returning, .client) > 0
      ? [
        reading(.reconnected, .counter, fleet.total(.reconnected, .client)),
        reading(.returning, .gauge, fleet.current(.returning, .client)),
      ] : []
    return [reading(.established, .gauge, fleet.current(.held, .client))] + accepted + others
      + returned + secureReadings(fleet) + [
        reading(.connecting, .gauge, fleet.current(.connecting, .client)),
        reading(.attempts, .counter, fleet.total(.opened, .client)),
        Reading(
          .retries, unit: "handshakes", kind: .counter,
          value: Double(fleet.total(.retried, .client))),
        reading(.failures, .counter, failures.reduce(0) { $0 + $1.count }),
        reading(.handshakes, .counter, fleet.total(.established, .client)),
        reading(.lost, .counter, fleet.total(.closedByPeer, .client)),
        reading(.churned, .counter, fleet.total(.churned, .client)),
        reading(.unasked, .counter, fleet.total(.unasked, .client)),
        Reading(
          .portsSkipped, unit: "ports", kind: .counter,
          value: Double(fleet.total(.portsSkipped, .client))),
      ]
  }

  /// Handshakes of TLS: from the first sample on, as a series that began with the first handshake would not tell phases
  /// before it from later ones.
  private func secureReadings(_ fleet: borrowing Fleet) -> [Reading] {
    guard secure != .plain else { return [] }
    // The workers count on meanwhile, and a handshake in `secured` first. Read in the other order, more might seem
    // resumed than were done.
    let resumed = fleet.total(.resumed, .client)
    let secured = fleet.total(.secured, .client)
    func reading(_ key: Series.Key, _ value: Int) -> Reading {
      Reading(key, unit: "handshakes", kind: .counter, value: Double(value))
    }
    return [reading(.secured, secured)] + (secure == .resuming ? [reading(.resumed, resumed)] : [])
  }

  private func messageReadings(_ fleet: borrowing Fleet, at instant: Instant) -> [Reading] {
    func counter(_ key: Series.Key, _ unit: String, _ value: Int) -> Reading {
      Reading(key, unit: unit, kind: .counter, value: Double(value))
    }
    var readings: [Reading] = []
    for (index, pattern) in patterns.enumerated() {
      for outcome in MessageOutcome.allCases {
        readings.append(
          counter(
            .messages(outcome, pattern), "messages",
            fleet.total(index, MessageCounter(outcome), .client)))
      }
    }
    for (index, pattern) in patterns.enumerated() {
      readings.append(counter(.unsent(pattern), "messages", fleet.total(index, .unsent, .client)))
      readings.append(
        Reading(
          .wanted(pattern), unit: "s", kind: .counter, value: secondsWanted(index, at: instant)))
    }
    if pushes {
      readings += [
        counter(.messages(.sent, "push"), "messages", fleet.total(.pushed, .server)),
        counter(.messages(.received, "push"), "messages", fleet.total(.pushed, .client)),
        counter(.messages(.wrong, "push"), "messages", fleet.total(.pushedWrong, .client)),
      ]
    }
    guard pushes || !patterns.isEmpty else { return [] }
    return readings + [
      counter(.waits, "waits", fleet.total(.waits, .client)),
      counter(.bytesSent, "bytes", fleet.total(.bytesSent, .client)),
      counter(.bytesReceived, "bytes", fleet.total(.bytesReceived, .client)),
      counter(.bytesUnexpected, "bytes", fleet.total(.unexpectedBytes, .client)),
      Reading(
        .unanswered, unit: "connections", kind: .gauge,
        value: Double(fleet.current(.unanswered, .client))),
    ]
  }

  private func failureReadings(_ failures: [FailureRecord]) -> [Reading] {
    var totals: [String: Int] = [:]
    for failure in failures { totals[failure.cause, default: 0] += failure.count }
    return totals.sorted { $0.key < $1.key }.map { cause, count in
      Reading(.failures(cause), unit: "failures", kind: .counter, value: Double(count))
    }
  }

  private func sourceReadings(_ fleet: borrowing Fleet) -> [Reading] {
    var totals = [Int](repeating: 0, count: sources.count)
    for member in fleet.members where member.end == .client && member.isAlive {
      for index in totals.indices { totals[index] += Int(member.board.held(bySource: index)) }
    }
    return zip(sources, totals).map { source, total in
      Reading(.source(source), unit: "connections", kind: .gauge, value: Double(total))
    }
  }

  private func endpointReadings(_ fleet: borrowing Fleet) -> [Reading] {
    var readings: [Reading] = []
    for member in fleet.members {
      guard let endpoint = member.endpoint else { continue }
      readings.append(
        Reading(
          .endpoint("\(endpoint)"), unit: "connections", kind: .gauge,
          value: Double(fleet.held(by: member))))
    }
    return readings
  }

  private func processorReadings(_ fleet: borrowing Fleet, own: Double) -> [Reading] {
    func reading(_ whose: String, _ seconds: Double) -> Reading {
      Reading(.processor(whose), unit: "s", kind: .counter, value: seconds)
    }
    return [End.client, .server].map { reading($0.rawValue, fleet.processorTime(of: $0)) }
      + [reading("coordinator", own)]
  }

  private mutating func distributions(
    _ fleet: borrowing Fleet, phase: String, at: Double
  ) -> [DistributionRecord] {
    let totals = (
      fleet.total(.established, .client) + fleet.total(.secured, .client), exchanges(fleet)
    )
    let hasChanged = (handshakes: totals.0 != handshakes, exchanged: totals.1 != exchanged)
    (handshakes, exchanged) = totals
    var records: [DistributionRecord] = []
    // Where a total has not changed, its buckets are not read: so a long hold costs nothing here.
    for (index, (cells, latency, isOfMessages)) in Self.latencies.enumerated()
    where isOfMessages ? hasChanged.exchanged : hasChanged.handshakes {
      var now = [UInt64](repeating: 0, count: LatencyBuckets.count)
      for member in fleet.members where member.end == .client {
        member.board.addCounts(of: cells, to: &now)
      }
      var buckets: [Distribution.Bucket] = []
      for bucket in now.indices where now[bucket] != counts[index][bucket] {
        // A worker's cell has 32 bits and wraps around. Modulo 2^32 the difference is right all the same.
        let more = UInt32(truncatingIfNeeded: now[bucket] &- counts[index][bucket])
        buckets.append(
          Distribution.Bucket(value: LatencyBuckets.value(at: bucket), count: UInt64(more)))
      }
      counts[index] = now
      guard !buckets.isEmpty else { continue }
      records.append(
        DistributionRecord(
          latency: latency, phase: phase, from: intervalStart, to: at,
          distribution: Distribution(buckets: buckets)))
    }
    return records
  }

  /// A number that rises whenever a round trip or a drift can have been recorded. It counts:
  /// - the messages that are sent or answered;
  /// - the bytes that come and go, since neither an answer within a conversation nor a delayed step of one has a
  ///   counter of its own;
  /// - the connections that are begun, since they have a drift, too.
  private func exchanges(_ fleet: borrowing Fleet) -> Int {
    let moved =
      fleet.total(.opened, .client) + fleet.total(.bytesReceived, .client)
      + fleet.total(.bytesSent, .client)
    return patterns.indices.reduce(moved) { total, index in
      [MessageCounter.sent, .received, .late].reduce(total) {
        $0 + fleet.total(index, $1, .client)
      }
    }
  }
}

extension Sampler.Secure {
  init(_ tls: PlanTLS?) {
    self = tls.map { $0.resume > 0 ? .resuming : .full } ?? .plain
  }
}

extension MessageCounter {
  init(_ outcome: MessageOutcome) {
    self =
      switch outcome {
      case .sent: .sent
      case .received: .received
      case .wrong: .wrong
      case .short: .short
      case .late: .late
      case .missing: .missing
      }
  }
}
