import Linux
import Recording
import Testing

@testable import Host

@Suite struct DiagnosisDetailTests {
  // MARK: - Descriptors

  @Test func `a limit of descriptors is shared among the processes`() {
    let emfile = found(
      .failed("socket", "EMFILE"), demand: .million { $0.clientWorkers = .count(10) })
    #expect(emfile.needed == 100_064)
    #expect(
      value("without raising it", in: emfile)
        == "`processes: auto` reaches the goal with 51 client processes")
  }

  @Test func `where the hard limit may be raised, ulimit does it`() {
    let host = HostDescription.box { $0.capabilities = .sysResource }
    let demand = Demand.million { $0.serverWorkers = .count(1) }
    let emfile = found(.failed("accept4", "EMFILE", end: .server), host: host, demand: demand)
    #expect(emfile.fix == "ulimit -n 1000064")
    #expect(value("CAP_SYS_RESOURCE", in: emfile) == nil)
  }

  @Test func `a limit that was lowered under a worker is told as it is, without a command`() {
    let lowered = diagnose(
      .failed("socket", "EMFILE"), before: [:], after: [:], host: .box,
      demand: .million { $0.clientWorkers = .count(10) }, loweredDescriptors: 300)
    #expect((lowered.now, lowered.needed, lowered.fix) == (300, 100_064, nil))
    #expect(value("when the run began", in: lowered)?.hasPrefix("20,000: ") == true)
  }

  @Test func `where their number was left open, as many processes share the goal as there are`() {
    let lowered = diagnose(
      .failed("socket", "EMFILE"), before: [:], after: [:], host: .box,
      demand: .million {
        $0.clientWorkers = .auto
        $0.clientsChosen = 51
      }, loweredDescriptors: 300)
    #expect(lowered.needed == 1_000_000 / 51 + 1 + 64)
  }

  @Test func `beyond fs.nr_open that is raised first`() {
    let host = HostDescription.box {
      $0.user = 1000
      $0.capabilities = []
      $0.descriptors = ResourceLimit(soft: 524_288, hard: 524_288)
      $0.descriptorsAtMost = 524_288
    }
    let emfile = found(
      .failed("socket", "EMFILE"), host: host, demand: .million { $0.clientWorkers = .count(1) })
    #expect(emfile.knob == "fs.nr_open")
    #expect(
      emfile.fix == """
        sudo sysctl -w fs.nr_open=1000064 && \
        sudo prlimit --pid $$ --nofile=1000064:1000064
        """)
    #expect(value("CAP_SYS_RESOURCE", in: emfile) != nil)
  }

  @Test func `asks for more than there is, however the load was spread`() {
    let demand = Demand.million { $0.clientWorkers = .count(1000) }
    #expect((found(.failed("socket", "EMFILE"), demand: demand).needed ?? 0) > 20_000)
  }

  @Test func `a user who is not root is told to use sudo`() {
    let host = HostDescription.box { $0.user = 1000 }
    #expect(
      found(.failed("epoll_ctl", "ENOSPC"), host: host).fix
        == "sudo sysctl -w fs.epoll.max_user_watches=7900000")
  }

  @Test func `one end alone needs one watch a connection`() {
    let demand = Demand(
      goal: 1_000_000, clientWorkers: .count(1), serverWorkers: nil, bothEndsHere: false,
      sources: 16, portsPerSource: 64_512, endpoints: 1)
    // One watch of the client's for each of its 19,936, and one for its process.
    #expect(
      value("of this run", in: found(.failed("epoll_ctl", "ENOSPC"), demand: demand)) == "19,937")
    #expect(found(.failed("epoll_ctl", "ENOSPC"), demand: demand).needed == 6_800_000)
  }

  @Test func `ENFILE with files to spare is a want of memory`() {
    func resource(filesOpen: Double, held: Int = 10, before: Int = 1000) -> Resource {
      let host = HostDescription.box {
        $0.filesAtMost = 4000
        $0.filesOpen = before
      }
      var failure = FailureRecord.failed("accept4", "ENFILE", end: .server)
      (failure.established, failure.accepted) = (held, held)
      return found(failure, after: [.filesOpen: filesOpen], host: host).resource
    }
    #expect(resource(filesOpen: 3950) == .descriptorsPerHost)
    #expect(resource(filesOpen: 2000) == .memory)
    // A churn: what it held at the failure has gone when its phase ends.
    #expect(resource(filesOpen: 1020, held: 1490) == .descriptorsPerHost)
    #expect(resource(filesOpen: 1020, held: 400) == .memory)
  }

  // MARK: - A fix never lowers

  @Test func `what others hold of a limit is added to what the goal needs`() {
    let watches = found(.failed("epoll_ctl", "ENOSPC"))
    // 5,491,511 were in use: 39,866 of this run and 162 of its processes, the rest of others.
    #expect(value("of this run", in: watches) == "40,028")
    #expect(value("of others", in: watches)?.hasPrefix("5,451,483; whose: ") == true)
    #expect(watches.fix == "sysctl -w fs.epoll.max_user_watches=7900000")

    let host = HostDescription.box {
      $0.filesAtMost = 60_000
      $0.capabilities = []
    }
    let demand = Demand.million { $0.goal = 5000 }
    let files = found(
      .failed("socket", "ENFILE"), after: [.filesOpen: 60_024], host: host, demand: demand)
    #expect((files.needed ?? 0) > 60_000)
    #expect(value("files open", in: files) == "60,024")
  }

  @Test func `a limit counts what a failure has cost, and says what was tried again`() {
    var failure = FailureRecord.failed("connect-timeout", nil)
    (failure.count, failure.retried) = (20, 15)
    let limit = LimitRecord(failure, found(failure, after: [:]), planLine: 1)
    #expect(limit.count == 5)
    #expect(limit.evidence.contains(Fact("tried again", "15 handshakes beside these")))
  }

  @Test func `no fix asks for less than there is`() {
    let modest = Demand.million { $0.goal = 10 }
    let host = HostDescription.box {
      $0.somaxconn = 100_000
      $0.conntrackAtMost = 262_144
      $0.conntrackEntries = 262_144
      $0.forwardsPackets = false
      $0.socketsInUse = 10
    }
    let failures: [(FailureRecord, [Series.Key: Double])] = [
      (.failed("socket", "EMFILE"), [:]), (.failed("socket", "ENFILE"), [:]),
      (.failed("epoll_ctl", "ENOSPC"), [:]),
      (.failed("connect-timeout", nil), [.listenOverflows: 9, .listenDrops: 9]),
      (.failed("connect-timeout", nil), [.listenOverflows: 0, .conntrackEntries: 262_144]),
      (.failed("socket", "ENOMEM"), [.memoryAvailable: 1_048_576]),
      (.failed("memory-guard", nil), [.memoryAvailable: 1_048_576]),
    ]
    for (failure, after) in failures {
      let found = found(failure, after: after, host: host, demand: modest)
      #expect((found.needed ?? 0) > (found.now ?? .max), "\(failure.syscall) \(found)")
    }
  }

  @Test func `capabilities in a user namespace do not hold against the host`() {
    let host = HostDescription.box {
      $0.capabilities = [.sysAdmin, .sysResource]
      $0.isInFirstUserNamespace = false
    }
    #expect(host.descriptorsPerProcess == 20_000)
    #expect(
      Capacity.predict(.million, on: host).contains { $0.resource == .descriptorsPerHost })
    let enfile = found(.failed("socket", "ENFILE"), host: host)
    #expect(value("CAP_SYS_ADMIN", in: enfile) == "no: this user is not exempt")
    #expect(value("user namespace", in: enfile) != nil)
  }

  @Test func `the guard says how much more the goal needs`() {
    let guarded = found(
      .failed("memory-guard", nil), after: [.memoryAvailable: Double(1 << 30)],
      demand: .million { $0.memoryGuard = .bytes(1 << 30) })
    #expect(guarded.resource == .memoryGuard)
    #expect(value("guarded", in: guarded) == "1 GiB")
    #expect(value("short of the goal by", in: guarded) == "7.64 GiB")
  }

  // MARK: - Path

  @Test func `the plan's backlog is the bound when it is the smaller`() {
    let queue = found(
      .failed("connect-timeout", nil), after: [.listenDrops: 1, .listenOverflows: 1],
      demand: .million { $0.backlog = 128 })
    #expect(queue.resource == .acceptQueue)
    #expect(queue.knob == "server.backlog")
    #expect(queue.now == 128)
    #expect(queue.needed == 18_519)
    #expect(
      queue.fix == "sysctl -w net.core.somaxconn=18519  # and in the plan: server: {backlog: 18519}"
    )
  }

  @Test func `a full conntrack table is what drops packets`() {
    let host = HostDescription.box {
      $0.conntrackAtMost = 262_144
      $0.conntrackEntries = 44
    }
    let dropped = found(
      .failed("connect", "ETIMEDOUT"),
      after: [.listenDrops: 0, .listenOverflows: 0, .conntrackEntries: 262_144], host: host)
    #expect(dropped.resource == .packetsDropped)
    #expect(dropped.knob == "net.netfilter.nf_conntrack_max")
    #expect(dropped.fix == "sysctl -w net.netfilter.nf_conntrack_max=1100000")
  }

  @Test func `packets that found no entry make a table full that has a little room again`() {
    let host = HostDescription.box { $0.conntrackAtMost = 10_000 }
    func knob(drops: Double) -> String? {
      found(
        .failed("connect", "ETIMEDOUT"),
        after: [
          .listenDrops: 0, .listenOverflows: 0, .conntrackEntries: 9500, .conntrackDrops: drops,
        ], host: host
      ).knob
    }
    #expect(knob(drops: 0) == nil)
    #expect(knob(drops: 3) == "net.netfilter.nf_conntrack_max")
  }

  @Test func `another host's queue cannot be seen from here, so it is not guessed`() {
    let demand = Demand(
      goal: 1000, clientWorkers: .auto, serverWorkers: nil, bothEndsHere: false, sources: 1,
      portsPerSource: 64_512, endpoints: 1)
    let timeout = found(
      .failed("connect", "ETIMEDOUT"),
      after: [.listenDrops: 5, .listenOverflows: 5, .synRetransmits: 40], demand: demand)
    #expect(timeout.resource == .unclassified)
    #expect(value("tcp.syn-retransmits", in: timeout) == "+40")
  }

  @Test func `the route to look at is named`() {
    let failure = FailureRecord.failed("connect", "ENETUNREACH", source: "127.0.0.2:1024")
    #expect(value("route", in: found(failure)) == "ip route get 127.0.0.1 from 127.0.0.2")
  }

  @Test func `what is unclassified keeps its errno and the counters`() {
    let odd = found(.failed("accept4", "EPROTO"), before: [.timeouts: 1], after: [.timeouts: 4])
    #expect(value("failed", in: odd) == "accept4 EPROTO (text of EPROTO)")
    #expect(value("tcp.timeouts", in: odd) == "+3")
  }

  @Test func `a failure and its diagnosis make a limit record`() {
    let failure = FailureRecord.failed("epoll_ctl", "ENOSPC")
    let limit = LimitRecord(failure, found(failure), planLine: 7, predicted: 2_700_000)
    #expect(limit.resource == .epollWatches)
    #expect(limit.count == 12)
    #expect(limit.planLine == 7)
    #expect(limit.predicted == 2_700_000)
    #expect(limit.errno?.name == "ENOSPC")
  }
}
