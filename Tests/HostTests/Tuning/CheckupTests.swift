import Recording
import Testing

@testable import Host

@Suite struct CheckupTests {
  /// What is said about one setting of a host, given a demand.
  struct Case: CustomTestStringConvertible, Sendable {
    let name, setting: String
    let status: CheckupItem.Status
    let needed: String?
    var command: String?
    let change: @Sendable (inout HostDescription, inout Demand) -> Void

    init(
      _ name: String, _ setting: String, _ status: CheckupItem.Status, needs needed: String?,
      fix command: String? = nil,
      _ change: @escaping @Sendable (inout HostDescription, inout Demand) -> Void = { _, _ in }
    ) {
      self.name = name
      self.setting = setting
      self.status = status
      self.needed = needed
      self.command = command
      self.change = change
    }

    var testDescription: String { "\(setting): \(name)" }
  }

  private static let limits = [
    Case("beyond one process that may raise it", "fs.nr_open", .enough, needs: "1,000,007") {
      $0.capabilities = [.sysAdmin, .sysResource]
      $1.clientWorkers = .count(1)
      $1.serverWorkers = .count(1)
    },
    Case(
      "low for a single process", "fs.nr_open", .low, needs: "1,000,007",
      fix: "sysctl -w fs.nr_open=1100000"
    ) {
      $0.capabilities = [.sysAdmin, .sysResource]
      $0.descriptorsAtMost = 1_000_006
      $1.clientWorkers = .count(1)
      $1.serverWorkers = .count(1)
    },
    Case("more processes do as well", "fs.nr_open", .enough, needs: "5,000,007") {
      $0.capabilities = [.sysAdmin, .sysResource]
      $1.goal = 5_000_000
      $1.clientWorkers = .auto
      $1.serverWorkers = .auto
    },
    Case(
      "raised before a limit above it, whoever raises that", "fs.nr_open", .low, needs: "2,000,007",
      fix: "sysctl -w fs.nr_open=2200000"
    ) {
      $1.goal = 2_000_000
      $1.clientWorkers = .count(1)
      $1.serverWorkers = .count(1)
    },
    Case("root is exempt", "fs.file-max", .enough, needs: "2,001,702"),
    Case("low", "fs.file-max", .low, needs: "2,001,702", fix: "sysctl -w fs.file-max=2200000") {
      host, _ in host.capabilities = []
    },
    Case("exactly enough", "fs.file-max", .enough, needs: "2,001,702") { host, _ in
      host.capabilities = []
      host.filesAtMost = 2_001_702
    },
    Case("one end alone", "fs.file-max", .enough, needs: "1,001,324") {
      $0.capabilities = []
      $1 = .client
    },
    Case("enough", "fs.epoll.max_user_watches", .enough, needs: "2,000,162"),
    Case(
      "low by one", "fs.epoll.max_user_watches", .low, needs: "2,000,162",
      fix: "sysctl -w fs.epoll.max_user_watches=2200000"
    ) { host, _ in
      host.epollWatches = 2_000_161
    },
    Case("one end alone", "fs.epoll.max_user_watches", .enough, needs: "1,000,054") {
      $1 = .client
    },
  ]

  private static let network = [
    Case("enough", "source addresses", .enough, needs: "1"),
    Case("short", "source addresses", .short, needs: "1,000") {
      $1.portsPerSource = 1000
      $1.endpoints = 1
    },
    Case("not in the way", "net.ipv4.ip_local_port_range", .enough, needs: nil),
    Case("enough", "net.core.somaxconn", .enough, needs: "4,096"),
    Case(
      "low", "net.core.somaxconn", .low, needs: "4,096",
      fix: "sysctl -w net.core.somaxconn=4096"
    ) { host, _ in host.somaxconn = 128 },
    Case("only told", "net.ipv4.tcp_max_syn_backlog", .enough, needs: nil),
    Case("only told", "net.ipv4.tcp_max_tw_buckets", .enough, needs: nil) { host, _ in
      host.timeWaitAtMost = 65_536
    },
    Case("only told", "net.ipv4.tcp_mem", .enough, needs: nil),
    Case("nothing is tracked", "net.netfilter.nf_conntrack_max", .enough, needs: nil) { host, _ in
      host.conntrackAtMost = 1000
      host.conntrackEntries = 0
    },
    Case(
      "low", "net.netfilter.nf_conntrack_max", .low, needs: "1,000,044",
      fix: "sysctl -w net.netfilter.nf_conntrack_max=1100000"
    ) { host, _ in
      host.conntrackAtMost = 262_144
      host.conntrackEntries = 44
    },
    Case(
      "full of connections that have ended", "net.netfilter.nf_conntrack_max", .enough,
      needs: "1,000,020"
    ) { host, _ in
      host.conntrackAtMost = 1_000_044
      host.conntrackEntries = 900_000
      host.forwardsPackets = false
      host.socketsInUse = 20
    },
    Case("enough", "net.netfilter.nf_conntrack_max", .enough, needs: "1,000,044") { host, _ in
      host.conntrackAtMost = 1_000_044
      host.conntrackEntries = 44
    },
  ]

  private static let memory = [
    Case("enough", "memory available", .enough, needs: "7.86 GiB"),
    Case("short", "memory available", .short, needs: "7.86 GiB") { host, _ in
      host.memoryAvailable = 4 << 30
    },
    Case("short by what is guarded", "memory available", .short, needs: "9.86 GiB") {
      $0.memoryAvailable = 7 << 30
      $1.memoryGuard = .bytes(2 << 30)
    },
    Case("as it was measured", "memory available", .enough, needs: "1,016 MiB") {
      $1.measuredBytesPerConnection = 1000
    },
    Case("enough", "memory.limit_in_bytes", .enough, needs: "6.25 GiB") { host, _ in
      host = .box(group: 10 << 30, used: 1 << 30, isVersion2: false)
    },
    Case(
      "low", "memory.limit_in_bytes", .low, needs: "6.25 GiB",
      fix: "echo 7100000000 > /sys/fs/cgroup/a/memory.limit_in_bytes"
    ) { host, _ in
      host = .box(group: 4 << 30, used: 1 << 30, isVersion2: false)
    },
  ]

  @Test(arguments: limits + network + memory)
  func `holds a setting against what the plan needs`(test: Case) throws {
    var (host, demand) = (HostDescription.box, Demand.million)
    test.change(&host, &demand)
    let checkup = Checkup(demand, on: host)
    let item = try #require(checkup.items.first { $0.setting == test.setting })
    #expect(item.status == test.status)
    #expect(item.needed == test.needed)
    #expect(item.change?.command == test.command)
    #expect(!item.now.isEmpty && !item.note.isEmpty)
    let undo = item.change.map { $0.command.replacing($0.value, with: $0.old) }
    #expect(item.change?.undo == undo)
    let isListed = checkup.changes.contains { $0.setting == test.setting }
    #expect(isListed == (item.status == .low))
  }

  @Test func `a host that tells nothing has the items that every host has`() {
    let settings = Checkup(.million, on: HostDescription()).items.map(\.setting)
    #expect(settings == ["RLIMIT_NOFILE", "source addresses", "memory available"])
  }

  @Test func `a server alone has no sources, a client alone no backlog`() {
    let server = Demand(
      goal: 10, clientWorkers: nil, serverWorkers: .auto, bothEndsHere: false, sources: 1,
      portsPerSource: 1, endpoints: 1, backlog: 128)
    let ofServer = Checkup(server, on: .box).items.map(\.setting)
    #expect(!ofServer.contains("source addresses"))
    #expect(ofServer.contains("net.core.somaxconn"))
    let ofClient = Checkup(.client, on: .box).items.map(\.setting)
    #expect(ofClient.contains("source addresses"))
    #expect(!ofClient.contains("net.core.somaxconn"))
  }

  @Test func `no setting stands twice`() {
    let host = HostDescription.box {
      $0.conntrackAtMost = 1
      $0.timeWaitAtMost = 1
      $0.memoryGroup = HostDescription.box(group: 1, used: 1).memoryGroup
    }
    let settings = Checkup(.million, on: host).items.map(\.setting)
    #expect(Set(settings).count == 13)
    #expect(settings.count == 13)
  }

  /// The kernel refuses a limit above its ceiling with EPERM, to root as well.
  @Test func `the ceiling is raised before the limit`() {
    let demand = Demand.million {
      $0.goal = 2_000_000
      $0.clientWorkers = .count(1)
      $0.serverWorkers = .count(1)
    }
    let settings = Checkup(demand, on: .box { $0.capabilities = [] }).changes.map(\.setting)
    let ceiling = settings.firstIndex(of: "fs.nr_open")
    let limit = settings.firstIndex(of: "nofile")
    #expect(ceiling != nil && limit != nil && ceiling! < limit!, "\(settings)")
  }

  @Test func `the undo of a resource limit leaves its hard limit alone`() {
    #expect(SettingChange(.descriptorLimit, "nofile", from: 1024, to: 5).undo == "ulimit -Sn 1024")
    #expect(SettingChange(.processLimit, "nproc", from: 7, to: 50).undo == "ulimit -Su 7")
  }

  @Test func `a value of several words is quoted for the shell`() {
    let change = SettingChange("net.ipv4.tcp_mem", from: [1, 2, 9], to: [3, 1, 10])
    #expect(change.command == "sysctl -w net.ipv4.tcp_mem=\"3 2 10\"")
    #expect(change.undo == "sysctl -w net.ipv4.tcp_mem=\"1 2 9\"")
  }

  @Test(
    arguments: [(nil, 5, 5), (4, 5, 5), (5, 5, 6), (1000, 5, 1100), (.max, 5, .max)]
      as [(Int?, Int, Int)])
  func `no change lowers what stands`(now: Int?, needed: Int, value: Int) {
    let change = SettingChange(.sysctl, "fs.file-max", from: now, to: needed)
    #expect(change.value == String(value))
  }

  // MARK: - What slows a plan, or keeps it from starting

  private func item(_ setting: String, _ demand: Demand, _ host: HostDescription) -> CheckupItem? {
    Checkup(demand, on: host).items.first { $0.setting == setting }
  }

  @Test(arguments: [("6.0.9", false), ("6.1.0", true), ("6.14.7-cloud", true), ("6.15.0", false)])
  func `kernels that search ports slowly are named`(kernel: String, isSlow: Bool) {
    let found = item("net.ipv4.ip_local_port_range", .million, .box { $0.kernel = kernel })
    #expect(found?.note.contains("bhash2") == isSlow)
  }

  @Test(arguments: [(262_144, .enough), (131_072, .slow)] as [(Int, CheckupItem.Status)])
  func `a table of established connections that is small for the goal slows it`(
    buckets: Int, status: CheckupItem.Status
  ) {
    let host = HostDescription.box { $0.establishedBuckets = buckets }
    let found = item("net.ipv4.tcp_ehash_entries", .million, host)
    #expect(found?.status == status)
    #expect(found?.needed == (status == .slow ? "250,000" : nil))
    #expect(Checkup(.million, on: host).changes.isEmpty)
  }

  @Test func `connections to another host that idle for longer than clouds remember are told`() {
    func found(_ seconds: Double, here: Bool = false) -> CheckupItem? {
      let demand = Demand.million {
        $0.bothEndsHere = here
        $0.longestIdle = seconds
      }
      return item("idle connections", demand, .box)
    }
    #expect(found(240) == nil)
    #expect(found(400, here: true) == nil)
    #expect(found(300)?.status == .slow)
    #expect(found(400)?.now == "400 s without a message")
  }

  @Test func `processes that cannot be started are an item, with the file that bounds them`() {
    let group = ControlGroup(directory: "/sys/fs/cgroup/pids/a", isVersion2: false)
    let host = HostDescription.box {
      $0.taskBounds = [WorkerBound(.group(group), "pids.max", most: 50, used: 8)]
    }
    let found = item("pids.max", .million, host)
    #expect(found?.status == .low)
    #expect(found?.change?.command(as: host) == "echo 116 | tee /sys/fs/cgroup/pids/a/pids.max")
    #expect(item("pids.max", .million, .box) == nil)
  }
}

extension Demand {
  /// A million connections from 54 processes to a server on another host.
  fileprivate static var client: Demand {
    Demand(
      goal: 1_000_000, clientWorkers: .count(54), serverWorkers: nil, bothEndsHere: false,
      sources: 16, portsPerSource: 64_512, endpoints: 1)
  }
}
