import Linux
import Recording

/// One limit of the host, and what a plan needs of it.
package struct CheckupItem: Sendable, Equatable {
  package enum Status: String, Sendable {
    /// Does not stand in the plan's way.
    case enough
    /// Stands in the plan's way, and `change` raises it.
    case low
    /// Too low for one process to reach the goal, and runner cannot raise it. The plan runs all the same, with
    /// more processes.
    case fixed
    /// Stands in the plan's way, and no setting raises it.
    case short
    /// Lets the plan reach its goal, but not as fast, or not for as long.
    case slow
  }

  package var setting: String
  /// The present value, as people read it.
  package var now: String
  /// The value that the plan needs; nil where it needs none in particular.
  package var needed: String?
  package var status: Status
  package var note: String
  /// What raises the setting; nil unless `status` is `low`.
  package var change: SettingChange?
}

/// Compares the limits that are known to bear on connections with what a plan needs. Pure: the host is a value.
package struct Checkup: Sendable {
  package let items: [CheckupItem]

  package init(_ demand: Demand, on host: HostDescription) {
    items = [
      // The kernel lets no limit be above its ceiling, so the ceiling is to be raised first.
      Self.descriptorCeiling(demand, host), Self.descriptors(demand, host),
      Self.processes(demand, host), Self.files(demand, host), Self.watches(demand, host),
      Self.ports(demand), Self.localPorts(demand, host), Self.establishedTable(demand, host),
      Self.idleTimeout(demand), Self.acceptQueue(demand, host), Self.synBacklog(host),
      Self.conntrack(demand, host), Self.timeWait(host), Self.tcpMemory(host),
      Self.memory(demand, host), Self.memoryOfGroup(demand, host),
    ].compactMap(\.self)
  }

  /// The changes of settings that the plan needs to reach its goal. What no setting raises is not among them.
  package var changes: [SettingChange] { items.filter { $0.status == .low }.compactMap(\.change) }

  // MARK: Descriptors

  private static func descriptors(_ demand: Demand, _ host: HostDescription) -> CheckupItem {
    let limit = host.descriptors
    let now =
      limit.soft == limit.hard
      ? Format.count(limit.hard) : "\(Format.count(limit.soft)), hard \(Format.count(limit.hard))"
    let needs = descriptorNeeds(demand)
    let most = needs.map(\.descriptors).max() ?? 0
    var item = CheckupItem(
      setting: "RLIMIT_NOFILE", now: now, needed: Format.count(most), status: .enough,
      note: needs.allSatisfy(\.isAuto) ? "one process an end" : "each process")
    guard most > limit.hard else { return item }
    guard !host.mayRaiseHardLimit || most > host.descriptorsAtMost ?? .max else {
      item.note = "runner raises it itself"
      return item
    }
    item.status = .fixed
    let why = host.mayRaiseHardLimit ? "above fs.nr_open" : "raising it needs CAP_SYS_RESOURCE"
    // With `auto` a run takes as many processes as it needs. Only a number that the plan fixes can be too small.
    let neededWithFixedProcesses = mostDescriptors(ofFixed: needs, above: limit.hard)
    if let neededWithFixedProcesses {
      item.needed = Format.count(neededWithFixedProcesses)
      item.note = "runner may not raise it (\(why)); `processes: auto` would do without"
      item.status = .low
      item.change = SettingChange(
        .descriptorLimit, "nofile", from: limit.soft, to: neededWithFixedProcesses)
    } else {
      let counts = needs.filter(\.isAuto)
        .map { "\(demand.processes(of: $0.end, on: host)) \($0.end.rawValue)" }
      item.note =
        "runner may not raise it (\(why)); the plan runs all the same, with "
        + "\(counts.joined(separator: " and ")) processes"
    }
    return item
  }

  /// How many descriptors one process of an end needs.
  private struct DescriptorNeed {
    let end: End
    let isAuto: Bool
    let descriptors: Int
  }

  /// What a process of each end needs. An end under `auto` gets along with any limit. For such an end the result
  /// says what it would need as a single process.
  private static func descriptorNeeds(_ demand: Demand) -> [DescriptorNeed] {
    [End.client, .server].compactMap { end in
      guard let workers = demand.workers(of: end) else { return nil }
      let processes = if case .count(let count) = workers { max(1, count) } else { 1 }
      return DescriptorNeed(
        end: end, isAuto: workers == .auto,
        descriptors: Capacity.divideUp(demand.goal, processes) + demand.overhead(of: end))
    }
  }

  /// The most descriptors that one process needs at an end whose number of processes the plan fixes; nil
  /// where `limit` is enough for each of them.
  private static func mostDescriptors(
    ofFixed needs: [DescriptorNeed], above limit: Int
  ) -> Int? {
    needs.filter { !$0.isAuto && $0.descriptors > limit }.map(\.descriptors).max()
  }

  private static func descriptorCeiling(
    _ demand: Demand, _ host: HostDescription
  ) -> CheckupItem? {
    guard let now = host.descriptorsAtMost else { return nil }
    let needs = descriptorNeeds(demand)
    let needed = needs.map(\.descriptors).max() ?? 0
    // Not even root can raise a limit above it.
    let binds = mostDescriptors(ofFixed: needs, above: now) != nil
    return CheckupItem(
      setting: "fs.nr_open", now: Format.count(now), needed: Format.count(needed),
      status: binds ? .low : .enough,
      note: needed > now ? "caps RLIMIT_NOFILE; more processes do as well" : "caps RLIMIT_NOFILE",
      change: binds ? sysctl("fs.nr_open", now, Capacity.withHeadroom(needed)) : nil)
  }

  private static func files(_ demand: Demand, _ host: HostDescription) -> CheckupItem? {
    guard let now = host.filesAtMost else { return nil }
    let needed =
      (host.filesOpen ?? 0) + demand.endsHere * demand.goal + demand.ownDescriptors(on: host)
    var item = CheckupItem(
      setting: "fs.file-max", now: Format.count(now), needed: Format.count(needed),
      status: .enough, note: "\(demand.endsHere) a connection")
    guard needed > now else { return item }
    if host.isExemptFromFileMax {
      item.note = "this user is exempt (CAP_SYS_ADMIN)"
    } else {
      item.status = .low
      item.change = sysctl("fs.file-max", now, Capacity.withHeadroom(needed))
    }
    return item
  }

  private static func watches(_ demand: Demand, _ host: HostDescription) -> CheckupItem? {
    guard let now = host.epollWatches else { return nil }
    let needed = demand.watchesPerConnection * demand.goal + demand.ownWatches(on: host)
    let low = needed > now
    return CheckupItem(
      setting: "fs.epoll.max_user_watches", now: Format.count(now), needed: Format.count(needed),
      status: low ? .low : .enough, note: "\(demand.watchesPerConnection) a connection, per user",
      change: low ? sysctl("fs.epoll.max_user_watches", now, Capacity.withHeadroom(needed)) : nil)
  }

  // MARK: Ports and queues

  private static func ports(_ demand: Demand) -> CheckupItem? {
    guard demand.clientWorkers != nil else { return nil }
    let needed = Capacity.sourcesNeeded(
      goal: demand.goal, ports: demand.portsPerSource, endpoints: demand.endpoints)
    return CheckupItem(
      setting: "source addresses", now: Format.count(demand.sources),
      needed: Format.count(needed), status: needed > demand.sources ? .short : .enough,
      note: "\(Format.count(demand.portsPerSource)) ports each, "
        + "\(Format.count(demand.endpoints)) endpoints")
  }

  private static func localPorts(_ demand: Demand, _ host: HostDescription) -> CheckupItem? {
    guard let range = host.localPorts else { return nil }
    let (taken, left) = (demand.localPortsTaken, range.count - demand.localPortsTaken)
    var note =
      "not in the way: runner names every source port itself; it takes up to "
      + "\(Format.count(taken)) of these, and leaves \(Format.count(left)) to others"
    if host.isAtLeast(6, 1), !host.isAtLeast(6, 15) {
      note += "; Linux 6.1 to 6.14 is slow to find one for who names none (bhash2)"
    }
    return CheckupItem(
      setting: "net.ipv4.ip_local_port_range", now: "\(range.lowerBound)-\(range.upperBound)",
      status: .enough, note: note)
  }

  private static func acceptQueue(_ demand: Demand, _ host: HostDescription) -> CheckupItem? {
    guard let now = host.somaxconn, let backlog = demand.backlog else { return nil }
    let low = backlog > now
    return CheckupItem(
      setting: "net.core.somaxconn", now: Format.count(now), needed: Format.count(backlog),
      status: low ? .low : .enough, note: "caps the server's backlog",
      change: low ? sysctl("net.core.somaxconn", now, backlog) : nil)
  }

  private static func synBacklog(_ host: HostDescription) -> CheckupItem? {
    host.synBacklog.map {
      CheckupItem(
        setting: "net.ipv4.tcp_max_syn_backlog", now: Format.count($0), status: .enough,
        note: "handshakes under way at a listener")
    }
  }

  private static func timeWait(_ host: HostDescription) -> CheckupItem? {
    host.timeWaitAtMost.map {
      CheckupItem(
        setting: "net.ipv4.tcp_max_tw_buckets", now: Format.count($0), status: .enough,
        note: "matters after `close: fin` only; a reset leaves no TIME_WAIT")
    }
  }

  /// An empty table is taken to mean that the kernel tracks nothing. A prediction takes it so as well, where nobody
  /// has sent packets to find out (`HostDescription.tracksLoopback`).
  private static func conntrack(_ demand: Demand, _ host: HostDescription) -> CheckupItem? {
    guard let now = host.conntrackAtMost else { return nil }
    let setting = "net.netfilter.nf_conntrack_max"
    guard let entries = host.conntrackEntries, entries > 0 else {
      return CheckupItem(
        setting: setting, now: Format.count(now), status: .enough,
        note: "not in the way: nothing is tracked")
    }
    let needed = host.conntrackLasting + demand.goal
    let low = needed > now
    return CheckupItem(
      setting: setting, now: Format.count(now), needed: Format.count(needed),
      status: low ? .low : .enough, note: "\(Format.count(entries)) tracked now",
      change: low ? sysctl(setting, now, Capacity.withHeadroom(needed)) : nil)
  }

  // MARK: Memory

  private static func tcpMemory(_ host: HostDescription) -> CheckupItem? {
    host.tcpMemory.map {
      CheckupItem(
        setting: "net.ipv4.tcp_mem", now: $0.map(String.init).joined(separator: " "),
        status: .enough, note: "pages that sockets may buffer; idle connections take none")
    }
  }

  private static func memory(_ demand: Demand, _ host: HostDescription) -> CheckupItem {
    let reserved = demand.bytesGuarded(on: host)
    let needed = demand.bytesNeeded(on: host) + reserved
    return CheckupItem(
      setting: "memory available", now: Format.bytes(host.memoryAvailable),
      needed: Format.bytes(needed), status: needed > host.memoryAvailable ? .short : .enough,
      note: "\(Format.bytes(demand.bytesPerConnection(on: host))) a connection, "
        + "\(Format.bytes(reserved)) guarded")
  }

  private static func memoryOfGroup(
    _ demand: Demand, _ host: HostDescription
  ) -> CheckupItem? {
    guard let bound = host.memoryGroup else { return nil }
    let needed =
      bound.used + demand.bytesNeeded(in: bound.group, on: host) + demand.bytesGuarded(on: host)
    let each = demand.bytesPerConnection(in: bound.group, on: host)
    let (low, mayRaise) = (needed > bound.most, !bound.isOfGroupAbove)
    return CheckupItem(
      setting: bound.setting, now: Format.bytes(bound.most), needed: Format.bytes(needed),
      status: low ? mayRaise ? .low : .short : .enough,
      note: "\(bound.group.directory): \(Format.bytes(bound.used)) in use, "
        + "\(Format.bytes(each)) a connection",
      change: low && mayRaise
        ? SettingChange(
          .group(bound.group), bound.setting, from: bound.most, to: Capacity.withHeadroom(needed))
        : nil)
  }

  static func sysctl(_ name: String, _ old: Int, _ value: Int) -> SettingChange {
    SettingChange(.sysctl, name, from: old, to: value)
  }
}
