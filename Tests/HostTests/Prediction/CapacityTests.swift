import Linux
import Recording
import Testing

@testable import Host

@Suite struct CapacityTests {
  /// What so many workers and their coordinator take for themselves.
  private func own(_ workers: Int) -> Int { 16 << 20 + workers * (440 << 10) }

  @Test func `names every bound of a loopback run, and the one that binds`() {
    let terms = Capacity.predict(.million, on: .box)
    #expect(
      terms.map(\.resource) == [
        .descriptorsPerProcess, .descriptorsPerProcess, .epollWatches, .sourcePorts, .memory,
      ])
    #expect(terms.map(\.end) == [.client, .server, .host, .client, .host])
    #expect(
      terms.map(\.connections) == [
        54 * 19_994, 54 * 19_993, (5_491_511 - 54 - 108) / 2, 16 * 64_512 * 54,
        ((22 << 30) - own(108)) / 8374,
      ])
    #expect(terms.map(\.binds) == [false, true, false, false, false])
    #expect(terms[0].reason == "54 processes of 19,994 each (RLIMIT_NOFILE 20,000, 6 for itself)")
  }

  @Test func `one process with 20,000 descriptors holds 19,994`() {
    let demand = Demand.million { $0.clientWorkers = .count(1) }
    let binding = Capacity.predict(demand, on: .box).first(where: \.binds)
    #expect(binding?.connections == 19_994)
    #expect(binding?.end == .client)
  }

  @Test func `processes that are chosen are as many as the goal needs, and no bound of it`() {
    let demand = Demand.million {
      $0.clientWorkers = .auto
      $0.serverWorkers = .auto
    }
    let terms = Capacity.predict(demand, on: .box)
    #expect(terms[0].connections == 1024 * 19_994)
    #expect(terms[0].reason.hasPrefix("51 processes of 19,994 each"))
    #expect(terms.first(where: \.binds)?.resource == .epollWatches)
  }

  @Test func `CAP_SYS_RESOURCE lifts a process up to fs.nr_open`() {
    let host = HostDescription.box { $0.capabilities = .sysResource }
    let demand = Demand.million { $0.clientWorkers = .count(1) }
    #expect(Capacity.predict(demand, on: host)[0].connections == 1_048_576 - 6)
  }

  @Test func `the host's files bound a user without CAP_SYS_ADMIN, two for each connection`() {
    let host = HostDescription.box { $0.capabilities = [] }
    let files = Capacity.predict(.million, on: host).first {
      $0.resource == .descriptorsPerHost
    }
    #expect(files?.connections == (2_000_000 - 1000 - 54 * 6 - 54 * 7) / 2)
    #expect(files?.binds == true)
  }

  @Test func `one end alone takes one watch, one file and half the memory`() {
    let demand = Demand(
      goal: 1000, clientWorkers: .count(1), serverWorkers: nil, bothEndsHere: false, sources: 1,
      portsPerSource: 64_512, endpoints: 1)
    let terms = Capacity.predict(demand, on: .box)
    #expect(terms.map(\.connections) == [19_994, 5_491_510, 64_512, ((22 << 30) - own(1)) / 4187])
  }

  @Test func `a server alone has no source ports`() {
    let demand = Demand(
      goal: 1000, clientWorkers: nil, serverWorkers: .count(2), bothEndsHere: false, sources: 1,
      portsPerSource: 1, endpoints: 2)
    let terms = Capacity.predict(demand, on: .box)
    #expect(terms.map(\.resource) == [.descriptorsPerProcess, .epollWatches, .memory])
    #expect(terms[0].end == .server)
  }

  @Test func `the guard and a measured size each shape the memory's bound`() {
    func memory(_ demand: Demand, _ host: HostDescription) -> PredictionTerm? {
      Capacity.predict(demand, on: host).first { [.memory, .memoryGuard].contains($0.resource) }
    }
    let guarded = memory(.million { $0.memoryGuard = .bytes(2 << 30) }, .box)
    #expect(guarded?.resource == .memoryGuard)
    #expect(guarded?.connections == ((20 << 30) - own(108)) / 8374)

    let measured = Demand.million { $0.measuredBytesPerConnection = 6800 }
    #expect(memory(measured, .box)?.connections == ((22 << 30) - own(108)) / 6800)

    let starved = HostDescription.box { $0.memoryAvailable = 0 }
    #expect(memory(.million, starved)?.connections == 0)
  }

  @Test(arguments: [(nil, nil), (262_144, 0), (262_144, 44)] as [(Int?, Int?)])
  func `conntrack bounds only where it tracks`(most: Int?, entries: Int?) {
    let host = HostDescription.box {
      $0.conntrackAtMost = most
      $0.conntrackEntries = entries
    }
    let term = Capacity.predict(.million, on: host).first { $0.resource == .packetsDropped }
    #expect(term?.connections == (entries == 44 ? 262_100 : nil))
    #expect(term?.binds == (entries == 44 ? true : nil))
  }

  @Test func `what was tried tells more of conntrack than an empty table, or a full one`() {
    func term(_ entries: Int, tracks: Bool) -> Int? {
      let host = HostDescription.box {
        $0.conntrackAtMost = 2000
        $0.conntrackEntries = entries
        $0.tracksLoopback = tracks
        $0.forwardsPackets = false
        $0.socketsInUse = 10
      }
      return Capacity.predict(.million, on: host)
        .first { $0.resource == .packetsDropped }?.connections
    }
    #expect(term(0, tracks: true) == 2000)
    #expect(term(0, tracks: false) == nil)
    // Entries of connections that have ended, while the rule is still there and when it is not.
    #expect(term(1500, tracks: true) == 1990)
    #expect(term(1500, tracks: false) == nil)
    // A full table tracks nothing new, which is no sign that it would not.
    #expect(term(2000, tracks: false) == 1990)
  }

  @Test(arguments: [(true, 500), (nil, 500), (false, 40)] as [(Bool?, Int)])
  func `entries last where they may be others'`(forwards: Bool?, lasting: Int) {
    let host = HostDescription.box {
      $0.conntrackEntries = 500
      $0.forwardsPackets = forwards
      $0.socketsInUse = 40
    }
    #expect(host.conntrackLasting == lasting)
  }

  @Test(arguments: [
    (goal: 1_000_000, ports: 64_512, endpoints: 1, sources: 16),
    (goal: 1_000_000, ports: 64_512, endpoints: 54, sources: 1),
    (goal: 64_512, ports: 64_512, endpoints: 1, sources: 1),
    (goal: 64_513, ports: 64_512, endpoints: 1, sources: 2),
    (goal: 0, ports: 64_512, endpoints: 1, sources: 1),
    (goal: 10, ports: 0, endpoints: 0, sources: 10),
  ])
  func `sources needed are the goal over ports and endpoints`(
    goal: Int, ports: Int, endpoints: Int, sources: Int
  ) {
    #expect(
      Capacity.sourcesNeeded(goal: goal, ports: ports, endpoints: endpoints) == sources)
  }

  @Test(
    arguments: [
      (goal: 1_000_000, descriptors: 20_000, overhead: 6, workers: 51),
      (goal: 19_994, descriptors: 20_000, overhead: 6, workers: 1),
      (goal: 19_995, descriptors: 20_000, overhead: 6, workers: 2),
      (goal: 0, descriptors: 20_000, overhead: 6, workers: 1),
      (goal: 1, descriptors: 6, overhead: 6, workers: nil),
    ] as [(goal: Int, descriptors: Int, overhead: Int, workers: Int?)])
  func `workers needed are as few as the descriptors allow`(
    goal: Int, descriptors: Int, overhead: Int, workers: Int?
  ) {
    #expect(
      Capacity.workersNeeded(goal: goal, descriptors: descriptors, overhead: overhead) == workers)
  }

  @Test func `exactly one term binds, whatever is asked`() {
    for goal in [0, 1, .max] {
      let demand = Demand(
        goal: goal, clientWorkers: .auto, serverWorkers: .auto, bothEndsHere: true,
        sources: 1 << 24, portsPerSource: 65_535, endpoints: 65_535)
      for host in [HostDescription(), .box] {
        let binding = Capacity.predict(demand, on: host).filter(\.binds)
        #expect(binding.count == 1)
      }
    }
  }
}

@Suite struct HeadroomTests {
  @Test(arguments: [(0, 0), (50, 52), (1000, 1100), (2_000_162, 2_200_000), (99, 110)])
  func `asks for a little more than is needed`(value: Int, asked: Int) {
    #expect(Capacity.withHeadroom(value) == asked)
    #expect(asked >= value)
  }
}
