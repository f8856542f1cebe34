import Addressing
import Coordination
import FoundationEssentials
import Host
import Judgement
import Linux
import Plan
import Probe
import Recording
import SystemPackage

/// `serve` from start to end: says what its workers count, and which limit they meet.
struct ServeSession: ~Copyable {
  struct Options {
    var verbose: Bool
    var quiet: Bool
    var json: Bool
  }

  private static let phase = "serve"
  /// How often to look at what the workers count.
  private static let tick = Duration.milliseconds(100)
  /// How long workers may take to close their connections. A million of them take seconds.
  private static let patience = Duration.seconds(60)

  private let prepared: PreparedServer
  private let options: Options
  private var fleet: Fleet
  /// What the workers receive; nil without `--verbose`.
  private var received: ReceivedText?
  private let clock: SystemClock
  private let kernel: KernelSeries
  /// The kernel's counters when the server began: those that have risen since are evidence.
  private let before: [Series.Key: Double]
  private let started: Instant
  private var ledger: FailureLedger
  private var growth = GrowthLog()
  /// The most connections that were seen at once.
  private var mostHeld = 0
  private var limits: [LimitRecord] = []
  /// The workers that have died or were killed because they hung: their indices in `fleet.members`.
  private var dead: [Int] = []

  /// Forks the workers. Call it before any thread exists.
  init(_ prepared: PreparedServer, options: Options) throws {
    var prepared = prepared
    let pipes = options.verbose ? try ReceivedText.openPipes(for: &prepared.servers) : []
    let fleet: Fleet
    let workers = try ForkedWorkers.prepared(for: prepared.demand, on: prepared.host)
    do throws(Fleet.WorkerNotForked) {
      fleet = try Fleet(servers: prepared.servers, clients: [], sources: 0, on: workers)
    } catch {
      throw RunStartFailure(error, prepared.demand, on: prepared.host)
    }
    let clock = try SystemClock(attention: workers.attention)
    received = options.verbose ? ReceivedText(pipes: pipes, servers: prepared.servers) : nil
    for server in prepared.servers {
      // The workers have copies of their own since the fork.
      if let pipe = server.receivedPipe { Socket.close(pipe) }
    }
    kernel = KernelSeries(host: prepared.host)
    before = kernel.readings().values
    started = .now()
    ledger = FailureLedger(clients: [], phases: [Self.phase], started: started)
    self.fleet = fleet
    self.clock = clock
    self.prepared = prepared
    self.options = options
  }

  /// Serves until a signal comes or no worker is left. Returns the exit code.
  mutating func serve() -> Int32 {
    guard allListen() else {
      observe()
      end()
      if limits.isEmpty {
        StandardError.write("runner: a server process did not say in time whether it can listen\n")
        return ExitStatus.fault
      }
      return ExitStatus.limit
    }
    announce()
    while clock.nextSignal() == nil {
      clock.wait(until: .now().advanced(by: Self.tick), for: received?.pipes ?? [])
      received?.print()
      observe()
      guard fleet.members.contains(where: \.isAlive) else {
        StandardError.write("runner: no server process is left\n")
        return ExitStatus.fault
      }
    }
    end()
    // Printing waits where nobody reads, so from here on a signal ends this process.
    clock.endProcess(afterSignals: 1, code: ExitStatus.passed)
    return printTotals()
  }

  // MARK: Beginning and end

  /// Waits, 10 s at most, until every worker has said whether it can listen. Returns whether all
  /// can.
  private mutating func allListen() -> Bool {
    let deadline = Instant.now().advanced(by: .seconds(10))
    while .now() < deadline,
      fleet.any(.server, { $0[.state] == WorkerState.starting.rawValue })
    {
      clock.pause(until: .now().advanced(by: .milliseconds(5)))
      for index in fleet.reap() { recordDeath(of: index) }
    }
    return fleet.members.allSatisfy(\.isAlive)
      && fleet.all(.server) { $0[.state] == WorkerState.ready.rawValue }
  }

  private func announce() {
    guard !options.quiet else { return }
    let endpoints = fleet.members.compactMap(\.endpoint)
    let count = endpoints.count == 1 ? "1 process" : "\(endpoints.count) processes"
    var place = "\(endpoints[0])"
    if let last = endpoints.last, endpoints.count > 1 { place += " to \(last)" }
    var text = "listening on \(place) with \(count)\n"
    if let bound = prepared.prediction.binding { text += "room for \(bound.line)\n" }
    StandardError.write(text)
  }

  /// Ends the workers. A second signal ends this process at once, and then the kernel kills the
  /// workers.
  private mutating func end() {
    fleet.post(.quit, phase: 0, start: .now())
    let deadline = Instant.now().advanced(by: Self.patience)
    while fleet.members.contains(where: \.isAlive), .now() < deadline {
      clock.wait(until: .now().advanced(by: .milliseconds(5)))
      if clock.nextSignal() != nil { CurrentProcess.exit(ExitStatus.passed) }
      _ = fleet.reap()
    }
    fleet.quit(within: .zero, by: clock)
    received?.print()
    recordFailures(isLast: true)
  }

  // MARK: Looking

  /// Looks at what the workers count, and prints what is new.
  private mutating func observe() {
    for index in fleet.giveUpHung(at: .now()) + fleet.reap() { recordDeath(of: index) }
    let held = fleet.current(.held, .server)
    mostHeld = max(mostHeld, held)
    let counts = ServerCounts(
      held: held, accepted: fleet.total(.opened, .server),
      closed: fleet.total(.closedByPeer, .server))
    recordFailures()
    if let line = growth.line(counts, elapsed: Instant.now().seconds(since: started)),
      !options.quiet
    {
      StandardError.offer(line + "\n")
    }
  }

  private mutating func recordFailures(isLast: Bool = false) {
    guard ledger.update(from: fleet, at: .now(), isLast: isLast) else { return }
    for failure in ledger.records { record(failure) }
  }

  /// Prints a limit when it is met for the first time. After that only its count rises.
  private mutating func record(_ failure: FailureRecord) {
    if let known = limits.firstIndex(where: {
      $0.syscall == failure.syscall && $0.errno == failure.errno
    }) {
      limits[known].count = failure.count
      return
    }
    let found = finder().limits(
      of: phaseRecord(), failures: [failure], memoryGuard: nil, workerDied: false)
    // That a client closes its connection is no limit of a server.
    for limit in found where limit.resource != .closedByPeer {
      limits.append(limit)
      StandardError.offer(limit.told)
    }
  }

  private mutating func recordDeath(of index: Int) {
    dead.append(index)
    var worker = WorkerRecord(fleet.members[index])
    worker.update(from: fleet.members[index], in: fleet)
    let instant = Instant.now().seconds(since: started)
    let limit =
      fleet.members[index].hang.map {
        finder().limit(ofHang: $0, of: worker, in: phaseRecord(), at: instant)
      } ?? finder().limit(ofDeath: worker, in: phaseRecord(), at: instant)
    limits.append(limit)
    StandardError.offer(limit.told)
  }

  private func finder() -> LimitFinder {
    LimitFinder(
      host: prepared.host, demand: prepared.demand, prediction: prepared.prediction, before: before,
      after: kernel.readings().values)
  }

  private func phaseRecord() -> PhaseRecord {
    PhaseRecord(
      name: Self.phase, kind: .hold, title: Self.phase, planLine: 0, established: mostHeld,
      accepted: mostHeld)
  }

  // MARK: Totals

  /// Prints the totals. Returns the exit code.
  private func printTotals() -> Int32 {
    // Each board still has the number of connections that its worker held when it ended. Those of
    // workers that died earlier are lost; the others were open at the end.
    let lost = dead.reduce(0) { $0 + Int(fleet.members[$1].board[.held]) }
    let held = fleet.total(.held, .server) - lost
    let totals = ServeTotals(
      endpoints: fleet.members.compactMap { $0.endpoint.map { "\($0)" } },
      duration: Instant.now().seconds(since: started),
      accepted: fleet.total(.opened, .server), most: max(mostHeld, held), held: held, lost: lost,
      closed: fleet.total(.closedByPeer, .server), received: fleet.total(.bytesReceived, .server),
      sent: fleet.total(.bytesSent, .server), limits: limits)
    let text = options.json ? totals.json + "\n" : options.quiet ? "" : totals.text
    return tell(received?.isCut == true ? "\n" + text : text)
      ?? ExitStatus.passed
  }
}
