import Addressing
import GoldenFiles
import Linux
import Recording

@testable import Host

/// A host, a demand and what was seen, drawn by a seed from numbers that lie at, below and above each other.
struct World {
  var host: HostDescription
  var demand: Demand
  var path = PathFindings()
  var before: [Series.Key: Double] = [:]
  var after: [Series.Key: Double] = [:]
  var lowered: Int?

  init(_ chance: inout Chance) {
    host = Self.host(&chance)
    demand = Self.demand(&chance)
    if chance.happens(60) { path = Self.path(&chance) }
    for key in Self.counters {
      if chance.happens(10) { continue }
      if chance.happens(50) { before[key] = Double(chance.pick([0, 5, 10])) }
      let rise = chance.happens(60) ? 0 : chance.pick([1, 3, 6, 12, 24, 300])
      after[key] = (before[key] ?? 0) + Double(rise)
    }
    for (key, values) in Self.levels {
      if chance.happens(40) { after[key] = chance.pick(values) }
    }
    if chance.happens(10) { lowered = chance.pick([300, 20_000]) }
  }

  static let counters: [Series.Key] = [
    .listenOverflows, .listenDrops, .requestQueueFull, .requestQueueCookies, .cookiesSent,
    .timeouts,
    .synRetransmits, .backlogDrops, .abortsOnMemory, .attemptFails, .establishedResets, .resetsSent,
    .unreachableReceived, .unreachableReceivedV6, .unreachableSent, .cgroupFull, .cgroupKills,
    .cgroupOutOfMemory, .oomKills, .conntrackDrops,
  ]

  static let levels: [(Series.Key, [Double])] = [
    (.memoryAvailable, [1_048_576, Double(1 << 30), Double(24 << 30) * 0.05, Double(20 << 30)]),
    (.cgroupMemoryLeft, [1_048_576, Double(1 << 30) * 0.05, Double(50 << 20), Double(900 << 20)]),
    (.tcpPages, [1000, 575_796 * 0.95, 547_000, 547_007, 575_796]),
    (.slab, [Double(1 << 30)]), (.filesOpen, [1000, 3600, 1_800_000, 1_999_999]),
    (.timeWait, [0, 299, 300, 1200]), (.portsSkipped, [0, 1, 300, 1200]),
    (.conntrackEntries, [44, 9000, 9900, 235_930, 259_523, 262_144]),
    (.established, [1, 19_936]), (.socketsInUse, [1, 500]),
  ]

  private static func host(_ chance: inout Chance) -> HostDescription {
    var host = HostDescription.box
    host.user = chance.pick([0, 0, 1000])
    host.isInFirstUserNamespace = !chance.happens(20)
    host.capabilities = Capabilities(
      chance.some(of: [Capabilities.sysAdmin, .sysResource, .netAdmin]))
    host.kernel = chance.pick([
      "6.18.0", "6.1.0-9-amd64", "6.14.2", "6.15.0", "6.12", "6.0", "5.15",
    ])
    host.processors = chance.pick([1, 2, 4])
    host.hasRaisedDescriptors = chance.happens(30)
    host.descriptors = chance.pick([
      ResourceLimit(soft: 20_000, hard: 20_000), ResourceLimit(soft: 1024, hard: 524_288),
      ResourceLimit(soft: 1_000_006, hard: 1_000_006), ResourceLimit(soft: 1024, hard: 4096),
    ])
    host.descriptorsAtMost = chance.pick([nil, 20_000, 524_288, 1_000_006, 1_048_576])
    host.filesAtMost = chance.pick([nil, 4000, 60_000, 2_000_000, 9_000_000])
    host.filesOpen = chance.pick([nil, 1000, 3999])
    host.epollWatches = chance.pick([nil, 30_000, 2_000_162, 5_491_511])
    host.localPorts = chance.pick([
      nil, 32_768...60_999, 1024...65_535, 1000...65_535, 2000...65_535,
    ])
    host.somaxconn = chance.pick([nil, 128, 4096, 65_535])
    host.synBacklog = chance.pick([nil, 128, 1024])
    host.timeWaitAtMost = chance.pick([nil, 65_536])
    host.abortsOnOverflow = chance.happens(40)
    host.sendsCookies = chance.pick([nil, true, false])
    host.ipv6 = chance.pick([.on, .off, .offOnLoopback, .missing])
    host.tcpMemory = chance.pick([nil, [287_898, 383_867, 575_796]])
    host.conntrackAtMost = chance.pick([nil, 10_000, 262_144, 1_000_044])
    host.conntrackEntries = chance.pick([nil, 0, 44, 9900, 262_144])
    host.tracksLoopback = chance.pick([nil, true, false])
    host.forwardsPackets = chance.pick([nil, true, false])
    host.socketsInUse = chance.pick([nil, 10, 100_000])
    host.establishedBuckets = chance.pick([nil, 0, 1024, 125_000, 249_999, 250_000])
    host.memoryAvailable = chance.pick([22 << 30, 1 << 30, 500 << 20])
    host.hasMemoryGroups = chance.happens(50)
    if host.hasMemoryGroups, chance.happens(70) {
      let isVersion2 = chance.happens(50)
      host.memoryGroup = GroupBound(
        isVersion2 ? "memory.max" : "memory.limit_in_bytes",
        of: ControlGroup(directory: "/sys/fs/cgroup/a", isVersion2: isVersion2),
        most: chance.pick([1 << 30, 64 << 20]), used: chance.pick([9 << 20, 60 << 20]))
    }
    if chance.happens(50) {
      for (name, size) in [("TCP", 2368), ("filp", 192), ("eventpoll_epi", 128), ("dentry", 192)] {
        if chance.happens(80) { host.slabs[name] = Slab(size: size, footprint: size + 20) }
      }
    }
    let group = ControlGroup(directory: "/sys/fs/cgroup/b", isVersion2: true)
    host.taskBounds = chance.some(
      of: [
        WorkerBound(.group(group), "pids.max", most: chance.pick([20, 108, 5000]), used: 2),
        WorkerBound(
          .resourceLimit("u"), WorkerBound.userTaskLimit, most: chance.pick([10, 112, 6000]),
          used: 0),
        WorkerBound(.sysctl, "kernel.pid_max", most: chance.pick([113, 32_768]), used: 100),
      ], percent: 40)
    return host
  }

  private static func demand(_ chance: inout Chance) -> Demand {
    let here: Processes? = chance.pick([nil, .auto, .count(1), .count(54), .count(0)])
    var demand = Demand(
      goal: chance.pick([1, 10, 5000, 19_994, 100_000, 1_000_000, 2_000_000]),
      clientWorkers: chance.pick([.auto, .count(1), .count(10), .count(54)]), serverWorkers: here,
      bothEndsHere: here != nil || chance.happens(50), sources: chance.pick([1, 16]),
      portsPerSource: chance.pick([1000, 64_512]), endpoints: chance.pick([1, 2, 54]),
      backlog: here == nil ? nil : chance.pick([128, 4096, 65_535, 70_000]))
    demand.localPortsTaken = chance.pick([0, 28_232])
    demand.longestIdle = chance.pick([0, 240, 240.5, 350])
    demand.memoryGuard = chance.pick([nil, .share(0.05), .bytes(1 << 30)])
    demand.measuredBytesPerConnection = chance.pick([nil, nil, 0, 5000])
    demand.workersAtMost = chance.pick([Demand.usualWorkersAtMost, 8])
    demand.clientsChosen = chance.pick([nil, nil, 3])
    return demand
  }

  static let endpoint = "127.0.0.1:9000"

  private static func path(_ chance: inout Chance) -> PathFindings {
    var path = PathFindings()
    for name in [endpoint, "127.0.0.1:9001"] where chance.happens(60) {
      var listener = PathFindings.Listener(
        mostWaiting: chance.pick([0, 5, 128, 129, 4097]),
        atLastLook: chance.pick([nil, 0, 3, 6, 12]), backlog: chance.pick([128, 4096]),
        drops: chance.pick([nil, 0, 3, 6, 12, 300]))
      listener.isFullWhileUnanswered = chance.happens(30)
      listener.sockets = chance.pick([[], [1], [1, 2]])
      path.listeners[name] = listener
    }
    if chance.happens(15) { path.withoutListener = [endpoint] }
    if chance.happens(15) { path.restarted = [endpoint] }
    if chance.happens(60) {
      path.dropsByReason = [:]
      for reason in chance.some(
        of: ["NETFILTER_DROP", "TCP_LISTEN_OVERFLOW", "NO_SOCKET", "XDP", "PROTO_MEM", "ODD"],
        percent: 30)
      {
        path.dropsByReason?[reason] = chance.pick([1, 2, 3, 6, 7, 500])
      }
    }
    if chance.happens(50) {
      path.unanswered = PathFindings.Unanswered(
        handshakes: chance.pick([1, 6, 7, 12, 14]), sources: chance.pick([1, 2]))
    }
    path.finishedHandshakes = chance.pick([nil, 0, 1200])
    path.held = chance.pick([nil, 0, 19_935, 19_936, 1023])
    path.goneAtServer = chance.pick([0, 1, 12])
    path.redirected = chance.pick([0, 0, 5, 6, 12])
    path.serverMayClose = chance.pick([nil, true, false])
    path.leftAtServer = chance.pick([nil, 0, 5, 6, 12])
    path.stillAccepts = chance.happens(50)
    path.closedWithListener = chance.pick([0, 5, 6, 12])
    path.queuedAtDeadline = chance.pick([0, 5, 6, 12])
    path.strangersAtServer = chance.pick([0, 0, 7])
    path.conntrackMost = chance.pick([nil, 9000, 262_144])
    return path
  }
}
