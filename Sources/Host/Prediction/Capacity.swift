import Linux
package import Recording

/// Predicts, before anything is opened, how many connections a machine can hold.
package enum Capacity {
  /// Every bound on the number of connections. The smallest one is the predicted limit, and has `binds` set.
  package static func predict(_ demand: Demand, on host: HostDescription) -> [PredictionTerm] {
    var terms = [
      descriptors(of: .client, demand, host), descriptors(of: .server, demand, host),
      files(demand, host), watches(demand, host), ports(demand), memory(demand, host),
      memoryOfGroup(demand, host), conntrack(demand, host),
    ].compactMap(\.self)
    let smallest = terms.map(\.connections).min()
    if let binding = terms.firstIndex(where: { $0.connections == smallest }) {
      terms[binding].binds = true
    }
    return terms
  }

  /// Processes that hold `goal` connections when each has `descriptors`, of which it needs `overhead`
  /// for itself; nil when not even one connection fits.
  package static func workersNeeded(goal: Int, descriptors: Int, overhead: Int) -> Int? {
    let each = descriptors - overhead
    return each > 0 ? max(1, divideUp(goal, each)) : nil
  }

  /// Source addresses that `goal` connections need: ceil(goal / (ports x endpoints)).
  package static func sourcesNeeded(goal: Int, ports: Int, endpoints: Int) -> Int {
    max(1, divideUp(goal, max(1, ports) * max(1, endpoints)))
  }

  /// The most workers that an end may have whose number the plan leaves open (`.auto`); at least 1. The ends
  /// with a fixed number take theirs from `room` first, and the open ends share the rest evenly.
  ///
  /// - Parameters:
  ///   - ends: the processes of each end; nil where someone else plays it.
  ///   - room: how many workers can be started in all.
  ///   - each: the most that an open end may have, however much room there is.
  package static func mostWorkers(
    _ ends: [Processes?], room: Int, each: Int = Demand.usualWorkersAtMost
  ) -> Int {
    var (counted, open) = (0, 0)
    for case let end? in ends {
      if case .count(let count) = end { counted += count } else { open += 1 }
    }
    return max(1, min(each, max(0, room - counted) / max(1, open)))
  }

  /// The value to raise a setting to: `needed`. Where the setting is as high as that already, it was not
  /// enough, so the result is a value above the present one (`withHeadroom`). `Int.max` cannot be raised, and
  /// stays.
  package static func raised(from now: Int?, to needed: Int) -> Int {
    guard let now, needed <= now else { return needed }
    return now == .max ? now : max(now + 1, withHeadroom(now))
  }

  /// The value to ask for: five per cent more, rounded up to two leading digits. From 2^60 on the value itself,
  /// so that nothing overflows.
  static func withHeadroom(_ value: Int) -> Int {
    guard value < 1 << 60 else { return value }
    let wanted = value + value / 20
    var step = 1
    while wanted / step >= 100 { step *= 10 }
    return divideUp(wanted, step) * step
  }

  static func divideUp(_ value: Int, _ divisor: Int) -> Int { (value + divisor - 1) / divisor }

  // MARK: - Terms

  private static func descriptors(
    of end: End, _ demand: Demand, _ host: HostDescription
  ) -> PredictionTerm? {
    guard let workers = demand.workers(of: end) else { return nil }
    let limit = host.descriptorsPerProcess
    let overhead = demand.overhead(of: end)
    let each = max(0, limit - overhead)
    let perProcess =
      "\(Format.count(each)) each (RLIMIT_NOFILE \(Format.count(limit)), \(overhead) for itself)"
    switch workers {
    case .count(let count):
      return PredictionTerm(
        end: end, resource: .descriptorsPerProcess, connections: count * each,
        reason: "\(processes(count)) of \(perProcess)")
    case .auto:
      let most = demand.mostWorkers(on: host)
      let needed = each > 0 ? demand.processes(of: end, on: host) : nil
      let whyNotMore = host.workerBounds.first.map {
        most < demand.workersAtMost ? " (\($0.words))" : ""
      }
      return PredictionTerm(
        end: end, resource: .descriptorsPerProcess, connections: most * each,
        reason: """
          \(needed.map(processes) ?? "no process") of \(perProcess) \
          for the goal, up to \(Format.count(most))\(whyNotMore ?? "")
          """)
    }
  }

  private static func processes(_ count: Int) -> String {
    count == 1 ? "1 process" : "\(Format.count(count)) processes"
  }

  private static func files(_ demand: Demand, _ host: HostDescription) -> PredictionTerm? {
    guard let most = host.filesAtMost, !host.isExemptFromFileMax else { return nil }
    let open = host.filesOpen ?? 0
    return PredictionTerm(
      end: .host, resource: .descriptorsPerHost,
      connections: max(0, most - open - demand.ownDescriptors(on: host)) / demand.endsHere,
      reason: """
        fs.file-max \(Format.count(most)), \(Format.count(open)) open, \
        \(demand.endsHere) a connection
        """)
  }

  /// The bound that fs.epoll.max_user_watches sets, which binds root like everyone. By default the kernel lets
  /// each user's watches take 1/25 of low memory (`eventpoll_init` in fs/eventpoll.c).
  private static func watches(_ demand: Demand, _ host: HostDescription) -> PredictionTerm? {
    guard let most = host.epollWatches, demand.watchesPerConnection > 0 else { return nil }
    let own = demand.ownWatches(on: host)
    return PredictionTerm(
      end: .host, resource: .epollWatches,
      connections: max(0, most - own) / demand.watchesPerConnection,
      reason: """
        fs.epoll.max_user_watches \(Format.count(most)), \
        \(demand.watchesPerConnection) a connection
        """)
  }

  private static func ports(_ demand: Demand) -> PredictionTerm? {
    guard demand.clientWorkers != nil else { return nil }
    return PredictionTerm(
      end: .client, resource: .sourcePorts, connections: demand.tuples,
      reason: """
        \(Format.count(demand.sources)) sources x \(Format.count(demand.portsPerSource)) ports \
        x \(Format.count(demand.endpoints)) endpoints
        """)
  }

  private static func memory(_ demand: Demand, _ host: HostDescription) -> PredictionTerm {
    let reserved = demand.bytesGuarded(on: host)
    let each = demand.bytesPerConnection(on: host)
    let own = demand.ownBytes(on: host)
    return PredictionTerm(
      end: .host, resource: reserved > 0 ? .memoryGuard : .memory,
      connections: max(0, host.memoryAvailable - reserved - own) / each,
      reason: """
        \(Format.bytes(host.memoryAvailable)) available, \(Format.bytes(reserved)) guarded, \
        \(Format.bytes(own)) for our processes, \(Format.bytes(each)) a connection
        """)
  }

  private static func memoryOfGroup(
    _ demand: Demand, _ host: HostDescription
  ) -> PredictionTerm? {
    guard let bound = host.memoryGroup else { return nil }
    let reserved = demand.bytesGuarded(on: host)
    let each = demand.bytesPerConnection(in: bound.group, on: host)
    let own = demand.ownBytes(on: host, inGroup: true)
    return PredictionTerm(
      end: .host, resource: reserved > 0 ? .memoryGuard : .memory,
      connections: max(0, bound.left - reserved - own) / each,
      reason: """
        \(bound.file) \(Format.bytes(bound.most)), \(Format.bytes(bound.left)) left, \
        \(Format.bytes(reserved)) guarded, \(Format.bytes(own)) for our processes, \
        \(Format.bytes(each)) a connection
        """)
  }

  /// The bound of the connection tracking table; nil where nothing is tracked. The table exists as soon as the
  /// module is loaded, but the kernel tracks nothing until a rule needs it. Where both ends are on this host,
  /// `tracksLoopback` tells. Where that is not known, or an end is elsewhere, entries in the table show that
  /// something is tracked. A table that is nearly full counts in any case.
  private static func conntrack(_ demand: Demand, _ host: HostDescription) -> PredictionTerm? {
    guard let most = host.conntrackAtMost, let entries = host.conntrackEntries else { return nil }
    let tracks = (demand.bothEndsHere ? host.tracksLoopback : nil) ?? (entries > 0)
    guard tracks || Double(entries) >= DiagnosisContext.fullTable * Double(most) else { return nil }
    let lasting = host.conntrackLasting
    return PredictionTerm(
      end: .host, resource: .packetsDropped, connections: max(0, most - lasting),
      reason: """
        net.netfilter.nf_conntrack_max \(Format.count(most)), \(Format.count(entries)) tracked, \
        \(Format.count(lasting)) that last
        """)
  }
}

extension Demand {
  func workers(of end: End) -> Processes? {
    switch end {
    case .client: clientWorkers
    case .server: serverWorkers
    case .host: nil
    }
  }

  func overhead(of end: End) -> Int { end == .server ? serverOverhead : clientOverhead }

  /// Processes that will play an end on this machine.
  func processes(of end: End, on host: HostDescription) -> Int {
    switch workers(of: end) {
    case nil: return 0
    case .count(let count): return max(1, count)
    case .auto:
      if let chosen = end == .client ? clientsChosen : serversChosen { return chosen }
      let needed = Capacity.workersNeeded(
        goal: goal, descriptors: host.descriptorsPerProcess, overhead: overhead(of: end))
      let most = mostWorkers(on: host)
      return min(needed ?? most, most)
    }
  }

  /// The most processes of an end that leaves their number open.
  func mostWorkers(on host: HostDescription) -> Int {
    Capacity.mostWorkers(
      [clientWorkers, serverWorkers], room: host.workersAtMost, each: workersAtMost)
  }

  func ownDescriptors(on host: HostDescription) -> Int {
    processes(of: .client, on: host) * clientOverhead
      + processes(of: .server, on: host) * serverOverhead
  }

  /// Bytes of memory that the plan's memory guard keeps free of connections; 0 without a guard. A
  /// guard that is a share is a share of the memory that this process may use (`memoryAllowed`).
  package func bytesGuarded(on host: HostDescription) -> Int {
    memoryGuard?.bytes(of: host.memoryAllowed) ?? 0
  }

  /// Bytes that the goal's connections and the run's own processes take of the machine's memory.
  func bytesNeeded(on host: HostDescription) -> Int {
    goal * bytesPerConnection(on: host) + ownBytes(on: host)
  }

  /// Bytes that a control group is charged for the goal's connections and the run's own processes.
  func bytesNeeded(in group: ControlGroup, on host: HostDescription) -> Int {
    goal * bytesPerConnection(in: group, on: host) + ownBytes(on: host, inGroup: true)
  }

  /// Bytes that the coordinator and the workers take, however many connections they hold.
  ///
  /// - Parameter inGroup: counts what a control group is charged, instead of what the machine loses.
  func ownBytes(on host: HostDescription, inGroup: Bool = false) -> Int {
    let clients = processes(of: .client, on: host)
    let workers = clients + processes(of: .server, on: host)
    return (inGroup ? Self.bytesOfCoordinatorInGroup : Self.bytesOfCoordinator)
      + workers * (Self.bytesOfWorker + ownBytesPerWorker) + clients * ownBytesPerClient
  }

  /// A worker's private pages, page tables and kernel stacks; measured with 20 to 200 idle workers on
  /// Linux 6.18, x86-64: 415 to 450 KiB each.
  private static let bytesOfWorker = 440 << 10
  /// Bytes that the coordinator takes, SQLite's pages among them. Measured: a run with two workers took so many
  /// more than `bytesOfWorker` for each of them.
  private static let bytesOfCoordinator = 16 << 20
  /// Bytes that a control group is charged for the coordinator. Measured with 2 to 120 workers: the group was
  /// charged so many more than `bytesOfWorker` for each of them. They are fewer than `bytesOfCoordinator`,
  /// because the program's own pages are charged to whichever group read them first.
  private static let bytesOfCoordinatorInGroup = 5 << 20

  /// Epoll watches that the workers take besides those of connections: one for each worker's wake-up, and one
  /// for each server worker's listener.
  func ownWatches(on host: HostDescription) -> Int {
    processes(of: .client, on: host) + 2 * processes(of: .server, on: host)
  }
}
