import Recording

/// What slows a plan down, what ends its connections early, and whether its workers can be started.
extension Checkup {
  /// An item only where fewer workers can be started than the plan needs, which is rare.
  static func processes(_ demand: Demand, _ host: HostDescription) -> CheckupItem? {
    let wanted = demand.processes(of: .client, on: host) + demand.processes(of: .server, on: host)
    guard let bound = host.workerBounds.first, bound.left < wanted else { return nil }
    let change = SettingChange(bound, to: bound.used + wanted)
    return CheckupItem(
      setting: bound.setting, now: Format.count(bound.most),
      needed: Format.count(bound.used + wanted), status: .low,
      note: "\(Format.count(wanted)) worker processes, \(bound.words)", change: change)
  }

  /// With more sockets per bucket than this, lookups take noticeably longer.
  private static let socketsOfBucket = 8

  /// The hash table of established connections. The kernel makes it at boot, and network namespaces
  /// share it unless `tcp_child_ehash_entries` gives them a table of their own. It has one bucket of
  /// 8 bytes per 128 KiB of memory, but no more than 524,288 buckets. The boot parameter `thash_entries` sets
  /// another number (`tcp_init` in net/ipv4/tcp.c).
  static func establishedTable(_ demand: Demand, _ host: HostDescription) -> CheckupItem? {
    guard let buckets = host.establishedBuckets, buckets > 0 else { return nil }
    let sockets = demand.endsHere * demand.goal
    let needed = Capacity.divideUp(sockets, socketsOfBucket)
    let isSmall = needed > buckets
    return CheckupItem(
      setting: "net.ipv4.tcp_ehash_entries", now: Format.count(buckets),
      needed: isSmall ? Format.count(needed) : nil, status: isSmall ? .slow : .enough,
      note: isSmall
        ? "\(Format.count(sockets / buckets)) sockets a bucket, each packet looks through them; "
          + "boot with thash_entries=\(needed)"
        : "buckets of the table of established connections")
  }

  /// The shortest time, in seconds, after which one of the big clouds drops an idle connection from its tables
  /// without telling the ends. Azure does so after 240 s, AWS after 350 s (its network load balancer, and the
  /// connection tracking of its newer instances), Google after 600 s.
  private static let shortestIdleTimeout = 240.0

  /// An item only where the plan leaves connections to another host idle for longer than
  /// `shortestIdleTimeout`.
  static func idleTimeout(_ demand: Demand) -> CheckupItem? {
    guard !demand.bothEndsHere, demand.longestIdle > shortestIdleTimeout else { return nil }
    return CheckupItem(
      setting: "idle connections",
      now: "\(Format.count(Int(demand.longestIdle))) s without a message", status: .slow,
      note: "clouds forget them: Azure after 240 s, AWS after 350 s; "
        + "messages at shorter intervals keep them")
  }
}
